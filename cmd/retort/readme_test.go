package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/pipelines/simclrv2"
)

// TestReadmeGraphIsCurrent fails when the README shows another graph than the
// one that runs.
func TestReadmeGraphIsCurrent(t *testing.T) {
	want, err := os.ReadFile(filepath.Join("..", "..", "docs", "img", "graph.svg"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := simclrv2.Load("demo", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Images = []string{stagetest.Folder(t, 8, 1, "a", "b")}
	g, err := buildGraph(c, t.TempDir(), "auto")
	if err != nil {
		t.Fatal(err)
	}
	steps, err := g.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := drawSVG(&got, steps); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Error("docs/img/graph.svg does not show today's graph (make graph-picture)")
	}
}
