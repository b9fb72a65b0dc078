package blob

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/retort-ml/retort/internal/crc32c"
	"github.com/retort-ml/retort/internal/storetest"
)

// inBuckets runs a test on a bucket of every platform, behind fronts.
func inBuckets(t *testing.T, test func(t *testing.T, d Dir), fronts ...storetest.Front) {
	for _, scheme := range storetest.Schemes {
		t.Run(scheme, func(t *testing.T) {
			d, err := Open(storetest.Bucket(t, scheme, fronts...)("runs/x"))
			if err != nil {
				t.Fatal(err)
			}
			test(t, d)
		})
	}
}

func noise(n int) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{7}).Read(data)
	return data
}

// TestLargeObjectsGoInParts: what does not fit one request is there only when all
// of it is.
func TestLargeObjectsGoInParts(t *testing.T) {
	inBuckets(t, func(t *testing.T, d Dir) {
		want := noise(2*together + 12345)
		w, err := d.Create("large")
		if err != nil {
			t.Fatal(err)
		}
		for part := want; len(part) > 0; part = part[min(len(part), 1<<20):] {
			if _, err := w.Write(part[:min(len(part), 1<<20)]); err != nil {
				t.Fatal(err)
			}
		}
		if there, err := d.Exists("large"); there || err != nil {
			t.Fatalf("half an object is there (%v)", err)
		}
		if err := w.Commit(); err != nil {
			t.Fatal(err)
		}
		if got, err := d.ReadFile("large"); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
		w, err = d.Create("large")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(want[:together+1]); err != nil {
			t.Fatal(err)
		}
		w.Discard()
		if info, err := d.Stat("large"); err != nil || info.Size != int64(len(want)) {
			t.Fatalf("a discarded one left %d bytes, %v", info.Size, err)
		}
	})
}

// checksums stands before a store like Amazon's, and says the checksums of whole
// objects where it is asked for them, as the real one does of objects that were written
// with their type. wrong makes them be others.
func checksums(asked, wrong *atomic.Bool) storetest.Front {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, parts := r.URL.Query()["uploads"]; parts {
				asked.Store(r.Header.Get("X-Amz-Checksum-Type") == "FULL_OBJECT" && r.Header.Get("X-Amz-Checksum-Algorithm") == "CRC32C")
			}
			read := r.Method == http.MethodGet || r.Method == http.MethodHead
			if read && r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" && r.Header.Get("Range") == "" {
				whole := httptest.NewRecorder()
				get := r.Clone(r.Context())
				get.Method = http.MethodGet
				if next.ServeHTTP(whole, get); whole.Code == http.StatusOK {
					crc := crc32c.Update(0, whole.Body.Bytes())
					if wrong.Load() {
						crc++
					}
					w.Header().Set("X-Amz-Checksum-Crc32c", base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc)))
					w.Header().Set("X-Amz-Checksum-Type", "FULL_OBJECT")
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}

// TestLargeObjectsHaveChecksums, both ways: what arrived otherwise is removed, what is
// read otherwise is an error.
func TestLargeObjectsHaveChecksums(t *testing.T) {
	var asked, wrong atomic.Bool
	d, err := Open(storetest.Bucket(t, "s3", checksums(&asked, &wrong))("x"))
	if err != nil {
		t.Fatal(err)
	}
	want := noise(2*together + 1)
	if err := d.WriteFile("large", want); err != nil || !asked.Load() {
		t.Fatalf("%v; the store was asked for the checksum of the whole: %v", err, asked.Load())
	}
	if got, err := d.ReadFile("large"); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	wrong.Store(true)
	if _, err := d.ReadFile("large"); err == nil || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("read with another checksum: %v", err)
	}
	if err := d.WriteFile("other", want); err == nil || !strings.Contains(err.Error(), "the object was removed (write it again)") {
		t.Errorf("arrived with another checksum: %v", err)
	}
	wrong.Store(false)
	if there, err := d.Exists("other"); there || err != nil {
		t.Errorf("it is there: %v, %v", there, err)
	}
}

