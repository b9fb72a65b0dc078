package sweep

import (
	"errors"
	"slices"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/simclrv2"
)

// Build is one graph of all points, under root. What they share is one stage:
// there is one ingest for all seeds, and the images to train on without labels
// are those of one split a seed, whatever fraction keeps its labels (a fraction
// takes no image out of them), so that one pretraining serves all fractions and
// selectors. Each point's Stage is set.
func Build(points []*Point, root, backend string, options ...pipelines.Option) (*pipelines.Graph, error) {
	if len(points) == 0 {
		return nil, errors.New("the sweep has no points")
	}
	g := pipelines.New("sweep", append([]pipelines.Option{pipelines.Root(root), pipelines.Variants()}, options...)...)
	for _, p := range points {
		c := p.Config
		c.Backend = backend
		if len(c.Images) == 0 {
			return nil, errors.New("images is empty; want folders, .tar archives or lists of paths (--images PATH)")
		}
		p.Stage = p.add(g, c).Stage()
	}
	return g, g.Check()
}

// add puts the stages of a point into the graph.
func (p *Point) add(g *pipelines.Graph, c simclrv2.Config) pipelines.Edge[pipelines.Metrics] {
	first := c
	first.Seed = 1 // it chooses among the images where max_images says so: the same ones for all
	e := simclrv2.Edges{Images: simclrv2.Ingest(g, first), Tests: simclrv2.IngestTests(g, first)}
	e.Sets = simclrv2.Split(g, c, e)
	e.Sets.Train = simclrv2.Split(g, pool(c), e).Train
	wants := func(model string) bool { return slices.Contains(p.Models, model) }

	e.LabelledViews = simclrv2.LabelledViews(g, c, e)
	if wants(supervised) {
		e.Baseline = simclrv2.Baseline(g, c, e)
	}
	if wants(linear) || wants(finetuned) || wants(distilled) {
		if c.Encoder != "" {
			e.Encoder = simclrv2.Encoder(g, c, e)
		} else {
			e.Views = simclrv2.PretrainViews(g, c, e)
			unwatched := e
			unwatched.Sets.Labelled = pipelines.Edge[pipelines.Images]{} // those of one fraction are not those of another
			e.Encoder = simclrv2.Pretrain(g, c, unwatched)
		}
	}
	if wants(linear) {
		beside := c
		beside.Evaluate.Linear = "beside"
		e.Linear = simclrv2.Linear(g, beside, e)
	}
	if wants(finetuned) || wants(distilled) {
		e.Finetuned = simclrv2.Finetune(g, c, e)
	}
	if wants(distilled) {
		e.UnlabelledViews = simclrv2.UnlabelledViews(g, c, e)
		e.Targets = simclrv2.Label(g, c, e)
		e.Distilled = simclrv2.Distill(g, c, e)
	}
	return simclrv2.Evaluate(g, c, e)
}

// pool is the config of the split whose images all points of a seed train on
// without labels: how many keep theirs changes nothing there.
func pool(c simclrv2.Config) simclrv2.Config {
	c.Split.Fraction, c.Split.PerClass, c.Split.IDs, c.Split.Validation = 0, 0, "", 0
	return c
}
