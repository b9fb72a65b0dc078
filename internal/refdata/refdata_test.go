package refdata

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestGeneratorMatchesItsPublishedValues(t *testing.T) {
	for seed, want := range map[uint64][4]uint64{
		0:        {14819496, 9505325, 9918517, 1903380},
		4000:     {6312862, 10802908, 1837703, 11961083},
		54100003: {10408127, 9987088, 6304357, 11135393},
	} {
		for i, w := range want {
			if got := u24(seed, uint64(i)); got != w {
				t.Errorf("u24(%d, %d) = %d, want %d", seed, i, got, w)
			}
		}
	}
}

// told records what a test is told, and ends it as a test would end.
type told struct {
	testing.TB
	skip, fatal string
}

func (o *told) Skipf(format string, args ...any) {
	o.skip = fmt.Sprintf(format, args...)
	runtime.Goexit()
}
func (o *told) Fatalf(format string, args ...any) {
	o.fatal = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// tell runs f as a test and returns what it said when it ended early.
func tell(t *testing.T, f func(t testing.TB)) *told {
	o, done := &told{TB: t}, make(chan bool)
	go func() {
		defer close(done)
		f(o)
	}()
	<-done
	return o
}

func TestPartOfASetIsEnough(t *testing.T) {
	root := t.TempDir()
	t.Setenv("RETORT_REFERENCE", root)
	if err := os.MkdirAll(filepath.Join(root, "lars"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(root, "lars", "lars.json")
	if err := os.WriteFile(file, []byte(`{"steps": 3}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := Dir(t, "lars"); got != filepath.Dir(file) {
		t.Errorf("the folder is %s, want %s", got, filepath.Dir(file))
	}
	absent := func(what string, f func(t testing.TB)) {
		if o := tell(t, f); !strings.Contains(o.skip, root) || o.fatal != "" {
			t.Errorf("%s: skips with %q, fails with %q; want a skip that names the folder", what, o.skip, o.fatal)
		}
	}
	absent("a part", func(t testing.TB) { Dir(t, "losses") })
	absent("a file", func(t testing.TB) { NPZ(t, filepath.Join(root, "lars", "lars.npz")) })
	absent("a table", func(t testing.TB) { JSON(t, filepath.Join(root, "lars", "other.json"), new(any)) })
}

func TestWrongFolderFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(filepath.Dir(file), "nowhere"), file, "no/such/folder"} {
		t.Setenv("RETORT_REFERENCE", path)
		o := tell(t, func(t testing.TB) { Dir(t, "lars") })
		if !strings.Contains(o.fatal, "RETORT_REFERENCE="+path+" is no folder") || o.skip != "" {
			t.Errorf("%s: skips with %q, fails with %q", path, o.skip, o.fatal)
		}
	}
}