// TestFaultsAreOvercome: a store that spoils every fifth answer holds and gives
// the same bytes, and one winner of a name.
func TestFaultsAreOvercome(t *testing.T) {
	faults := &storetest.Faults{Share: 0.2}
	inBuckets(t, func(t *testing.T, d Dir) {
		for i := range 40 {
			name, want := fmt.Sprintf("a/%02d", i), noise(1000*i)
			w, err := d.CreateNew(name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(want); err != nil {
				t.Fatal(err)
			}
			if err := w.Commit(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got, err := d.ReadFile(name); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s: %d bytes of %d, %v", name, len(got), len(want), err)
			}
		}
		if got := names(t, d, "a/"); len(got) != 40 {
			t.Errorf("%d files are listed", len(got))
		}
	}, faults.Front)
	if faults.Count.Load() < 20 {
		t.Errorf("only %d answers were spoilt", faults.Count.Load())
	}
}

// TestRefusalsAreFinal: what is not allowed is told at the first answer, with the
// object and what is missing.
func TestRefusalsAreFinal(t *testing.T) {
	var asked atomic.Int64
	refuse := func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			w.WriteHeader(http.StatusForbidden)
		})
	}
	inBuckets(t, func(t *testing.T, d Dir) {
		for op, try := range map[string]func() error{
			"read":  func() error { _, err := d.Open("o"); return err },
			"stat":  func() error { _, err := d.Stat("o"); return err },
			"write": func() error { return d.WriteFile("o", []byte("x")) },
			"list":  func() error { return d.Clear() },
			"lock":  func() error { _, err := d.Lock("o", "me"); return err },
		} {
			asked.Store(0)
			err := try()
			var refused *RefusedError
			if !errors.Is(err, fs.ErrPermission) || !errors.As(err, &refused) {
				t.Errorf("%s: %v", op, err)
				continue
			}
			for _, want := range []string{d.In("").url, "403", refused.Needs} {
				if want == "" || !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %v lacks %q", op, err, want)
				}
			}
			if asked.Load() != 1 {
				t.Errorf("%s: asked %d times", op, asked.Load())
			}
		}
	}, refuse)
}

func TestMissingBucketIsNamed(t *testing.T) {
	inBuckets(t, func(t *testing.T, d Dir) {
		other, err := Open(strings.Replace(d.String(), "retort-test-", "no-such-", 1))
		if err != nil {
			t.Fatal(err)
		}
		_, statErr := other.Stat("x")
		_, openErr := other.Open("x")
		for _, err := range []error{statErr, openErr, other.WriteFile("x", nil)} {
			if err == nil || IsAbsent(err) || !strings.Contains(err.Error(), "no such bucket") || !strings.Contains(err.Error(), "no-such-") {
				t.Errorf("got %v", err)
			}
		}
	})
}

// TestBodyThatStandsStill: a connection on which nothing moves is given up, and
// the rest is asked for.
func TestBodyThatStandsStill(t *testing.T) {
	old := patience
	patience = 200 * time.Millisecond
	t.Cleanup(func() { patience = old; transport.CloseIdleConnections() })
	transport.CloseIdleConnections()
	var stalled atomic.Int64
	stall := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && stalled.Add(1)%2 == 1 {
				select {
				case <-r.Context().Done():
				case <-time.After(5 * time.Second):
				}
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	inBuckets(t, func(t *testing.T, d Dir) {
		want := noise(100_000)
		write(t, d, "x", string(want))
		if got, err := d.ReadFile("x"); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}, stall)
	if stalled.Load() < 2 {
		t.Error("nothing stood still")
	}
}

// TestObjectReplacedWhileRead: a reading is of one version, or fails.
func TestObjectReplacedWhileRead(t *testing.T) {
	inBuckets(t, func(t *testing.T, d Dir) {
		write(t, d, "x", strings.Repeat("a", 1<<20))
		f, err := d.Open("x")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		write(t, d, "x", strings.Repeat("b", 1<<20))
		part := make([]byte, 10)
		if _, err := f.ReadAt(part, 1000); err == nil && strings.Contains(string(part), "b") {
			if strings.HasPrefix(d.url, "s3") && os.Getenv("RETORT_TEST_S3") == "" {
				t.Skip("the stand-in does not know If-Match of a reading")
			}
			t.Error("another content was read, unnoticed")
		}
	})
}

// TestManySmallReadings: readings that follow on each other share requests.
func TestManySmallReadings(t *testing.T) {
	var asked atomic.Int64
	count := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				asked.Add(1)
			}
			next.ServeHTTP(w, r)
		})
	}
	inBuckets(t, func(t *testing.T, d Dir) {
		want := noise(3 << 20)
		write(t, d, "x", string(want))
		asked.Store(0)
		f, err := d.Open("x")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		got, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if asked.Load() > 8 {
			t.Errorf("%d requests", asked.Load())
		}
	}, count)
}

