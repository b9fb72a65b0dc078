package ingest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/retort-ml/retort/io/imagefile"
)

func labelsOf(t *testing.T, text string) (*labelTable, error) {
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
		{"empty label", "path,label\na.jpg, \n", "no labels in it (rows: 1; "},
		{"open quote", "a.jpg,cat\nb.jpg,\"dog\n", "labels.csv:2:7: a quote opens here and is not closed"},
		{"nothing", "path,label\n", "no labels in it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := labelsOf(t, c.text); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
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
	labels, err := labelsOf(t, "aa.jpg,x\nba.jpg,x\nza.jpg,y\nab.jpg,y\nnb.jpg,y\n")
	if err != nil {
		t.Fatal(err)
	}
	s := &Images{Source: []string{dir}, MaxImages: 10, Seed: 1}
	entries, total, err := s.subset(t.Context(), labels, imagefile.ListOptions{})
	if err != nil || total != 10 {
		t.Fatal(total, err)
	}
	labelled := 0
	for e, err := range entries {
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range labels.names.Keys() {
			if k.Images[0].Name == e.Name {
				labelled++
			}
		}
	}
	if labelled != 5 {
		t.Errorf("%d of 5 labelled images are in the subset", labelled)
	}
}
