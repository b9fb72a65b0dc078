package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/pipelines/simclrv2"
	"github.com/retort-ml/retort/runners/program"
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
	draw, err := program.Drawer("svg")
	if err != nil {
		t.Fatal(err)
	}
	if err := draw(&got, steps); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Error("docs/img/graph.svg does not show today's graph (make graph-picture)")
	}
}

// TestReadmeNamesEveryCommand, and none that there is not.
func TestReadmeNamesEveryCommand(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var rows, names []string
	for _, row := range regexp.MustCompile("(?m)^\\| `retort ([a-z]+)` \\|").FindAllSubmatch(page, -1) {
		rows = append(rows, string(row[1]))
	}
	for _, c := range commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	slices.Sort(rows)
	slices.Sort(names)
	if !slices.Equal(rows, names) {
		t.Errorf("the table has %q\nthere are     %q", rows, names)
	}
}

// TestReadmeProgramIsTheExample: what the README shows is built and run.
func TestReadmeProgramIsTheExample(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(filepath.Join("..", "..", "examples", "sharp", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	_, block, found := strings.Cut(string(page), "```go\n")
	block, _, ended := strings.Cut(block, "```")
	if !found || !ended || !strings.HasSuffix(string(program), block) {
		t.Errorf("examples/sharp/main.go does not end with\n%s", block)
	}
}
