package imagefile

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// tiny is a PNG of one colour, different for each shade.
func tiny(t testing.TB, shade uint8) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 4, 3))
	for i := range img.Pix {
		img.Pix[i] = shade
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

type member struct {
	tar.Header
	data []byte
}

func file(name string, data []byte) member {
	return member{tar.Header{Name: name, Mode: 0o644, Typeflag: tar.TypeReg, Size: int64(len(data))}, data}
}

func tarOf(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		if err := w.WriteHeader(&m.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(m.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func collect(t testing.TB, stats *ListStats, sources ...string) ([]Entry, error) {
	t.Helper()
	var all []Entry
	for e, err := range List(context.Background(), sources, ListOptions{Stats: stats}) {
		if err != nil {
			return all, err
		}
		all = append(all, e)
	}
	return all, nil
}

func checkStats(t *testing.T, s *ListStats, images, bad, skipped int64, passed string) {
	t.Helper()
	if s.Images != images || s.Bad != bad || s.Skipped != skipped || s.Passed.String() != passed {
		t.Errorf("%d images, %d bad, %d skipped: %s", s.Images, s.Bad, s.Skipped, s.Passed.String())
	}
}

func names(entries []Entry) []string {
	var out []string
	for _, e := range entries {
		out = append(out, e.Name+"|"+e.Class+"|"+string(e.Reason))
	}
	return out
}

func TestListFolder(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"cat/b.png", "cat/a.jpg", "dog/deep/x.JPEG", "top.png", "cat/noext"} {
		write(t, filepath.Join(dir, name), tiny(t, uint8(i)))
	}
	write(t, filepath.Join(dir, "cat/notes.txt"), []byte("hello"))
	write(t, filepath.Join(dir, ".DS_Store"), []byte("junk"))
	write(t, filepath.Join(dir, "cat/._a.jpg"), []byte("junk"))
	write(t, filepath.Join(dir, "more/part.tar"), tarOf(t, file("owl/1.png", tiny(t, 9))))
	for link, target := range map[string]string{"dog/link.png": "../cat/b.png", "dog/gone.png": "nowhere.png", "loop": "."} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Skip(err)
		}
	}
	var stats ListStats
	got, err := collect(t, &stats, dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"cat/a.jpg|cat|", "cat/b.png|cat|", "cat/noext|cat|", "dog/deep/x.JPEG|deep|",
		"dog/gone.png|dog|unreadable", "dog/link.png|dog|", "more/part.tar/owl/1.png|owl|", "top.png||"}
	if !slices.Equal(names(got), want) {
		t.Errorf("got  %q\nwant %q", names(got), want)
	}
	checkStats(t, &stats, 7, 1, 4, "1 .txt; left by systems or tools: 1 .DS_Store, 1 ._*; 1 link back to a folder above")
}

func compressed(t testing.TB, kind string, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch kind {
	case ".tar":
		return data
	case ".tar.zst":
		w, _ = zstd.NewWriter(&b)
	default:
		w = gzip.NewWriter(&b)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestListArchives(t *testing.T) {
	images := [][]byte{tiny(t, 1), tiny(t, 2), tiny(t, 3)}
	archive := tarOf(t,
		member{Header: tar.Header{Name: "train/", Typeflag: tar.TypeDir, Mode: 0o755}},
		file("./train/b/2.png", images[0]),
		file("train/readme.txt", []byte("x")),
		file("train/a/"+strings.Repeat("long", 40)+".png", images[1]), // a PAX or GNU name
		member{Header: tar.Header{Name: "train/a/l.png", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}},
		member{Header: tar.Header{Name: "train/a/h.png", Typeflag: tar.TypeLink, Linkname: "train/b/2.png"}},
		member{Header: tar.Header{Name: "train/a/d.png", Typeflag: tar.TypeChar}},
		file("../../up.png", images[2]),
		file("/abs.png", images[2]),
		file("train/magic", images[2]))
	for _, kind := range []string{".tar", ".tar.gz", ".tgz", ".tar.zst"} {
		t.Run(kind, func(t *testing.T) {
			p := filepath.Join(t.TempDir(), "set"+kind)
			write(t, p, compressed(t, kind, archive))
			var stats ListStats
			got, err := collect(t, &stats, p)
			if err != nil {
				t.Fatal(err)
			}
			want := []string{"train/b/2.png|b|", "train/a/" + strings.Repeat("long", 40) + ".png|a|", "train/a/l.png||link",
				"train/a/h.png||link", "train/a/d.png||special-file", "../../up.png||bad-name", "/abs.png||bad-name", "train/magic|train|"}
			if !slices.Equal(names(got), want) {
				t.Errorf("got  %q\nwant %q", names(got), want)
			}
			checkStats(t, &stats, 3, 5, 1, "1 .txt")
			var r Reader
			defer r.Close()
			k := 0
			for _, e := range got {
				if e.Reason != "" {
					continue
				}
				data := e.Data
				if kind == ".tar" {
					r.Verify = true
					if data, err = r.ReadRef(Ref{ID: IDOf(images[k]), URI: e.URI, Offset: e.Offset, Length: e.Length}, nil); err != nil {
						t.Fatal(err)
					}
				}
				if !bytes.Equal(data, images[k]) {
					t.Errorf("%s: other bytes than were stored", e.Name)
				}
				k++
			}
		})
	}
}

func TestListOfPaths(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "img/cat/1.png"), tiny(t, 1))
	write(t, filepath.Join(dir, "img/2.png"), tiny(t, 2))
	lists := map[string]string{
		"plain.txt":  "\ufeffimg/cat/1.png\n\n# a comment\nimg/2.png\nimg/none.png\n",
		"head.csv":   "id,path,label\n1,img/cat/1.png,tiger\n2,img/2.png,\n3,img/none.png,x\n",
		"nohead.csv": "img/cat/1.png\nimg/2.png\nimg/none.png\n",
		"two.csv":    "img/cat/1.png,tiger\nimg/2.png,\n",
	}
	want := map[string][]string{
		"plain.txt":  {"img/cat/1.png|cat|", "img/2.png|img|", "img/none.png|img|missing"},
		"head.csv":   {"img/cat/1.png|tiger|", "img/2.png||", "img/none.png|x|missing"},
		"nohead.csv": {"img/cat/1.png|cat|", "img/2.png|img|", "img/none.png|img|missing"},
		"two.csv":    {"img/cat/1.png|tiger|", "img/2.png||"},
	}
	for name, text := range lists {
		write(t, filepath.Join(dir, name), []byte(text))
		got, err := collect(t, nil, filepath.Join(dir, name))
		if err != nil || !slices.Equal(names(got), want[name]) {
			t.Errorf("%s: %q, %v; want %q", name, names(got), err, want[name])
		}
	}
}

func TestListErrors(t *testing.T) {
	dir := t.TempDir()
	archive := tarOf(t, file("a/1.png", tiny(t, 1)), file("a/2.png", tiny(t, 2)))
	noise := make([]byte, 4096)
	for i := range noise {
		noise[i] = byte(rand.Uint32() | 1)
	}
	write(t, filepath.Join(dir, "notatar.tar"), noise)
	write(t, filepath.Join(dir, "empty.tar"), nil)
	write(t, filepath.Join(dir, "noimages.tar"), tarOf(t, file("a.txt", []byte("x"))))
	write(t, filepath.Join(dir, "cut.tar"), archive[:1100])
	write(t, filepath.Join(dir, "bad.tar.gz"), noise)
	write(t, filepath.Join(dir, "cut.tar.gz"), compressed(t, ".tgz", archive)[:60])
	write(t, filepath.Join(dir, "bad.tar.zst"), noise)
	write(t, filepath.Join(dir, "broken.csv"), []byte("path\na.png\n\"b.png\nc.png\n"))
	write(t, filepath.Join(dir, "wide.csv"), []byte("1,a.png,x\n"))
	write(t, filepath.Join(dir, "gap.csv"), []byte("path,label\na.png,x\n,y\n"))
	write(t, filepath.Join(dir, "what.bin"), noise)
	write(t, filepath.Join(dir, "none", "readme.txt"), []byte("x"))
	for source, want := range map[string]string{
		"absent":       "no such file",
		"none":         "no images found (other files there: 1; passed over: 1 .txt)",
		"notatar.tar":  "not a tar archive",
		"empty.tar":    "empty",
		"noimages.tar": "no images found",
		"cut.tar":      "cut short",
		"bad.tar.gz":   "not gzip",
		"cut.tar.gz":   "cut short",
		"bad.tar.zst":  "set.tar.zst: ",
		"broken.csv":   "broken.csv:3:1",
		"gap.csv":      "gap.csv:3",
		"wide.csv":     "no column is named path",
		"what.bin":     "neither a folder",
		"*.none":       "no file matches",
	} {
		_, err := collect(t, nil, filepath.Join(dir, source))
		if source == "bad.tar.zst" {
			want = "bad.tar.zst"
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", source, err, want)
		}
	}
	if _, err := collect(t, nil); err == nil {
		t.Error("no sources: no error")
	}
}

func TestListStopsAndCancels(t *testing.T) {
	dir := t.TempDir()
	for i := range 5 {
		write(t, filepath.Join(dir, fmt.Sprint(i)+".png"), tiny(t, uint8(i)))
	}
	for range List(context.Background(), []string{dir}, ListOptions{}) {
		break
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := 0
	var last error
	for _, err := range List(ctx, []string{dir}, ListOptions{}) {
		n, last = n+1, err
		cancel()
	}
	if n != 2 || !errors.Is(last, context.Canceled) {
		t.Errorf("%d steps, then %v", n, last)
	}
}

func TestReaderNoticesChanges(t *testing.T) {
	dir := t.TempDir()
	p := filepath.Join(dir, "a.png")
	data := tiny(t, 7)
	write(t, p, data)
	ref := Ref{ID: IDOf(data), URI: p, Length: int64(len(data))}
	r := Reader{Verify: true}
	defer r.Close()
	reason := func() Reason {
		_, err := r.ReadRef(ref, nil)
		var q *QuarantineError
		if errors.As(err, &q) {
			return q.Reason
		}
		return ""
	}
	if got := reason(); got != "" {
		t.Errorf("whole: %q", got)
	}
	write(t, p, append(bytes.Clone(data[:len(data)-1]), 0))
	if got := reason(); got != Changed {
		t.Errorf("other bytes: %q", got)
	}
	write(t, p, data[:10])
	if got := reason(); got != Changed {
		t.Errorf("shorter: %q", got)
	}
	os.Remove(p)
	if got := reason(); got != Missing {
		t.Errorf("gone: %q", got)
	}
}

// TestListOfBrokenArchives: what breaks inside of what a row names is told with
// the row.
func TestListOfBrokenArchives(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.png"), tiny(t, 1))
	write(t, filepath.Join(dir, "cut.tar"), tarOf(t, file("a/1.png", tiny(t, 1)), file("a/2.png", tiny(t, 2)))[:1100])
	list := filepath.Join(dir, "l.csv")
	write(t, list, []byte("path;label\na.png;x\ncut.tar;y\n"))
	got, err := collect(t, nil, list)
	if err == nil || !strings.Contains(err.Error(), "image list "+list+":3: image archive "+filepath.Join(dir, "cut.tar")) || len(got) < 1 || got[0].Class != "x" {
		t.Errorf("%v, %v", got, err)
	}
}
