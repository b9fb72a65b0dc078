package imagefile

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/retort-ml/retort/internal/storetest"
	store "github.com/retort-ml/retort/io/blob"
)

// described is what a listing says of images, but where they lie, sorted, with
// their bytes.
func described(t *testing.T, sources ...string) (all []string) {
	t.Helper()
	var r Reader
	defer r.Close()
	for e, err := range List(t.Context(), sources, ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		data := e.Data
		if data == nil {
			if data, err = r.ReadRef(Ref{URI: e.URI, Offset: e.Offset, Length: e.Length}, nil); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, fmt.Sprint(e.Name, " ", e.Class, " ", e.Folder, " ", IDOf(data)))
	}
	slices.Sort(all)
	return all
}

// TestSourcesInStores: what lies in a bucket is listed and read as what lies on a
// disk is: below a name, in archives, and a single image.
func TestSourcesInStores(t *testing.T) {
	disk := t.TempDir()
	picture := func(i int) []byte {
		return append([]byte("\xff\xd8\xff\xe0"), bytes.Repeat([]byte{byte(i)}, 1000+i)...)
	}
	files := map[string][]byte{"top.jpg": picture(1), "cats/a.jpg": picture(2), "cats/what?.jpg": picture(3), "dogs/a b.jpg": picture(4), "dogs/readme.md": []byte("x"),
		"more.tar": packed(t, map[string][]byte{"birds/1.jpg": picture(5), "2.jpg": picture(6)}), "fish/fish.tar": packed(t, map[string][]byte{"3.jpg": picture(7)}),
		"lists/list.csv": []byte("path,label\n../cats/a.jpg,A\n../dogs/a b.jpg,B\n../more.tar,C\n../fish,D\n")}
	for name, data := range files {
		p := filepath.Join(disk, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, scheme := range storetest.Schemes {
		t.Run(scheme, func(t *testing.T) {
			in := storetest.Bucket(t, scheme)
			d, err := store.Open(in("photos"))
			if err != nil {
				t.Fatal(err)
			}
			for name, data := range files {
				if err := d.WriteFile(name, data); err != nil {
					t.Fatal(err)
				}
			}
			for _, source := range []string{"", "more.tar", "cats/a.jpg", "cats", "lists/list.csv"} {
				got, want := described(t, d.At(source)), described(t, filepath.Join(disk, source))
				if len(want) == 0 || !slices.Equal(got, want) {
					t.Errorf("%q:\ngot  %s\nwant %s", source, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
				}
			}
			if err := d.WriteFile("cats/a.cls", []byte("cat")); err != nil {
				t.Fatal(err)
			}
			for _, c := range []struct{ source, want string }{{"", "labels beside images"}, {"nothing", "no images found"}} {
				var last error
				for _, err := range List(t.Context(), []string{d.At(c.source)}, ListOptions{}) {
					last = err
				}
				if last == nil || !strings.Contains(last.Error(), c.want) {
					t.Errorf("%q: %v", c.source, last)
				}
			}
		})
	}
}

// TestRefusedReadingIsNoBadImage: what stands between us and a store quarantines
// no image.
func TestRefusedReadingIsNoBadImage(t *testing.T) {
	refuse := func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	}
	for _, scheme := range storetest.Schemes {
		var r Reader
		_, err := r.ReadRef(Ref{URI: storetest.Bucket(t, scheme, refuse)("a.jpg"), Length: 1}, nil)
		var bad *QuarantineError
		if errors.As(err, &bad) || !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v", scheme, err)
		}
	}
}

func packed(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, data := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestListsInStores: what a list names and is not there is set aside with the list's
// line; a path of a machine is an error.
func TestListsInStores(t *testing.T) {
	in := storetest.Bucket(t, "gs")
	d, err := store.Open(in("lists"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"a.txt": "# a comment\none.jpg\n" + in("other/two.jpg") + "\nnone.jpg\n", "one.jpg": "\xff\xd8\xff\xe0", "../other/two.jpg": "\xff\xd8\xff\xe0", "b.txt": "/photos/1.jpg\n",
	} {
		if err := d.In("..").WriteFile(strings.TrimPrefix("lists/"+name, "lists/../"), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for e, err := range List(t.Context(), []string{d.At("a.txt")}, ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Name+" "+string(e.Reason)+" "+e.Detail)
	}
	if want := []string{"one.jpg  ", "two.jpg  ", "none.jpg " + string(Missing) + " named by " + d.At("a.txt") + ", line 4"}; !slices.Equal(got, want) {
		t.Errorf("got %q; want %q", got, want)
	}
	for _, err := range List(t.Context(), []string{d.At("b.txt")}, ListOptions{}) {
		if err == nil || !strings.Contains(err.Error(), "b.txt:1: /photos/1.jpg is a path of a machine, and the list lies in a store") {
			t.Errorf("a path: %v", err)
		}
	}
}
