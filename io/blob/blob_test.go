package blob

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/retort-ml/retort/internal/storetest"
)

// stores are one of each that can be had without a network, by scheme; "" is a disk.
var stores = []string{"", "mem", "gs", "s3"}

// place is an empty one in a store.
func place(t *testing.T, scheme string) Dir {
	t.Helper()
	url := ""
	switch scheme {
	case "":
		return Local(filepath.Join(t.TempDir(), "runs", "x"))
	case "mem":
		url = "mem://" + strings.ReplaceAll(t.Name(), "/", "-") + "/runs/x"
	default:
		url = storetest.Bucket(t, scheme)("runs/x")
	}
	d, err := Open(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.In("../..").Clear() })
	return d
}

func everywhere(t *testing.T, test func(t *testing.T, d Dir)) {
	for _, scheme := range stores {
		t.Run(cmp.Or(scheme, "local"), func(t *testing.T) { test(t, place(t, scheme)) })
	}
}

func names(t *testing.T, d Dir, prefix string) []string {
	t.Helper()
	list := []string{}
	for info, err := range d.List(prefix) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, info.Name)
	}
	slices.Sort(list)
	return list
}

func write(t *testing.T, d Dir, name, text string) {
	t.Helper()
	if err := d.WriteFile(name, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func TestWholeOrAbsent(t *testing.T) {
	everywhere(t, func(t *testing.T, d Dir) {
		if _, err := d.ReadFile("a/b"); !IsAbsent(err) {
			t.Fatalf("got %v, want absent", err)
		}
		w, err := d.Create("a/b")
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, "half")
		if there, err := d.Exists("a/b"); there || err != nil {
			t.Fatalf("half a file is there (%v)", err)
		}
		w.Discard()
		if list := names(t, d, ""); len(list) > 0 {
			t.Fatalf("Discard left %v", list)
		}
		write(t, d, "a/b", "one")
		failed := errors.New("disk full")
		if err := d.Write("a/b", func(w io.Writer) error { io.WriteString(w, "half of tw"); return failed }); err != failed {
			t.Fatalf("got %v", err)
		}
		if got, err := d.ReadFile("a/b"); string(got) != "one" || err != nil {
			t.Fatalf("a failed write left %q, %v", got, err)
		}
		if info, err := d.Stat("a/b"); info.Size != 3 || info.Name != "a/b" || err != nil {
			t.Fatalf("%+v, %v", info, err)
		}
		if err := errors.Join(d.Remove("a/b"), d.Remove("a/b")); err != nil {
			t.Fatal(err)
		}
		if there, _ := d.Exists("a/b"); there {
			t.Fatal("a removed file is there")
		}
	})
}

func TestNamesNeverLeadOut(t *testing.T) {
	everywhere(t, func(t *testing.T, d Dir) {
		for _, name := range []string{"../x", "/etc/passwd", "a/../../x"} {
			if _, err := d.Open(name); !errors.Is(err, fs.ErrInvalid) {
				t.Errorf("Open(%q): %v", name, err)
			}
			if err := d.WriteFile(name, nil); !errors.Is(err, fs.ErrInvalid) {
				t.Errorf("WriteFile(%q): %v", name, err)
			}
			if err := d.RemoveAll(name); !errors.Is(err, fs.ErrInvalid) {
				t.Errorf("RemoveAll(%q): %v", name, err)
			}
		}
	})
}

func TestReadingFromAnyPlace(t *testing.T) {
	everywhere(t, func(t *testing.T, d Dir) {
		want := make([]byte, 100_000)
		for i := range want {
			want[i] = byte(rand.Uint32())
		}
		write(t, d, "x", string(want))
		f, err := d.Open("x")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if f.Size() != int64(len(want)) || f.Name() != d.At("x") {
			t.Errorf("size %d, name %s", f.Size(), f.Name())
		}
		part := make([]byte, 777)
		if _, err := f.ReadAt(part, 4321); err != nil || !bytes.Equal(part, want[4321:4321+777]) {
			t.Errorf("ReadAt: %v", err)
		}
		if _, err := f.ReadAt(part, int64(len(want)-10)); err != io.EOF {
			t.Errorf("ReadAt past the end: %v", err)
		}
		if _, err := f.Seek(99_000, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if rest, err := io.ReadAll(f); err != nil || !bytes.Equal(rest, want[99_000:]) {
			t.Errorf("after Seek: %d bytes, %v", len(rest), err)
		}
	})
}

func TestList(t *testing.T) {
	everywhere(t, func(t *testing.T, d Dir) {
		for _, name := range []string{"step-1", "step-2", "best", "sub/step-3", "sub/deep/x", "steps/y"} {
			write(t, d, name, "x")
		}
		write(t, d.In("../beside"), "step-9", "x")
		for prefix, want := range map[string][]string{
			"":       {"best", "step-1", "step-2", "steps/y", "sub/deep/x", "sub/step-3"},
			"step-":  {"step-1", "step-2"},
			"step":   {"step-1", "step-2", "steps/y"},
			"sub/":   {"sub/deep/x", "sub/step-3"},
			"sub/d":  {"sub/deep/x"},
			"nobody": {},
			"no/way": {},
		} {
			if got := names(t, d, prefix); !slices.Equal(got, want) {
				t.Errorf("List(%q) = %v, want %v", prefix, got, want)
			}
		}
		for range d.List("") { // it can be left early
			break
		}
		if err := d.RemoveAll("sub"); err != nil {
			t.Fatal(err)
		}
		if err := d.Clear("best"); err != nil {
			t.Fatal(err)
		}
		if got := names(t, d, ""); !slices.Equal(got, []string{"best"}) {
			t.Errorf("Clear left %v", got)
		}
		if got := names(t, d.In("../beside"), ""); !slices.Equal(got, []string{"step-9"}) {
			t.Errorf("beside it is %v", got)
		}
	})
}

func TestListFollowsAFolderThatIsALink(t *testing.T) {
	dir := t.TempDir()
	write(t, Local(filepath.Join(dir, "real")), "a/b", "x")
	if err := os.Symlink("real", filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	if got := names(t, Local(filepath.Join(dir, "link")), ""); !slices.Equal(got, []string{"a/b"}) {
		t.Errorf("got %v", got)
	}
}

// TestCreateNewHasOneWinner: of many who create a file, one gets it, and the
// others are told.
func TestCreateNewHasOneWinner(t *testing.T) {
	everywhere(t, func(t *testing.T, d Dir) {
		var group sync.WaitGroup
		won := make([]error, 16)
		for i := range won {
			group.Go(func() {
				w, err := d.CreateNew("claim")
				if err != nil {
					won[i] = err
					return
				}
				defer w.Discard()
				fmt.Fprint(w, i)
				won[i] = w.Commit()
			})
		}
		group.Wait()
		winner := -1
		for i, err := range won {
			switch {
			case err == nil && winner >= 0:
				t.Fatalf("%d and %d both won", winner, i)
			case err == nil:
				winner = i
			case !errors.Is(err, fs.ErrExist):
				t.Errorf("%d: %v, want fs.ErrExist", i, err)
			}
		}
		if got, err := d.ReadFile("claim"); err != nil || string(got) != fmt.Sprint(winner) {
			t.Errorf("the file is %q, the winner %d (%v)", got, winner, err)
		}
		if got := names(t, d, ""); len(got) != 1 {
			t.Errorf("left are %v", got)
		}
	})
}

func TestPlaced(t *testing.T) {
	everywhere(t, func(t *testing.T, d Dir) {
		w, err := d.CreatePlaced("x")
		if err != nil {
			t.Fatal(err)
		}
		defer w.Discard()
		var group sync.WaitGroup
		for _, i := range rand.Perm(26) {
			group.Go(func() { w.WriteAt(bytes.Repeat([]byte{byte('a' + i)}, 100), int64(100*i)) })
		}
		group.Wait()
		back := make([]byte, 2)
		if _, err := w.ReadAt(back, 199); err != nil || string(back) != "bc" {
			t.Errorf("read back %q, %v", back, err)
		}
		if err := errors.Join(w.Truncate(300), w.Commit()); err != nil {
			t.Fatal(err)
		}
		want := strings.Repeat("a", 100) + strings.Repeat("b", 100) + strings.Repeat("c", 100)
		if got, err := d.ReadFile("x"); string(got) != want || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func TestAppend(t *testing.T) {
	everywhere(t, func(t *testing.T, d Dir) {
		for i, c := range []struct {
			keep int64
			want string
		}{{0, "one"}, {1 << 40, "oneone"}, {2, "onone"}, {-0, "one"}} {
			l, err := d.Append("logs/x", c.keep)
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(l, "one")
			if err := l.Sync(); err != nil {
				t.Fatal(err)
			}
			if got, err := d.ReadFile("logs/x"); string(got) != c.want || err != nil {
				t.Errorf("%d: got %q, %v; want %q", i, got, err, c.want)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestLockNamesItsHolder(t *testing.T) {
	everywhere(t, func(t *testing.T, d Dir) {
		release, err := d.Lock(".lock", "pid 7 on moon")
		if err != nil {
			t.Fatal(err)
		}
		var held *HeldError
		if _, err := d.Lock(".lock", "me"); !errors.As(err, &held) || held.By != "pid 7 on moon" {
			t.Fatalf("got %v, want the holder", err)
		}
		release()
		if release, err = d.Lock(".lock", "me"); err != nil {
			t.Fatal(err)
		}
		release()
	})
}

// TestLockHasOneHolder: never two, however many come and go.
func TestLockHasOneHolder(t *testing.T) {
	everywhere(t, func(t *testing.T, d Dir) {
		var group sync.WaitGroup
		var holders, got atomic.Int64
		tries := 200
		if _, ok := d.store.(*bucket); ok { // each is a few requests
			tries = 10
		}
		for range 8 {
			group.Go(func() {
				for range tries {
					release, err := d.Lock(".lock", "me")
					if err != nil {
						continue
					}
					if holders.Add(1) > 1 {
						t.Error("two hold it")
					}
					got.Add(1)
					holders.Add(-1)
					release()
				}
			})
		}
		group.Wait()
		if got.Load() == 0 {
			t.Error("nobody ever held it")
		}
		if left := names(t, d, ""); len(left) > 0 {
			t.Errorf("left are %v", left)
		}
	})
}

func TestEndedContext(t *testing.T) {
	everywhere(t, testEndedContext)
}

func testEndedContext(t *testing.T, d Dir) {
	if d.IsLocal() {
		t.Skip("a disk does not wait")
	}
	write(t, d, "x", "x")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.With(ctx).Open("x"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := d.With(ctx).WriteFile("y", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestPlacesTravelAsJSON(t *testing.T) {
	everywhere(t, func(t *testing.T, d Dir) {
		write(t, d, "x", "here")
		data, err := json.Marshal(struct{ Dir, None Dir }{Dir: d})
		if err != nil {
			t.Fatal(err)
		}
		var back struct{ Dir, None Dir }
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		if got, err := back.Dir.ReadFile("x"); string(got) != "here" || err != nil {
			t.Errorf("%s: %q, %v", data, got, err)
		}
		if !back.None.IsZero() {
			t.Error("no place became one")
		}
	})
}

func TestRelative(t *testing.T) {
	everywhere(t, func(t *testing.T, d Dir) {
		write(t, d.In("ingest"), "spooled.tar", "x")
		for _, from := range []Dir{d.In("ingest"), d.In("split"), d, d.In("a/b/c")} {
			rel, ok := from.Relative(d.In("ingest").At("spooled.tar"))
			if !ok {
				t.Fatalf("no way from %s", from)
			}
			if got := from.In(rel).String(); got != d.In("ingest").At("spooled.tar") {
				t.Errorf("%s from %s leads to %s", rel, from, got)
			}
			f, err := OpenFile(from.In(rel).String())
			if err != nil {
				t.Fatal(err)
			}
			f.Close()
		}
	})
	if rel, ok := Local("/a").Relative("mem://x/y"); ok {
		t.Errorf("a way from a disk to a store: %s", rel)
	}
}

func TestUnknownStoreIsNamed(t *testing.T) {
	for _, url := range []string{"s4://bucket/x", "https://example.org/x"} {
		_, err := Open(url)
		if err == nil || !strings.Contains(err.Error(), Scheme(url)+"://") || !strings.Contains(err.Error(), "mem://") {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, path := range []string{"runs/x", "C:/x", "/a:/b", "a:b"} {
		if s := Scheme(path); s != "" {
			t.Errorf("%s is taken for an address of %q", path, s)
		}
	}
}
