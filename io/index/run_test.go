package index

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/imagefile"
)

// TestRunsMergeAsASorterSorts: whatever the runs and the ranges, the images come as
// a Sorter of all has them.
func TestRunsMergeAsASorterSorts(t *testing.T) {
	var all []Entry
	for i := range 3000 {
		e := entry(i % 2500) // some are there twice
		e.Name, e.Offset = fmt.Sprint(i), int64(i)
		e.ID = imagefile.IDOf([]byte(fmt.Sprint(i % 2500)))
		if i%7 == 0 {
			e.Class = ""
		}
		all = append(all, e)
	}
	s, err := NewSorter(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Remove()
	for _, e := range all {
		if err := s.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	var want []Image
	for m, err := range s.Images() {
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, m)
	}
	for _, c := range []struct{ perRun, bits, split int }{{3000, 0, 1}, {1, 0, 3}, {7, 2, 2}, {1000, 5, 4}, {700, 13, 1}, {3000, 14, 2}} {
		dir := blob.Local(t.TempDir())
		var runs []Run
		for from := 0; from < len(all); from += c.perRun {
			var in Sorted
			for _, e := range all[from:min(len(all), from+c.perRun)] {
				in.Add(&e)
			}
			r, f, err := in.Write(dir, fmt.Sprintf("run-%d", len(runs)))
			if err != nil || f.Bytes == 0 || in.Len() != 0 {
				t.Fatal(err)
			}
			runs = append(runs, r)
		}
		var got []Image
		for at := range 1 << c.bits {
			r, err := ReadRange(dir, runs, c.bits, at)
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range r.Split(c.split) {
				for m, err := range part.Images(nil) {
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, m)
				}
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%+v: %d images, want the %d of the sorter", c, len(got), len(want))
		}
	}
}

// TestShardsOfAnIndexAreThoseOfOneWriter byte by byte.
func TestShardsOfAnIndexAreThoseOfOneWriter(t *testing.T) {
	const n = ShardRecords + 100
	whole, parts := blob.Local(t.TempDir()), blob.Local(t.TempDir())
	one := NewWriter(whole, "index", n)
	for i := range n {
		if err := one.WriteEntry(entry(i)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := one.Close()
	if err != nil {
		t.Fatal(err)
	}
	for shard := range ShardsOf(n) {
		w := NewShardWriter(parts, "index", n, shard)
		for i := shard * ShardRecords; i < min(n, (shard+1)*ShardRecords); i++ {
			if err := w.WriteEntry(entry(i)); err != nil {
				t.Fatal(err)
			}
		}
		got, err := w.Close()
		if err != nil || len(got) != 1 || got[0] != want[shard] {
			t.Errorf("shard %d: %+v, %v; want %+v", shard, got, err, want[shard])
		}
	}
}
