package index

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/tfrecord"
)

func entry(i int) Entry {
	e := Entry{Ref: imagefile.Ref{URI: "a.tar", Offset: int64(512 * i), Length: 7, Width: 3, Height: 4, Label: int32(i%3) - 1, Name: "cat/1.jpg"}}
	e.ID[0], e.ID[1], e.ID[2] = byte(i>>16), byte(i>>8), byte(i)
	if e.Label >= 0 {
		e.Class = "cat"
	}
	if i%5 == 0 {
		e.Notes = map[string]string{"sharpness": "0.5", "by": "hand"}
	}
	return e
}

func TestIndexRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 100, ShardRecords, ShardRecords + 1} {
		dir := blob.Local(t.TempDir())
		w := NewWriter(dir, "index", int64(n))
		for i := range n {
			if err := w.WriteEntry(entry(i)); err != nil {
				t.Fatal(err)
			}
		}
		files, err := w.Close()
		if err != nil {
			t.Fatal(err)
		}
		if Count(files) != int64(n) || len(files) == 0 {
			t.Fatalf("n=%d: files %+v", n, files)
		}
		from, to := int64(n/3), int64(n)-1
		at := from
		for e, err := range Read(dir, files, from, to) {
			if err != nil {
				t.Fatal(err)
			}
			if want := entry(int(at)); !reflect.DeepEqual(e, want) {
				t.Fatalf("n=%d: entry %d is %+v, want %+v", n, at, e, want)
			}
			at++
		}
		if n > 0 && at != to {
			t.Fatalf("n=%d: read up to %d, want %d", n, at, to)
		}
	}
}

// TestQuickReadsWhatIsWritten: all references but those with notes, as slow reads
// them, and nothing that is cut short or has a byte more.
func TestQuickReadsWhatIsWritten(t *testing.T) {
	var p, slow parser
	for i := range 60 {
		e := entry(i)
		e.Notes = nil
		if i%7 == 0 {
			e.Name, e.Offset, e.Width = string(bytes.Repeat([]byte{'n'}, 300)), 1<<40, 1<<20
		}
		record := AppendEntry(nil, e)
		got, ok := p.quick(record)
		if want, err := slow.slow(record); !ok || err != nil || !reflect.DeepEqual(got, want) || !reflect.DeepEqual(got, e) {
			t.Fatalf("%+v became %+v (%v), slowly %+v, %v", e, got, ok, want, err)
		}
		for cut := range record {
			if _, ok := p.quick(record[:cut]); ok {
				t.Fatalf("%d of %d bytes are taken for a reference", cut, len(record))
			}
		}
		if _, ok := p.quick(append(record, 0)); ok {
			t.Fatal("a byte too many is not seen")
		}
		e.Notes = map[string]string{"by": "hand"}
		if _, ok := p.quick(AppendEntry(nil, e)); ok {
			t.Fatal("notes are lost")
		}
	}
}

func BenchmarkParse(b *testing.B) {
	e := entry(1)
	e.Label, e.Class = 3, "cat"
	record := AppendEntry(nil, e)
	for name, parse := range map[string]func(*parser, []byte) (Entry, error){"slow": (*parser).slow, "quick": (*parser).parse} {
		b.Run(name, func(b *testing.B) {
			var p parser
			for b.Loop() {
				if _, err := parse(&p, record); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(AppendEntry(nil, entry(5)))
	f.Add(AppendEntry(nil, entry(4)))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := Parse(data)
		if slow, slowErr := new(parser).slow(data); !reflect.DeepEqual(e, slow) || !reflect.DeepEqual(err, slowErr) {
			t.Fatalf("%+v, %v; slowly %+v, %v", e, err, slow, slowErr)
		}
		if err != nil {
			return
		}
		again, err := Parse(AppendEntry(nil, e))
		if err != nil || !reflect.DeepEqual(again, e) {
			t.Fatalf("%+v became %+v, %v", e, again, err)
		}
	})
}

// TestReadBetweenFindsRanges: those of all files, whichever ids it is asked for.
func TestReadBetweenFindsRanges(t *testing.T) {
	dir := blob.Local(t.TempDir())
	var files []artifact.File
	id := func(n int) imagefile.ID { return imagefile.ID{byte(n >> 8), byte(n)} }
	for i := range 4 { // ids 10, 12, … in files of 25
		f, err := tfrecord.CreateIn(dir, fmt.Sprint("index-", i), tfrecord.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for j := range 25 {
			if err := f.Write(Append(nil, imagefile.Ref{ID: id(10 + 2*(25*i+j))}, "")); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Commit(); err != nil {
			t.Fatal(err)
		}
		files = append(files, artifact.File{Name: fmt.Sprint("index-", i), Records: 25})
	}
	for _, c := range [][2]int{{0, 5}, {0, 10}, {0, 300}, {10, 10}, {11, 11}, {58, 60}, {59, 59}, {59, 60}, {60, 61}, {100, 160}, {208, 208}, {208, 999}, {209, 999}, {30, 20}} {
		var want, got []imagefile.ID
		for n := 10; n <= 208; n += 2 {
			if c[0] <= n && n <= c[1] {
				want = append(want, id(n))
			}
		}
		for e, err := range ReadBetween(dir, files, id(c[0]), id(c[1])) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("from %d to %d: %v, want %v", c[0], c[1], got, want)
		}
	}
	slices.Reverse(files)
	var err error
	for _, e := range ReadBetween(dir, files, id(0), id(300)) {
		err = errors.Join(err, e)
	}
	if err == nil {
		t.Error("an index in another order is not noticed")
	}
}
