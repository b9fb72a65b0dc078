package ingest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/retort-ml/retort/io/imagefile"
)

func table(t *testing.T, text string) (*labelTable, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "labels.csv")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return readLabels(path)
}

func TestBrokenLabels(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no label", "a.jpg,cat\nb.jpg\n", `labels.csv:2: "b.jpg": cells: 1, want 2`},
		{"comma in a path", "a.jpg,cat\nb,c.jpg,cat\n", `labels.csv:2: "b,c.jpg,cat": cells: 3, want 2`},
		{"empty label", "path,label\na.jpg, \n", `labels.csv:2: "a.jpg," is no path,label`},
		{"open quote", "a.jpg,cat\nb.jpg,\"dog\n", "labels.csv:2:12: extraneous or missing"},
		{"two labels", "a.jpg,cat\n./a.jpg,dog\n", `labels.csv:2: "./a.jpg" has the label "dog" here and "cat" in line 1`},
		{"nothing", "path,label\n", "no labels in it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := table(t, c.text); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestLabelsFindTheirImages(t *testing.T) {
	labels, err := table(t, "split,class,file\ntrain,cat,photos/a.jpg\ntrain,dog,sub/b.jpg\ntrain,fox,c.jpg\ntrain,owl,00112233445566778899aabbccddeeff\n")
	if err != nil {
		t.Fatal(err)
	}
	id := imagefile.ID{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
	for _, c := range []struct {
		id        *imagefile.ID
		name, uri string
		want      string
	}{
		{nil, "a.jpg", "/home/me/photos/a.jpg", "cat"}, // as the shell would name it
		{nil, "deep/sub/b.jpg", "/data/x.tar", "dog"},
		{nil, "b.jpg", "/data/other/b.jpg", ""},
		{nil, "c.jpg", "/data/c.jpg", "fox"},
		{nil, "sub/c.jpg", "/data/sub/c.jpg", ""}, // the line names the one above whole
		{&id, "x.jpg", "/data/x.jpg", "owl"},
		{&id, "copy-of-x.jpg", "/data/copy-of-x.jpg", "owl"},
	} {
		if got, err := labels.class(c.id, imagefile.Entry{Name: c.name, URI: c.uri}); err != nil || got != c.want {
			t.Errorf("%s: got %q, %v; want %q", c.name, got, err, c.want)
		}
	}
	if err := labels.unused(nil); err != nil {
		t.Error(err)
	}
}

func TestOneLineForSeveralImagesIsAnError(t *testing.T) {
	labels, err := table(t, "a.jpg,cat\n")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := labels.class(nil, imagefile.Entry{Name: "x/a.jpg", URI: "/x/a.jpg"}); err != nil {
		t.Fatal(err)
	}
	if _, err := labels.class(nil, imagefile.Entry{Name: "y/a.jpg", URI: "/y/a.jpg"}); err == nil || !strings.Contains(err.Error(), `:1: "a.jpg" names several images`) {
		t.Errorf("got %v", err)
	}
}

// TestSubsetKeepsTheLabelled: a few labels among many images must survive
// MaxImages.
func TestSubsetKeepsTheLabelled(t *testing.T) {
	dir := t.TempDir()
	for i := range 40 {
		name := filepath.Join(dir, string(rune('a'+i%26))+string(rune('a'+i/26))+".jpg")
		if err := os.WriteFile(name, []byte{0xff, 0xd8, byte(i)}, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	labels, err := table(t, "aa.jpg,x\nba.jpg,x\nza.jpg,y\nab.jpg,y\nnb.jpg,y\n")
	if err != nil {
		t.Fatal(err)
	}
	s := &Images{Source: []string{dir}, MaxImages: 10, Seed: 1}
	entries, total, err := s.subset(t.Context(), labels, nil)
	if err != nil || total != 10 {
		t.Fatal(total, err)
	}
	labelled := 0
	for e, err := range entries {
		if err != nil {
			t.Fatal(err)
		}
		if class, _ := labels.class(nil, e); class != "" {
			labelled++
		}
	}
	if labelled != 5 {
		t.Errorf("%d of 5 labelled images are in the subset", labelled)
	}
}
