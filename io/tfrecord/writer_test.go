package tfrecord

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/retort-ml/retort/internal/crc32c"
)

func crc(data []byte) uint32 { return crc32c.Of(data) }

func TestWriterCountsWhatItWrites(t *testing.T) {
	recs := append(someRecords(100), bytes.Repeat([]byte("large"), 300_000), []byte("after"))
	for _, c := range Compressions {
		path := filepath.Join(t.TempDir(), "x.tfrecord"+c.Ext())
		w, err := Create(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Discard()
		for _, rec := range recs {
			if err := w.Write(rec); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Commit(); err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if w.Records() != int64(len(recs)) || w.Bytes() != int64(len(file)) || w.CRC32C() != crc(file) {
			t.Errorf("%v: %d records, %d bytes of %d, crc %x of %x", c, w.Records(), w.Bytes(), len(file), w.CRC32C(), crc(file))
		}
		r, err := Open(path, Options{Strict: true})
		if err != nil {
			t.Fatal(err)
		}
		for range recs {
			if _, err := r.Next(); err != nil {
				t.Fatal(err)
			}
		}
		if r.Compression() != c || r.Close() != nil {
			t.Errorf("%v read as %v", c, r.Compression())
		}
	}
}

func TestDiscardLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(filepath.Join(dir, "x.tfrecord"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	w.Discard()
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Error(left, err)
	}
}

type full struct{ left int }

var errFull = errors.New("no space left on device")

func (f *full) Write(p []byte) (int, error) {
	n := min(len(p), f.left)
	f.left -= n
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

func TestFullDisk(t *testing.T) {
	for _, c := range Compressions {
		for _, room := range []int{0, 10, 3000} {
			w, err := NewWriter(&full{room}, Options{Compression: c})
			if err != nil {
				t.Fatal(err)
			}
			for _, rec := range someRecords(100) {
				err = w.Write(rec)
			}
			if e := w.Close(); err == nil {
				err = e
			}
			if !errors.Is(err, errFull) {
				t.Errorf("%v, room for %d: %v", c, room, err)
			}
		}
	}
}

func TestBadOptions(t *testing.T) {
	for _, o := range []Options{{Compression: Gzip, Level: 10}, {Compression: None, Level: 1}, {Compression: 17}, {Compression: Zstd, Level: -1}} {
		var version *VersionError
		if _, err := NewWriter(new(bytes.Buffer), o); !errors.As(err, &version) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if _, err := ParseCompression("bzip2"); err == nil || !strings.Contains(err.Error(), "zstd") {
		t.Error(err)
	}
	w, _ := NewWriter(new(bytes.Buffer), Options{})
	for range 2 {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
	if w.Write(nil) == nil {
		t.Error("a closed writer takes records")
	}
}
