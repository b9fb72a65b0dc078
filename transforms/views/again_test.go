package views_test

import (
	"context"
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
