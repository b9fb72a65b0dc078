// Package storetest has servers that stand in for cloud storage, in the process of
// a test: one that answers well, and one in front of it that does not always.
package storetest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/fsouza/fake-gcs-server/fakestorage"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// Schemes are those of the stores that this package stands in for.
var Schemes = []string{"gs", "s3"}

// Front stands between clients and a server.
type Front func(http.Handler) http.Handler

var serial atomic.Int64

// Bucket starts a server for one empty bucket, which ends with the test: in("a/b")
// is the URL of an object in it, in("") of all of it.
func Bucket(t *testing.T, scheme string, fronts ...Front) (in func(name string) string) {
	t.Helper()
	bucket := fmt.Sprintf("retort-test-%d", serial.Add(1))
	server := httptest.NewUnstartedServer(nil)
	var handler http.Handler
	query := ""
	switch host := server.Listener.Addr().String(); scheme {
	case "gs":
		handler = google(t, host, bucket)
		t.Setenv("STORAGE_EMULATOR_HOST", host)
	case "s3":
		handler = amazon(t, bucket)
		query = "?endpoint=" + url.QueryEscape("http://"+host) + "&use_path_style=true&region=us-east-1&anonymous=true"
	default:
		t.Fatalf("nothing stands in for %s://", scheme)
	}
	for _, front := range fronts {
		handler = front(handler)
	}
	server.Config.Handler = handler
	server.Start()
	t.Cleanup(server.Close)
	return func(name string) string {
		return scheme + "://" + strings.TrimSuffix(bucket+"/"+name, "/") + query
	}
}

func google(t *testing.T, host, bucket string) http.Handler {
	s, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true, Scheme: "http", PublicHost: host, ExternalURL: "http://" + host})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	s.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: bucket})
	return s.HTTPHandler()
}

func amazon(t *testing.T, bucket string) http.Handler {
	backend := s3mem.New()
	if err := backend.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	return gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
}
