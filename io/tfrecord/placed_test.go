package tfrecord

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/retort-ml/retort/io/blob"
)

// framed is a record with room for its frame.
func framed(rec []byte) []byte {
	return append(append(make([]byte, FrameBefore), rec...), make([]byte, FrameAfter)...)
}

// Whatever the order in which records are placed and whichever stay away, the
// file is the one that Writer makes of those that are there.
func TestPlacedWritesWhatWriterWrites(t *testing.T) {
	recs := append(someRecords(60), bytes.Repeat([]byte("large"), 300_000), []byte("after"))
	lengths := make([]int, len(recs))
	for i, rec := range recs {
		lengths[i] = len(rec)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for name, stays := range map[string]func(i int) bool{
		"none": func(int) bool { return false },
		"some": func(i int) bool { return i%3 == 0 || i > len(recs)-3 },
		"all":  func(int) bool { return true },
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "placed.tfrecord")
		p, err := CreatePlaced(blob.Local(dir), "placed.tfrecord", lengths)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range rng.Perm(len(recs)) {
			if stays(i) {
				continue
			}
			if err := p.Write(i, framed(recs[i])); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Commit(); err != nil {
			t.Fatal(err)
		}
		var want bytes.Buffer
		w, err := NewWriter(&want, Options{Compression: None})
		if err != nil {
			t.Fatal(err)
		}
		for i, rec := range recs {
			if !stays(i) {
				_ = w.Write(rec)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s left out: %d bytes (%v), want %d, the same", name, len(got), err, want.Len())
		}
		if p.Records() != w.Records() || p.Bytes() != w.Bytes() || p.CRC32C() != w.CRC32C() {
			t.Errorf("%s left out: %d records, %d bytes, crc %x; want %d, %d, %x", name, p.Records(), p.Bytes(), p.CRC32C(), w.Records(), w.Bytes(), w.CRC32C())
		}
	}
}

func TestPlacedKeepsToTheLengths(t *testing.T) {
	dir := t.TempDir()
	p, err := CreatePlaced(blob.Local(dir), "x.tfrecord", []int{3, 5})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Write(0, framed([]byte("four"))); err == nil {
		t.Error("a longer record than announced was written over the next one")
	}
	p.Discard()
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("Discard left %v", left)
	}
}

func TestPlacedWhereNothingCanBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := CreatePlaced(blob.Local(filepath.Join(file, "no")), "such", []int{1})
	if err == nil || p != nil {
		t.Fatalf("got %v, %v; want an error and no file to discard", p, err)
	}
}
