package tfrecord

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestShardNames(t *testing.T) {
	for name, want := range map[string]Shard{
		"views-00012-of-00100.tfrecord":       {"views", 12, 100, None},
		"a-b-00000-of-00001.tfrecord.gz":      {"a-b", 0, 1, Gzip},
		"views-00012-of-123456.tfrecord.zst":  {"views", 12, 123456, Zstd},
		"views-00099-of-00100.tfrecord.zlib":  {"views", 99, 100, Zlib},
		"views-00100-of-00100.tfrecord":       {},
		"views-12-of-100.tfrecord":            {},
		"views-00012-of-00100.tfrecord.bz2":   {},
		"views-000012-of-00100.tfrecord":      {},
		"-00000-of-00001.tfrecord":            {},
		"views-00000-of-00001.tfrecord.gz.gz": {},
	} {
		got, err := ParseShard(name)
		if (err == nil) != (want.Count > 0) || err == nil && (got != want || got.String() != name) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestExpand(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"b.tfrecord", "a.tfrecord.gz", "run/v/x.tfrecord-00000-of-00002", "run/notes.txt", "empty/notes.txt", ".tmp-1.tfrecord"} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ args, want []string }{
		{[]string{"."}, []string{"a.tfrecord.gz", "b.tfrecord", "run/v/x.tfrecord-00000-of-00002"}},
		{[]string{"b.tfrecord", "*.tfrecord*"}, []string{"b.tfrecord", "a.tfrecord.gz"}},
		{[]string{"./b.tfrecord", "b.tfrecord", "run/notes.txt"}, []string{"./b.tfrecord", "run/notes.txt"}},
		{[]string{"r*"}, []string{"run/v/x.tfrecord-00000-of-00002"}},
		{[]string{"empty"}, nil},
		{[]string{"none*"}, nil},
		{[]string{"e*"}, nil},
		{[]string{"gone.tfrecord"}, nil},
		{[]string{"[x"}, nil},
	} {
		got, err := Expand(c.args...)
		if (err == nil) != (c.want != nil) || err == nil && !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, %v; want %v", c.args, got, err, c.want)
		}
	}
}
