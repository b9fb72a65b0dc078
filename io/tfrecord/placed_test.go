package tfrecord

import (
	"bytes"
	"errors"
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

// runs are the numbers below n but those that stay away, as runs of one to five
// that follow each other, in any order.
func runs(rng *rand.Rand, n int, stays func(i int) bool) [][]int {
	var runs [][]int
	for i := range n {
		switch last := len(runs) - 1; {
		case stays(i):
		case i > 0 && !stays(i-1) && len(runs[last]) < 5 && rng.IntN(2) == 0:
			runs[last] = append(runs[last], i)
		default:
			runs = append(runs, []int{i})
		}
	}
	rng.Shuffle(len(runs), func(i, k int) { runs[i], runs[k] = runs[k], runs[i] })
	return runs
}

// Whatever the order in which records are placed, however many at once and
// whichever stay away, the file is the one that Writer makes of those that are
// there.
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
		for _, run := range runs(rng, len(recs), stays) {
			var frames []byte
			for _, i := range run {
				frames = append(frames, framed(recs[i])...)
			}
			if err := p.Write(run[0], frames); err != nil {
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

// A chunk may end anywhere in a record and its frame.
func TestPlacedIsCutAnywhere(t *testing.T) {
	for before := placeChunk - 40; before < placeChunk+10; before++ {
		recs := [][]byte{bytes.Repeat([]byte{7}, before-frameSize), []byte("12345"), nil, []byte("end")}
		var lengths []int
		var frames []byte
		var want bytes.Buffer
		w, _ := NewWriter(&want, Options{Compression: None})
		for _, rec := range recs {
			lengths, frames = append(lengths, len(rec)), append(frames, framed(rec)...)
			_ = w.Write(rec)
		}
		_ = w.Close()
		dir := t.TempDir()
		p, err := CreatePlaced(blob.Local(dir), "x.tfrecord", lengths)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(p.Write(0, frames), p.Commit()); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, "x.tfrecord"))
		if err != nil || !bytes.Equal(got, want.Bytes()) || p.CRC32C() != w.CRC32C() {
			t.Errorf("the second record begins at %d: %d bytes, crc %x (%v); want %d, the same, %x", before, len(got), p.CRC32C(), err, want.Len(), w.CRC32C())
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
	if err := p.Write(0, append(framed([]byte("abc")), framed([]byte("four"))...)); err == nil {
		t.Error("a second record shorter than announced was written")
	}
	if err := p.Write(1, append(framed([]byte("abcde")), 0)); err == nil {
		t.Error("bytes beyond the last record were written")
	}
	if err := p.Write(1, nil); err == nil {
		t.Error("no record at all was written")
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

// lender is a folder whose files lend memory.
type lender struct {
	blob.Dir
	t      *testing.T
	lent   map[*byte]int64 // the place that it is for
	copied int             // bytes that were not written out of it
}

func (l *lender) CreatePlaced(name string) (blob.PlacedWriter, error) {
	w, err := l.Dir.CreatePlaced(name)
	return &lendingFile{w, l}, err
}

type lendingFile struct {
	blob.PlacedWriter
	of *lender
}

func (f *lendingFile) InOrder(int64) (bool, error) { return true, nil }

func (f *lendingFile) Lend(n int, at int64) []byte {
	b := make([]byte, 0, n)
	f.of.lent[&b[:1][0]] = at
	return b
}

func (f *lendingFile) WriteLent(p []byte, at int64) error {
	if of, ok := f.of.lent[&p[0]]; !ok || of != at {
		f.of.copied += len(p)
	}
	_, err := f.WriteAt(p, at)
	return err
}

// Records in memory that the file lends are written out of it, and what is left out
// leaves no gap.
func TestPlacedInLentMemory(t *testing.T) {
	recs := someRecords(40)
	lengths := make([]int, len(recs))
	for i, rec := range recs {
		lengths[i] = len(rec)
	}
	dir := &lender{Dir: blob.Local(t.TempDir()), t: t, lent: map[*byte]int64{}}
	p, err := CreatePlaced(dir, "lent.tfrecord", lengths)
	if err != nil {
		t.Fatal(err)
	}
	if p.Lend(0, 1) != nil {
		t.Fatal("lends before anybody asked for it")
	}
	if lends, err := p.InOrder(); !lends || err != nil {
		t.Fatal(lends, err)
	}
	var want [][]byte
	for i := 0; i < len(recs); i += 4 {
		if i == 8 {
			for k := range 4 {
				if err := p.Leave(i + k); err != nil {
					t.Fatal(err)
				}
			}
			continue
		}
		frames := p.Lend(i, 4)
		for _, rec := range recs[i : i+4] {
			frames = append(frames, framed(rec)...)
			want = append(want, rec)
		}
		if err := p.Write(i, frames); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Commit(); err != nil {
		t.Fatal(err)
	}
	if dir.copied > 0 {
		t.Errorf("%d bytes were copied", dir.copied)
	}
	r, err := Open(dir.At("lent.tfrecord"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for i, rec := range want {
		if got, err := r.Next(); err != nil || !bytes.Equal(got, rec) {
			t.Fatalf("record %d: %v", i, err)
		}
	}
	if p.Records() != int64(len(want)) {
		t.Errorf("%d records", p.Records())
	}
}
