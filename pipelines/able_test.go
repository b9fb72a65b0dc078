package pipelines_test

import (
	"context"
	"errors"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners/direct"
)

// Picky is a stage that this machine cannot do.
type Picky struct{ Lack string }

func init() { pipelines.Register(&Picky{}) }

func (p *Picky) CanRun() error { return errors.New(p.Lack) }

func (p *Picky) Run(_ context.Context, _ noArtifact, out textOut) error {
	return out.WriteFile("x", []byte(p.Lack))
}

// TestWhatThisMachineCannotDoIsToldBeforeAnythingRuns, each reason once; a runner whose
// workers are elsewhere is not kept from it.
func TestWhatThisMachineCannotDoIsToldBeforeAnythingRuns(t *testing.T) {
	graph := func(root string) *pipelines.Graph {
		g := lastingGraph(root, func(int) error { return nil })
		pipelines.Add(g, "first", &Picky{Lack: "no wings"})
		pipelines.Add(g, "second", &Picky{Lack: "no wings"})
		pipelines.Add(g, "third", &Picky{Lack: "no fins"})
		return g
	}
	root := t.TempDir()
	_, err := run(t, graph(root), "direct")
	if err == nil || err.Error() != "first: no wings\nthird: no fins" {
		t.Errorf("got %v", err)
	}
	if n := lastings.begun.Load(); n != 0 {
		t.Errorf("%d shards were begun", n)
	}
	if _, err := graph(root).Execute(t.Context(), direct.Runner{}, pipelines.Silent{}, "lasting"); err != nil {
		t.Errorf("what is not asked for stands against what is: %v", err)
	}
	if _, err := graph(t.TempDir()).Execute(t.Context(), &far{jobs: map[string]*beam.Pipeline{}}, pipelines.Silent{}, "first"); err != nil {
		t.Errorf("elsewhere: %v", err)
	}
}
