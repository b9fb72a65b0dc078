package blob

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	tmtypes "github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	gcaws "gocloud.dev/aws"
	cdk "gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"
)

// s3://BUCKET/… is Amazon S3, or what speaks as it does (?endpoint=…), with the
// machine's default credentials.
func init() {
	registerBuckets("s3", dialect{
		pin:        s3Pin,
		write:      s3Write,
		remove:     s3Remove,
		reading:    s3Reading,
		attributes: s3Attributes,
		listed:     s3Listed,
		stored:     s3Stored,
		failed:     s3Failed,
		needs: map[string]string{
			"read":   "s3:GetObject (and s3:ListBucket, without which a missing object looks the same), as in AmazonS3ReadOnlyAccess",
			"stat":   "s3:GetObject (and s3:ListBucket, without which a missing object looks the same), as in AmazonS3ReadOnlyAccess",
			"list":   "s3:ListBucket, as in AmazonS3ReadOnlyAccess",
			"write":  "s3:PutObject, as in AmazonS3FullAccess or a policy for the bucket",
			"create": "s3:PutObject, as in AmazonS3FullAccess or a policy for the bucket",
			"remove": "s3:DeleteObject, as in AmazonS3FullAccess or a policy for the bucket",
		},
	}, s3Dial)
}

func s3Dial(bucket string, query url.Values) (*cdk.Bucket, error) {
	ctx := context.Background()
	endpoint, pathStyle, accelerate := query.Get("endpoint"), query.Get("use_path_style") == "true", query.Get("accelerate") == "true"
	if u, err := url.Parse(endpoint); err != nil || u.User != nil {
		return nil, errors.New("the endpoint holds credentials, or is no address; want endpoint=https://HOST, and credentials in the environment or ~/.aws")
	}
	noTLS := query.Get("disable_https") == "true"
	o := &s3blob.Options{KMSEncryptionID: query.Get("kmskeyid"), EncryptionType: s3types.ServerSideEncryption(query.Get("ssetype"))}
	for _, key := range []string{"endpoint", "use_path_style", "accelerate", "disable_https", "kmskeyid", "ssetype"} {
		query.Del(key)
	}
	cfg, err := gcaws.V2ConfigFromURLParams(ctx, query)
	if err != nil {
		return nil, err
	}
	if cfg.Region == "" {
		if cfg.Region = "us-east-1"; endpoint == "" {
			return nil, errors.New("no region of AWS is set for the bucket; add ?region=REGION to the address, or set AWS_REGION")
		}
	}
	cfg.Logger = logging.Nop{} // what it has to say comes as errors
	cfg.HTTPClient = &http.Client{Transport: transport}
	cfg.Retryer = func() aws.Retryer { return retry.NewStandard(s3Retries) }
	o.RequestChecksumCalculation = cfg.RequestChecksumCalculation
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		if endpoint != "" {
			o.BaseEndpoint = &endpoint
		}
		o.UsePathStyle, o.UseAccelerate, o.EndpointOptions.DisableHTTPS = pathStyle, accelerate, noTLS
		o.DisableLogOutputChecksumValidationSkipped = true
	})
	return s3blob.OpenBucket(ctx, client, bucket, o)
}

func s3Retries(o *retry.StandardOptions) {
	o.MaxAttempts, o.MaxBackoff = attempts, longest
	o.RateLimiter = ratelimit.None
	o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) { return pause(attempt), nil })
	o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(s3Again)}, o.Retryables...)
}

// s3Again says what is tried again beyond what Amazon's client does by itself.
func s3Again(err error) aws.Ternary {
	status, code := s3Failed(err)
	if unknownHost(err) {
		return aws.FalseTernary
	}
	if passing(status) || strings.HasPrefix(code, "ConditionalRequestConflict") || status == 0 && broken(err) {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

func s3Failed(err error) (status int, code string) {
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) {
		status = answer.HTTPStatusCode()
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		code = api.ErrorCode()
		if m := api.ErrorMessage(); m != "" {
			code += ": " + m
		}
	}
	return status, code
}

func s3Pin(as func(any) bool, v version) error {
	var in *s3.GetObjectInput
	if v.known && as(&in) {
		in.IfMatch = &v.id
	}
	return nil
}

func s3Remove(as func(any) bool, v version) error {
	var in *s3.DeleteObjectInput
	if v.known && as(&in) {
		in.IfMatch = &v.id
	}
	return nil
}

func s3Write(as func(any) bool, w *writing) error {
	var in *transfermanager.UploadObjectInput
	if !as(&in) {
		return errors.New("s3: no way to its upload")
	}
	w.sentTo = [2]string{aws.ToString(in.Bucket), aws.ToString(in.Key)}
	in.ChecksumAlgorithm = tmtypes.ChecksumAlgorithmCrc32c
	if !w.hasCRC { // parts, each with its checksum; the store makes that of all of them
		in.ChecksumType = tmtypes.ChecksumTypeFullObject
	}
	if w.hasCRC {
		sum := base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, w.crc))
		in.ChecksumCRC32C = &sum
	}
	if w.over.known {
		in.IfMatch = &w.over.id
	}
	return nil
}

func s3Reading(as func(any) bool) version {
	var out s3.GetObjectOutput
	if !as(&out) {
		return version{}
	}
	return s3Version(out.ETag).with(out.ChecksumType, out.ChecksumCRC32C)
}

// with adds the checksum that the store says to have, if it is one of all bytes.
func (v version) with(of s3types.ChecksumType, crc *string) version {
	if of == s3types.ChecksumTypeFullObject && crc != nil {
		if sum, err := base64.StdEncoding.DecodeString(*crc); err == nil && len(sum) == 4 {
			v.crc, v.hasCRC = binary.BigEndian.Uint32(sum), true
		}
	}
	return v
}

// s3Stored asks for an object's checksum, which Amazon tells only where it is asked to.
func s3Stored(ctx context.Context, as func(any) bool, w *writing) (version, error) {
	var client *s3.Client
	if !as(&client) {
		return version{}, errors.New("s3: no way to its client")
	}
	out, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &w.sentTo[0], Key: &w.sentTo[1], ChecksumMode: s3types.ChecksumModeEnabled})
	if err != nil || out.Metadata[writerKey] != w.token {
		return version{}, err
	}
	return s3Version(out.ETag).with(out.ChecksumType, out.ChecksumCRC32C), nil
}

func s3Attributes(as func(any) bool) version {
	var out s3.HeadObjectOutput
	if !as(&out) {
		return version{}
	}
	return s3Version(out.ETag)
}

func s3Listed(as func(any) bool) string {
	var o s3types.Object
	if !as(&o) {
		return ""
	}
	return s3Version(o.ETag).id
}

func s3Version(etag *string) version {
	if etag == nil || *etag == "" {
		return version{}
	}
	return version{id: *etag, known: true}
}
