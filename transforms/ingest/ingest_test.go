package ingest_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/transforms/ingest"
)

// picture is a small JPEG that no other n has.
func picture(n int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, 8, 8))
	for i := range 64 {
		img.Set(i%8, i/8, color.RGBA{uint8(n * 7), uint8(n >> 5 * 31), uint8(3 * i), 255})
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func folder(t *testing.T, perClass int, classes ...string) string {
	t.Helper()
	dir := t.TempDir()
	for c, class := range classes {
		for i := range perClass {
			write(t, filepath.Join(dir, class, fmt.Sprintf("%03d.jpg", i)), picture(1000*c+i))
		}
	}
	return dir
}

func run(t *testing.T, s *ingest.Images) ([]index.Entry, *pipelines.Artifact[pipelines.Images], error) {
	t.Helper()
	g := pipelines.New("t", pipelines.Root(t.TempDir()))
	pipelines.Add(g, "ingest", s)
	if _, err := runners.Run(t.Context(), g, runners.Options{}); err != nil {
		return nil, nil, err
	}
	a, err := pipelines.LoadArtifact[pipelines.Images](g.At("ingest", ""))
	if err != nil {
		t.Fatal(err)
	}
	var list []index.Entry
	for e, err := range pipelines.References(a) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list, &a, nil
}

func TestFolderTarAndCompressedTarGiveTheSameImages(t *testing.T) {
	dir := folder(t, 5, "cat", "dog")
	var plain bytes.Buffer
	tw := tar.NewWriter(&plain)
	for _, class := range []string{"dog", "cat"} {
		for i := range 5 {
			data, _ := os.ReadFile(filepath.Join(dir, class, fmt.Sprintf("%03d.jpg", i)))
			if err := tw.WriteHeader(&tar.Header{Name: fmt.Sprintf("train/%s/%d.jpg", class, i), Size: int64(len(data)), Mode: 0o644}); err != nil {
				t.Fatal(err)
			}
			tw.Write(data)
		}
	}
	tw.Close()
	var zipped bytes.Buffer
	zw := gzip.NewWriter(&zipped)
	zw.Write(plain.Bytes())
	zw.Close()
	archives := t.TempDir()
	write(t, filepath.Join(archives, "a.tar"), plain.Bytes())
	write(t, filepath.Join(archives, "b.tar.gz"), zipped.Bytes())
	var want string
	for _, source := range []string{dir, filepath.Join(archives, "a.tar"), filepath.Join(archives, "b.tar.gz")} {
		list, _, err := run(t, &ingest.Images{Source: []string{source}, Labels: "folder"})
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for _, e := range list {
			fmt.Fprintln(&got, e.ID, e.Class, e.Label, e.Width, e.Height, e.Length)
			data := make([]byte, e.Length)
			f, err := os.Open(imagefile.Place(e.URI))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.ReadAt(data, e.Offset); err != nil || !bytes.HasPrefix(data, []byte("\xff\xd8")) {
				t.Fatalf("%s: no JPEG at %d: %v", e.URI, e.Offset, err)
			}
			f.Close()
		}
		if want == "" {
			want = got.String()
		}
		if got.String() != want || len(list) != 10 {
			t.Fatalf("%s gives\n%s\nwant\n%s", source, got.String(), want)
		}
	}
}

func TestNothingIsLost(t *testing.T) {
	dir := folder(t, 6, "cat", "dog")
	write(t, filepath.Join(dir, "cat", "copy.jpg"), picture(0))
	write(t, filepath.Join(dir, "cat", "empty.jpg"), nil)
	write(t, filepath.Join(dir, "dog", "cut.jpg"), picture(5)[:300])
	write(t, filepath.Join(dir, "dog", "text.png"), bytes.Repeat([]byte("this is no PNG "), 20))
	list, a, err := run(t, &ingest.Images{Source: []string{dir}, Labels: "folder"})
	if err != nil {
		t.Fatal(err)
	}
	c := a.Manifest.Counts
	if c["ingested"] != 16 || c["images"] != 12 || c["duplicates"] != 1 || c["quarantined"] != 3 || len(list) != 12 {
		t.Fatalf("counts %v", c)
	}
	q := a.Manifest.Quarantine
	if q.Total != 3 || q.Reasons["empty"] != 1 || q.Reasons["truncated"] != 1 {
		t.Fatalf("quarantine %+v", q)
	}
}

func TestLabelsByPathNameAndID(t *testing.T) {
	dir := folder(t, 3, "x", "y")
	list, _, err := run(t, &ingest.Images{Source: []string{dir}, Labels: "none"})
	if err != nil {
		t.Fatal(err)
	}
	for name, rows := range map[string]string{
		"header": "path,label\nx/000.jpg,cat\ny/001.jpg,dog\n",
		"plain":  "x/000.jpg, cat\n\ny/001.jpg,dog\n",
		"id":     fmt.Sprintf("id,label\n%s,cat\n%s,dog\n", list[0].ID, list[1].ID),
	} {
		t.Run(name, func(t *testing.T) {
			csv := filepath.Join(t.TempDir(), "labels.csv")
			write(t, csv, []byte(rows))
			_, a, err := run(t, &ingest.Images{Source: []string{dir}, Labels: csv})
			if err != nil {
				t.Fatal(err)
			}
			if c := a.Manifest.Counts; c["labelled"] != 2 || c["images"] != 6 || c["classes"] != 2 {
				t.Fatalf("counts %v", c)
			}
		})
	}
}

func TestBadInput(t *testing.T) {
	good := folder(t, 3, "x", "y")
	csv := func(text string) string {
		path := filepath.Join(t.TempDir(), "labels.csv")
		write(t, path, []byte(text))
		return path
	}
	spoilt := t.TempDir()
	for i := range 40 {
		write(t, filepath.Join(spoilt, "a", fmt.Sprint(i, ".jpg")), []byte("spoilt"))
		write(t, filepath.Join(spoilt, "b", fmt.Sprint(i, ".jpg")), picture(i))
	}
	flat := t.TempDir()
	var b bytes.Buffer
	png.Encode(&b, image.NewGray(image.Rect(0, 0, 4, 4)))
	write(t, filepath.Join(flat, "a.png"), b.Bytes())
	beside := tree(t, "1.jpg", "2.jpg")
	write(t, filepath.Join(beside, "1.cls"), []byte("0\n"))
	kaggle := t.TempDir()
	for i := range 4 {
		write(t, filepath.Join(kaggle, "train", fmt.Sprintf("%s.%d.jpg", []string{"cat", "dog"}[i%2], i)), picture(i))
	}
	for name, c := range map[string]struct {
		s    ingest.Images
		want string
	}{
		"no such source": {ingest.Images{Source: []string{"/no/such"}}, "/no/such does not exist"},
		"empty folder":   {ingest.Images{Source: []string{t.TempDir()}}, "no images found"},
		"broken line":    {ingest.Images{Source: []string{good}, Labels: csv("x/000.jpg,cat\ny/001.jpg\n")}, "labels.csv:2"},
		"missing file":   {ingest.Images{Source: []string{good}, Labels: csv("x/000.jpg,cat\nx/009.jpg,dog\n")}, "line 2: x/009.jpg"},
		"no labels file": {ingest.Images{Source: []string{good}, Labels: "/no/such.csv"}, "/no/such.csv"},
		"too many bad":   {ingest.Images{Source: []string{spoilt}, Labels: "folder"}, "40 of 80 images cannot be used"},
		"a label short":  {ingest.Images{Source: []string{beside}, Labels: "folder"}, "2.jpg: the image has no label and lies in no folder, though others, such as 1.jpg, have a label in a file beside them"},
		"flat folder":    {ingest.Images{Source: []string{flat}, Labels: "folder"}, "lies in none"},
		"kaggle's cats":  {ingest.Images{Source: []string{kaggle}, Labels: "folder"}, "the names of the images begin with cat, dog: if that is the class"},
		"flat names":     {ingest.Images{Source: []string{filepath.Join(kaggle, "train")}, Labels: "folder"}, `if its name carries the class, "cat"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := run(t, &c.s)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v\nwant %q in it", err, c.want)
			}
		})
	}
}

func TestMaxImagesIsBalanced(t *testing.T) {
	_, a, err := run(t, &ingest.Images{Source: []string{folder(t, 20, "a", "b", "c")}, Labels: "folder", MaxImages: 10})
	if err != nil {
		t.Fatal(err)
	}
	if c := a.Manifest.Counts; c["images"] != 10 || c["classes"] != 3 {
		t.Fatalf("counts %v", c)
	}
}

// TestNameTwiceInAnArchive: an archive that was updated holds both versions of a
// picture. Both are read, and it is said.
func TestNameTwiceInAnArchive(t *testing.T) {
	for kind, archive := range map[string]func(names []string) []byte{"tar": tarOf, "zip": zipOf} {
		for want, names := range map[int][]string{0: {"a/1.jpg", "b/1.jpg"}, 2: {"a/1.jpg", "b/1.jpg", "a/1.jpg", "b/1.jpg", "b/2.jpg"}} {
			path := filepath.Join(t.TempDir(), "set."+kind)
			write(t, path, archive(names))
			list, a, err := run(t, &ingest.Images{Source: []string{path}, Labels: "folder"})
			if err != nil {
				t.Fatal(err)
			}
			said := fmt.Sprintf("images under a name that another in the same archive has: %d; all are read", want)
			if notes := strings.Join(a.Manifest.Notes, "\n"); len(list) != len(names) || strings.Contains(notes, said) != (want > 0) {
				t.Errorf("%s, %d again: %d images of %d; the notes are:\n%s", kind, want, len(list), len(names), notes)
			}
		}
	}
}

func tarOf(names []string) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i, name := range names {
		data := picture(i)
		if w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data))}) == nil {
			w.Write(data)
		}
	}
	w.Close()
	return b.Bytes()
}

func zipOf(names []string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i, name := range names {
		if f, err := w.Create(name); err == nil {
			f.Write(picture(i))
		}
	}
	w.Close()
	return b.Bytes()
}

// TestFoldersOfOneName keeps two folders of one name apart, also where one image
// lies in both, and tells of it and of what was passed over.
func TestFoldersOfOneName(t *testing.T) {
	dir := folder(t, 3, "train/bird/crane", "train/machine/crane", "train/bird/owl", "val/bird/owl")
	write(t, filepath.Join(dir, "notes.txt"), []byte("x"))
	write(t, filepath.Join(dir, "train/bird/owl/.thumbnails/1.jpg"), picture(77))
	write(t, filepath.Join(dir, "val/bird/owl/copy.jpg"), picture(2000)) // one of train/bird/owl
	list, a, err := run(t, &ingest.Images{Source: []string{dir}, Labels: "folder"})
	if err != nil {
		t.Fatal(err)
	}
	classes := map[string]int{}
	for _, e := range list {
		classes[e.Class]++
	}
	if fmt.Sprint(classes) != "map[bird/crane:3 machine/crane:3 owl:6]" {
		t.Error(classes)
	}
	notes := strings.Join(a.Manifest.Notes, "\n")
	for _, want := range []string{"several folders are named crane", "train, val, are read as one", "passed over, not read: 1 .txt; left by systems or tools: 1 .thumbnails"} {
		if !strings.Contains(notes, want) {
			t.Errorf("%q is not in the notes:\n%s", want, notes)
		}
	}
	write(t, filepath.Join(dir, "train/machine/crane/copy.jpg"), picture(0))
	_, a, err = run(t, &ingest.Images{Source: []string{dir}, Labels: "folder"})
	if err != nil {
		t.Fatal(err)
	}
	if q := a.Manifest.Quarantine; q.Total != 1 || !strings.Contains(q.First[0].Detail, `says "bird/crane"`) || !strings.Contains(q.First[0].Detail, `says "machine/crane"`) {
		t.Errorf("one image in both: %+v", q)
	}
}
