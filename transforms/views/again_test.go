package views_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/retort-ml/retort/internal/stagetest"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/transforms/ingest"
	"github.com/retort-ml/retort/transforms/views"
)

// interrupted is a stage that is cancelled after some images.
type interrupted struct{ *views.Stage }

func (s interrupted) RunShard(ctx context.Context, in pipelines.Artifact[pipelines.Images], out *pipelines.Output[pipelines.Views], shard int) error {
	c := &ends{Context: ctx}
	c.left.Store(38)
	return s.Stage.RunShard(c, in, out, shard)
}

// ends is a context that ends when it was asked so often.
type ends struct {
	context.Context
	left atomic.Int64
}

func (c *ends) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return c.Context.Err()
}

// A shard that ends in the middle leaves nothing to the next one of the process.
func TestAfterAnInterruptedShard(t *testing.T) {
	source := stagetest.Folder(t, 24, 100, "a", "b")
	s := &views.Stage{Views: pair(120), Passes: 1, Seed: 3} // large enough for a disk to be written directly
	_, want := run(t, source, "direct", s)
	for range 3 {
		g := pipelines.New("t", pipelines.Root(t.TempDir()))
		images := pipelines.Add(g, "ingest", &ingest.Images{Source: []string{source}, Labels: "folder"})
		pipelines.Add(g, "views", interrupted{s}, images)
		if _, err := runners.Run(t.Context(), g, runners.Options{}); err == nil {
			t.Fatal("it was not interrupted")
		}
		_, got := run(t, source, "direct", s)
		for i, f := range want.Files("views") {
			if g := got.Files("views")[i]; g != f {
				t.Fatalf("got %+v, want %+v", g, f)
			}
		}
	}
}

// Images that cannot be used leave no trace where records of several are written
// together, wherever they lie among these.
func TestBadImagesAmongRecordsWrittenTogether(t *testing.T) {
	source := stagetest.Folder(t, 24, 100, "a", "b")
	g := pipelines.New("t", pipelines.Root(t.TempDir()))
	images := pipelines.Add(g, "ingest", &ingest.Images{Source: []string{source}, Labels: "folder"})
	s := &views.Stage{Views: pair(120), Passes: 2, Seed: 3} // large enough for a disk to be written directly
	pipelines.Add(g, "views", s, images)
	var bad []string
	for _, n := range []string{"a/003", "a/004", "a/050", "a/051", "a/052", "b/000", "b/033", "b/070", "b/071", "b/099"} {
		bad = append(bad, filepath.Join(source, n+".jpg"))
	}
	spoil := after{stage: "ingest", do: func() {
		for _, name := range bad {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			replace(t, name, make([]byte, info.Size()))
		}
	}}
	if _, err := runners.Run(t.Context(), g, runners.Options{Reporter: spoil}); err != nil {
		t.Fatal(err)
	}
	for _, name := range bad {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	got, _ := opened(t, g)
	want, _ := run(t, source, "direct", s)
	if all(t, got, 2*190) != all(t, want, 2*190) {
		t.Error("the records differ from those of a set without the images")
	}
}

// all are n records in an order that does not depend on the blocks.
func all(t *testing.T, d *views.Dataset, n int64) string {
	t.Helper()
	return strings.Join(slices.Sorted(strings.Lines(stream(t, d, 0, n))), "")
}
