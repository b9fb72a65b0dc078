package views_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/transforms/ingest"
	"github.com/retort-ml/retort/transforms/views"
)

// TestMovedRun: images that ingest copied out of a compressed archive are found
// after the run's folder was renamed, also by stored recipes, and what was made
// is kept.
func TestMovedRun(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	w := tar.NewWriter(z)
	if err := w.AddFS(os.DirFS(stagetest.Folder(t, 24, 6, "a", "b"))); err != nil {
		t.Fatal(err)
	}
	w.Close()
	z.Close()
	archive := filepath.Join(t.TempDir(), "images.tar.gz")
	stagetest.Write(t, archive, packed.Bytes())
	graph := func(root string, seed uint64) *pipelines.Graph {
		g := pipelines.New("t", pipelines.Root(root))
		images := pipelines.Add(g, "ingest", &ingest.Images{Source: []string{archive}, Labels: "folder"})
		pipelines.Add(g, "views", &views.Stage{Views: pair(8), Passes: 1, Store: "recipe", Seed: seed}, images)
		return g
	}
	before, after := filepath.Join(t.TempDir(), "before"), filepath.Join(t.TempDir(), "deeper", "after")
	if _, err := runners.Run(t.Context(), graph(before, 1), runners.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(after), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(before, after); err != nil {
		t.Fatal(err)
	}
	replay(t, after)
	results, err := runners.Run(t.Context(), graph(after, 1), runners.Options{})
	if err != nil || results[0].State != pipelines.Keep || results[1].State != pipelines.Keep {
		t.Fatalf("%+v, %v", results, err)
	}
	results, err = runners.Run(t.Context(), graph(after, 2), runners.Options{})
	if err != nil || results[0].State != pipelines.Keep || results[1].Manifest.Counts["images"] != 12 {
		t.Fatalf("%+v, %v", results, err)
	}
	replay(t, after)
}

// replay makes the pixels of the recipes of all 12 images, twice.
func replay(t *testing.T, root string) {
	t.Helper()
	a, err := pipelines.LoadArtifact[pipelines.Views](filepath.Join(root, "views"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := views.Open(a)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range d.Stream(1, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 24 {
			break
		}
	}
}
