package ingest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/transforms/ingest"
)

// tree writes pictures under the names, all different.
func tree(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i, name := range names {
		write(t, filepath.Join(dir, name), picture(i))
	}
	return dir
}

func classes(list []index.Entry) (got []string) {
	for _, e := range list {
		got = append(got, e.Name+"="+e.Class)
	}
	slices.Sort(got)
	return got
}

func TestLabelsAreWhatWasMeant(t *testing.T) {
	nfc, nfd := "caf\u00e9", "cafe\u0301"
	for _, c := range []struct {
		name   string
		images []string
		text   string
		want   []string
	}{
		{"blank", []string{"a.jpg", "b.jpg", "c.jpg"}, "path,label\na.jpg,cat\nb.jpg,\nc.jpg,NA\n", []string{"a.jpg=cat", "b.jpg=", "c.jpg="}},
		{"names with #", []string{"#1 best.jpg", "#2.jpg", "a.jpg"}, "path,label\n#1 best.jpg,cat\n#2.jpg,cat\na.jpg,dog\n", []string{"#1 best.jpg=cat", "#2.jpg=cat", "a.jpg=dog"}},
		{"other form of Unicode", []string{nfd + ".jpg", "b.jpg"}, "path,label\n" + nfc + ".jpg," + nfd + "\n", []string{"b.jpg=", nfd + ".jpg=" + nfc}},
		{"ids", []string{"x/ISIC_1.jpg", "x/ISIC_2.png", "x/ISIC_3.jpg"}, "image_id,dx,age\nISIC_1,nv,50\nISIC_2,mel,60\n", []string{"x/ISIC_1.jpg=nv", "x/ISIC_2.png=mel", "x/ISIC_3.jpg="}},
		{"one column a class", []string{"1.jpg", "2.jpg", "3.jpg"}, "image,MEL,NV\n1,1.0,0.0\n2,0.0,1.0\n3,0.0,0.0\n", []string{"1.jpg=MEL", "2.jpg=NV", "3.jpg="}},
		{"paths of another machine", []string{"cat/1.jpg", "dog/1.jpg"}, "path;label\nC:\\set\\cat\\1.jpg;cat\nC:\\set\\dog\\1.jpg;dog\n", []string{"cat/1.jpg=cat", "dog/1.jpg=dog"}},
		{"the same row twice", []string{"a.jpg", "b.jpg"}, "a.jpg,cat\n./a.jpg,cat\n", []string{"a.jpg=cat", "b.jpg="}},
		{"numbers", []string{"a.jpg", "b.jpg"}, "a.jpg,007\nb.jpg,7\n", []string{"a.jpg=007", "b.jpg=7"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := tree(t, c.images...)
			file := filepath.Join(t.TempDir(), "labels.csv")
			write(t, file, []byte(c.text))
			for _, most := range []int{0, len(c.images)} { // the choice of a few goes another way
				list, _, err := run(t, &ingest.Images{Source: []string{dir}, Labels: file, MaxImages: most})
				if err != nil || !slices.Equal(classes(list), c.want) {
					t.Errorf("%d images at most: %q, %v; want %q", most, classes(list), err, c.want)
				}
			}
		})
	}
}