// TestLeaseEnds: a lease that nobody renews may be taken over, and who lost it
// commits nothing more.
func TestLeaseEnds(t *testing.T) {
	oldTime, oldGrace := leaseTime, leaseGrace
	leaseTime, leaseGrace = 600*time.Millisecond, 0
	t.Cleanup(func() { leaseTime, leaseGrace = oldTime, oldGrace })
	inBuckets(t, func(t *testing.T, d Dir) {
		dead, err := json.Marshal(lease{Holder: "pid 7 on moon", Token: "x", Ends: time.Now().Add(-time.Second)})
		if err != nil {
			t.Fatal(err)
		}
		write(t, d, ".lock", string(dead))
		release, err := d.Lock(".lock", "me")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * leaseTime) // it is renewed meanwhile
		var held *HeldError
		if _, err := d.Lock(".lock", "you"); !errors.As(err, &held) || held.By != "me" || held.Ends.IsZero() {
			t.Fatalf("got %v, want that it is held", err)
		}
		write(t, d, "mine", "x")
		thief, err := json.Marshal(lease{Holder: "thief", Token: "y", Ends: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Remove(".lock"); err != nil {
			t.Fatal(err)
		}
		write(t, d, ".lock", string(thief))
		time.Sleep(leaseTime)
		if err := d.WriteFile("late", nil); err == nil || !strings.Contains(err.Error(), "lease") {
			t.Errorf("who lost the lease wrote: %v", err)
		}
		release()
		if data, err := d.ReadFile(".lock"); err != nil || string(data) != string(thief) {
			t.Errorf("the other's lease is gone: %q, %v", data, err)
		}
	})
}

// TestScratchHasABound: what is written at any place takes no more of this machine
// than it may, and gives it back.
func TestScratchHasABound(t *testing.T) {
	old := scratchMost
	scratchMost = 1 << 20
	t.Cleanup(func() { scratchMost = old })
	inBuckets(t, func(t *testing.T, d Dir) {
		for range 3 {
			w, err := d.CreatePlaced("x")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.WriteAt(make([]byte, 900<<10), 0); err != nil {
				t.Fatal(err)
			}
			if _, err := w.WriteAt(make([]byte, 200<<10), 900<<10); err == nil || !strings.Contains(err.Error(), "RETORT_SCRATCH_GB") {
				t.Errorf("beyond the bound: %v", err)
			}
			w.Discard()
		}
	})
	sorting := NewScratch("split: sorting")
	if err := sorting.Take(900 << 10); err != nil {
		t.Error(err)
	}
	if err := sorting.Take(200 << 10); err == nil || !strings.HasPrefix(err.Error(), "split: sorting: files being written take 1126400 bytes of scratch space") {
		t.Errorf("beyond the bound: %v", err)
	}
	sorting.Free()
	if scratchUsed.Load() != 0 {
		t.Errorf("%d bytes are still taken", scratchUsed.Load())
	}
}

// TestSettingsOfURLs: what stands behind '?' goes everywhere with a place, and a
// name may hold one.
func TestSettingsOfURLs(t *testing.T) {
	d, err := Open("s3://b/runs/x/?endpoint=http://127.0.0.1:9&region=r")
	if err != nil {
		t.Fatal(err)
	}
	for got, want := range map[string]string{
		d.String():            "s3://b/runs/x?endpoint=http://127.0.0.1:9&region=r",
		d.At("a/b"):           "s3://b/runs/x/a/b?endpoint=http://127.0.0.1:9&region=r",
		d.In("../y").String(): "s3://b/runs/y?endpoint=http://127.0.0.1:9&region=r",
		d.Base():              "x",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if plain, query := cutQuery("gs://b/what?.jpg"); plain != "gs://b/what?.jpg" || query != "" {
		t.Errorf("a name with ?: %q %q", plain, query)
	}
	for url, want := range map[string]string{
		"s3://b/x?endpoint=http://me:secret@host": "credentials",
		"s3:///x":                "no bucket",
		"gs://?anonymous=true":   "no bucket",
		"gs://b/x?region=europe": "no setting",
	} {
		t.Setenv("STORAGE_EMULATOR_HOST", "127.0.0.1:9")
		if _, err := Open(url); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// TestNobodyIsThere: an address that leads nowhere is told, not asked for long.
func TestNobodyIsThere(t *testing.T) {
	err := again(t.Context(), func() error { return final{&net.DNSError{Err: "no such host", IsNotFound: true}} })
	if !unknownHost(err) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := again(ctx, func() error { return io.ErrUnexpectedEOF }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
