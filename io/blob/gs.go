package blob

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"

	"cloud.google.com/go/storage"
	"github.com/googleapis/gax-go/v2"
	cdk "gocloud.dev/blob"
	"gocloud.dev/blob/gcsblob"
	"gocloud.dev/gcp"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"
)

// gs://BUCKET/… is Google Cloud Storage, with the machine's default credentials.
// STORAGE_EMULATOR_HOST names a server that stands in for it.
func init() {
	registerBuckets("gs", dialect{
		pin:        gsPin,
		write:      gsWrite,
		remove:     gsRemove,
		reading:    gsReading,
		attributes: gsAttributes,
		listed:     func(as func(any) bool) string { return gsAttributes(as).id },
		failed:     gsFailed,
		needs: map[string]string{
			"read":   "storage.objects.get, as in roles/storage.objectViewer",
			"stat":   "storage.objects.get, as in roles/storage.objectViewer",
			"list":   "storage.objects.list, as in roles/storage.objectViewer",
			"write":  "storage.objects.create, and storage.objects.delete to replace one, as in roles/storage.objectUser",
			"create": "storage.objects.create, as in roles/storage.objectUser",
			"remove": "storage.objects.delete, as in roles/storage.objectUser",
		},
	}, gsDial)
}

func gsDial(bucket string, query url.Values) (*cdk.Bucket, error) {
	ctx := context.Background()
	var options []option.ClientOption
	client := &http.Client{Transport: transport}
	switch host := os.Getenv("STORAGE_EMULATOR_HOST"); {
	case host != "": // storage finds it by itself
		options = append(options, option.WithoutAuthentication())
	case query.Get("anonymous") == "true":
		options = append(options, option.WithoutAuthentication())
	default:
		c, err := google.FindDefaultCredentialsWithParams(ctx, google.CredentialsParams{Scopes: []string{storage.ScopeReadWrite}, UniverseDomain: query.Get("universe_domain")})
		if err != nil {
			return nil, errors.New("no credentials of Google Cloud found; log in (gcloud auth application-default login), name a key file in GOOGLE_APPLICATION_CREDENTIALS, or add ?anonymous=true for a public bucket")
		}
		client.Transport = &oauth2.Transport{Base: transport, Source: oauth2.ReuseTokenSource(nil, gcp.CredentialsTokenSource(c))}
	}
	for key := range query {
		if key != "anonymous" && key != "universe_domain" {
			return nil, fmt.Errorf("gs:// has no setting %q; want anonymous or universe_domain", key)
		}
	}
	c, err := storage.NewClient(ctx, append(options, option.WithHTTPClient(client))...)
	if err != nil {
		return nil, err
	}
	c.SetRetry(storage.WithPolicy(storage.RetryAlways), storage.WithMaxAttempts(attempts), storage.WithErrorFunc(gsAgain),
		storage.WithBackoff(gax.Backoff{Initial: firstPause, Max: longest, Multiplier: 2}))
	return gcsblob.OpenBucket(ctx, nil, bucket, &gcsblob.Options{Client: c})
}

// gsAgain says what is tried again. Writing twice what is whole only when it is
// finished does no harm.
func gsAgain(err error) bool {
	if status, _ := gsFailed(err); status != 0 {
		return passing(status)
	}
	return !unknownHost(err) && (storage.ShouldRetry(err) || broken(err))
}

func gsFailed(err error) (status int, code string) {
	var answer *googleapi.Error
	if !errors.As(err, &answer) {
		return 0, ""
	}
	if code = answer.Message; code == "" {
		code = http.StatusText(answer.Code)
	}
	return answer.Code, code
}

func gsPin(as func(any) bool, v version) error {
	var o **storage.ObjectHandle
	if !as(&o) {
		return nil
	}
	*o = (*o).ReadCompressed(true)
	if v.known {
		*o = (*o).Generation(generation(v))
	}
	return nil
}

func gsRemove(as func(any) bool, v version) error {
	var o **storage.ObjectHandle
	if v.known && as(&o) {
		*o = (*o).If(storage.Conditions{GenerationMatch: generation(v)})
	}
	return nil
}

func gsWrite(as func(any) bool, w *writing) error {
	var o **storage.ObjectHandle
	if w.over.known && as(&o) {
		*o = (*o).If(storage.Conditions{GenerationMatch: generation(w.over)})
	}
	var s *storage.Writer
	if !as(&s) {
		return nil
	}
	s.SendCRC32C, s.CRC32C = w.hasCRC, w.crc
	w.result = func() version {
		if a := s.Attrs(); a != nil {
			return gsVersion(a)
		}
		return version{}
	}
	return nil
}

func gsReading(as func(any) bool) version {
	var r *storage.Reader
	if !as(&r) {
		return version{}
	}
	return version{id: strconv.FormatInt(r.Attrs.Generation, 10), crc: r.Attrs.CRC32C, hasCRC: r.Attrs.CRC32C != 0, known: r.Attrs.Generation != 0}
}

func gsAttributes(as func(any) bool) version {
	var a storage.ObjectAttrs
	if !as(&a) {
		return version{}
	}
	return gsVersion(&a)
}

func gsVersion(a *storage.ObjectAttrs) version {
	return version{id: strconv.FormatInt(a.Generation, 10), crc: a.CRC32C, hasCRC: true, known: a.Generation != 0}
}

func generation(v version) int64 {
	n, _ := strconv.ParseInt(v.id, 10, 64) // it was made from a number
	return n
}
