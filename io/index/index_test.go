package index

import (
	"reflect"
	"testing"

	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/imagefile"
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

func FuzzParse(f *testing.F) {
	f.Add(AppendEntry(nil, entry(5)))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := Parse(data)
		if err != nil {
			return
		}
		again, err := Parse(AppendEntry(nil, e))
		if err != nil || !reflect.DeepEqual(again, e) {
			t.Fatalf("%+v became %+v, %v", e, again, err)
		}
	})
}
