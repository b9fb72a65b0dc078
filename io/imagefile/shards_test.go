package imagefile

import (
	"path/filepath"
	"testing"
)

// TestMissingShards: a set of files that says how many they are is looked at whole.
func TestMissingShards(t *testing.T) {
	images := pictures(t, 2)
	one := recordsOf(t, map[string]any{"image": images[0], "label": 1})
	other := recordsOf(t, map[string]any{"image": images[1], "label": 0})
	for name, c := range map[string]struct {
		files []string
		want  string
	}{
		"whole":              {[]string{"a.tfrecord-00000-of-00002", "a.tfrecord-00001-of-00002"}, ""},
		"the last is gone":   {[]string{"d/a.tfrecord-00000-of-00002"}, "d/a.tfrecord-…-of-00002 (1 of 2)"},
		"in front of a name": {[]string{"a-00001-of-00003.tfrecord"}, "a-…-of-00003.tfrecord (1 of 3)"},
		"two sets":           {[]string{"train-00000-of-00001", "val-00000-of-00008", "val-00007-of-00008"}, "val-…-of-00008 (2 of 8)"},
		"no set":             {[]string{"a.tfrecord", "b.tfrecord"}, ""},
		"no such number":     {[]string{"a.tfrecord-00007-of-00002"}, ""},
	} {
		dir := t.TempDir()
		for i, f := range c.files {
			write(t, filepath.Join(dir, f), [][]byte{one, other}[i%2])
		}
		var stats ListStats
		for _, err := range List(t.Context(), []string{dir}, ListOptions{Stats: &stats}) {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := stats.Shards.Missing(); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