// TestListsAreWhatWasMeant: tables as sources go by the same rules.
func TestListsAreWhatWasMeant(t *testing.T) {
	nfc, nfd := "caf\u00e9", "cafe\u0301"
	for _, c := range []struct{ name, file, text, labels, want string }{
		{"blank labels are none", "l.csv", "path,label\np/a.jpg,cat\np/b.jpg,\n", "folder", "p/a.jpg=cat p/b.jpg="},
		{"no labels: the folders", "l.csv", "path\np/a.jpg\np/b.jpg\n", "folder", "p/a.jpg=p p/b.jpg=p"},
		{"semicolons", "l.csv", "path;label\np/a.jpg;cat\np/b.jpg;dog\n", "folder", "p/a.jpg=cat p/b.jpg=dog"},
		{"tabs in a text", "l.txt", "p/a.jpg\tcat\np/b.jpg\tdog\n", "folder", "p/a.jpg=cat p/b.jpg=dog"},
		{"names with # and a comment", "l.txt", "# mine\np/#1.jpg\n", "none", "p/#1.jpg="},
		{"ids and back slashes", "l.csv", "image_id,label\np\\a,cat\np\\b,dog\n", "folder", "p/a.jpg=cat p/b.jpg=dog"},
		{"other form of Unicode", "l.txt", "p/" + nfc + ".jpg\n", "none", "p/" + nfd + ".jpg="},
		{"folders", "l.txt", "p\n", "none", "p/#1.jpg= p/a.jpg= p/b.jpg= p/" + nfd + ".jpg="},
		{"a folder called as columns are", "l.txt", "images\n", "none", "images/z.jpg="},
		{"folders with labels", "l.csv", "path,label\np,cat\n", "folder", "p/#1.jpg=cat p/a.jpg=cat p/b.jpg=cat p/" + nfd + ".jpg=cat"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := tree(t, "p/a.jpg", "p/b.jpg", "p/#1.jpg", "p/"+nfd+".jpg", "images/z.jpg")
			write(t, filepath.Join(dir, c.file), []byte(c.text))
			list, _, err := run(t, &ingest.Images{Source: []string{filepath.Join(dir, c.file)}, Labels: c.labels})
			if got := strings.Join(classes(list), " "); err != nil || got != c.want {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestFoldersOfOneNameInTwoFormsAreOneClass(t *testing.T) {
	dir := tree(t, "caf\u00e9/1.jpg", "dog/1.jpg", "cafe\u0301/2.jpg")
	_, a, err := run(t, &ingest.Images{Source: []string{dir}, Labels: "folder"})
	if err != nil || a.Manifest.Counts["classes"] != 2 {
		t.Errorf("%v, %v", a, err)
	}
}

// TestTwoLabelsAreSetAside: an image that is said to be two things is no longer
// used; all such are in the quarantine with those who say so.
func TestTwoLabelsAreSetAside(t *testing.T) {
	twice := tree(t, "benign/1.jpg", "benign/2.jpg", "malignant/3.jpg", "malignant/4.jpg")
	for i := range 2 {
		write(t, filepath.Join(twice, fmt.Sprintf("malignant/again%d.jpg", i)), picture(i)) // as benign/1 and 2
	}
	write(t, filepath.Join(twice, "malignant/copy.jpg"), picture(3)) // as malignant/4: a copy is no contradiction
	flat := tree(t, "a.jpg", "b.jpg", "c.jpg")
	write(t, filepath.Join(flat, "copy of b.jpg"), picture(1))
	table := filepath.Join(t.TempDir(), "labels.csv")
	write(t, table, []byte("path,label\na.jpg,cat\nb.jpg,cat\nc.jpg,cat\na.jpg,dog\ncopy of b.jpg,owl\nc.jpg,cat\nc.jpg,\n"))
	write(t, filepath.Join(flat, "list.csv"), []byte("path,label\na.jpg,cat\nb.jpg,cat\nc.jpg,cat\na.jpg,dog\ncopy of b.jpg,owl\nc.jpg,cat\n"))
	for _, c := range []struct {
		name, source, labels      string
		images, set, duplicates   int64
		wantOne, wantTwo          []string
		wantOneFile, wantTwoFiles string
	}{
		{name: "folders", source: twice, labels: "folder", images: 2, set: 2, duplicates: 3,
			wantOne: []string{`benign/1.jpg says "benign"`, `malignant/again0.jpg says "malignant"`}, wantTwo: []string{`benign/2.jpg says "benign"`, `malignant/again1.jpg says "malignant"`}},
		{name: "table", source: flat, labels: table, images: 1, set: 2, duplicates: 1,
			wantOne: []string{`labels.csv:2 (a.jpg) says "cat"`, `labels.csv:5 (a.jpg) says "dog"`}, wantTwo: []string{`labels.csv:3 (b.jpg) says "cat"`, `labels.csv:6 (copy of b.jpg) says "owl"`}},
		{name: "list", source: filepath.Join(flat, "list.csv"), labels: "folder", images: 1, set: 2, duplicates: 3,
			wantOne: []string{`list.csv:2 (a.jpg) says "cat"`, `list.csv:5 (a.jpg) says "dog"`}, wantTwo: []string{`list.csv:3 (b.jpg) says "cat"`, `list.csv:6 (copy of b.jpg) says "owl"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, a, err := run(t, &ingest.Images{Source: []string{c.source}, Labels: c.labels})
			if err != nil {
				t.Fatal(err)
			}
			n := a.Manifest.Counts
			if n["images"] != c.images || n["quarantined"] != c.set || n["duplicates"] != c.duplicates || a.Manifest.Quarantine.Reasons["two-labels"] != c.set {
				t.Errorf("%v, %v", n, a.Manifest.Quarantine)
			}
			all, err := a.ReadFile("quarantine.jsonl")
			if err != nil {
				t.Fatal(err)
			}
			text := strings.ReplaceAll(string(all), `\"`, `"`)
			for _, want := range append(c.wantOne, c.wantTwo...) {
				if !strings.Contains(text, want) {
					t.Errorf("%s is not in\n%s", want, text)
				}
			}
		})
	}
}

// TestTooManyWithTwoLabels: beyond the limit the message has the first few, and
// the file all.
func TestTooManyWithTwoLabels(t *testing.T) {
	dir := t.TempDir()
	for i := range 12 {
		write(t, filepath.Join(dir, fmt.Sprintf("a/%d.jpg", i)), picture(i))
		write(t, filepath.Join(dir, fmt.Sprintf("b/%d.jpg", i)), picture(i))
	}
	write(t, filepath.Join(dir, "b/x.jpg"), picture(99))
	g := pipelines.New("t", pipelines.Root(t.TempDir()))
	pipelines.Add(g, "ingest", &ingest.Images{Source: []string{dir}, Labels: "folder"})
	_, err := runners.Run(t.Context(), g, runners.Options{})
	file := filepath.Join(g.Root(), "ingest", "quarantine.jsonl")
	if err == nil || !strings.Contains(err.Error(), "12 of 25 images cannot be used") || !strings.Contains(err.Error(), `says "a"`) || !strings.Contains(err.Error(), file) {
		t.Fatal(err)
	}
	all, err := os.ReadFile(file)
	if err != nil || strings.Count(string(all), "two-labels") != 12 {
		t.Fatalf("%v: %s", err, all)
	}
	for i := range 12 { // mended, nothing of it is left
		os.Remove(filepath.Join(dir, fmt.Sprintf("a/%d.jpg", i)))
	}
	if _, err := runners.Run(t.Context(), g, runners.Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("the quarantine of the failed run is still there")
	}
}
