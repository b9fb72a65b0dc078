package ingest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/retort-ml/retort/transforms/ingest"
)

// TestLenientReadingsAreNoted: an image that is read in spite of a fault says so
// in the index, and the manifest counts them; others have no note.
func TestLenientReadingsAreNoted(t *testing.T) {
	dir := folder(t, 3, "cat")
	for i, name := range []string{"iccp.png", "surplus.png", "cmyk.jpg", "nocolours.gif"} {
		data, err := os.ReadFile("../../io/imagefile/testdata/golden/" + name)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "cat", name), data)
		if i == 0 {
			write(t, filepath.Join(dir, "cat", "again.png"), append(data, "trailer"...))
		}
	}
	list, a, err := run(t, &ingest.Images{Source: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"iccp.png": "wrong-checksum", "again.png": "wrong-checksum", "surplus.png": "surplus-data", "cmyk.jpg": "unmarked-cmyk", "nocolours.gif": "no-colour-table"}
	for _, e := range list {
		if got := e.Notes["lenient"]; got != want[filepath.Base(e.Name)] || got == "" && e.Notes != nil {
			t.Errorf("%s: notes %v; want %q", e.Name, e.Notes, want[filepath.Base(e.Name)])
		}
	}
	for _, part := range []string{"wrong where it does not touch the pixels): 2", "more data than the picture has rows): 1", "0 is full ink or none", "no colour table"} {
		if !strings.Contains(strings.Join(a.Manifest.Notes, "\n"), part) {
			t.Errorf("notes %q lack %q", a.Manifest.Notes, part)
		}
	}
}
