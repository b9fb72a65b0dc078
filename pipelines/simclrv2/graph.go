package simclrv2

import (
	"errors"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/split"
)

// Edges are the artifacts of the ready graph, each by the stage that makes it.
// An edge that carries nothing is a stage that is not there.
type Edges struct {
	Images pipelines.Edge[pipelines.Images] // of Ingest, or what a stage of one's own left of them
	Tests  pipelines.Edge[pipelines.Images] // of IngestTests; nothing where Config.Test names none
	Sets   split.Sets                       // of Split: Train, Labelled, Unlabelled, Test

	Views   pipelines.Edge[pipelines.Views] // of PretrainViews
	Encoder pipelines.Edge[pipelines.Encoder]

	LabelledViews pipelines.Edge[pipelines.Views]
	Finetuned     pipelines.Edge[pipelines.Classifier] // the teacher
	Baseline      pipelines.Edge[pipelines.Classifier]
	Linear        pipelines.Edge[pipelines.Classifier] // nothing where Config.Evaluate.Linear is none

	UnlabelledViews pipelines.Edge[pipelines.Views] // of UnlabelledViews: the stage distill-views
	Targets         pipelines.Edge[pipelines.Targets]
	Distilled       pipelines.Edge[pipelines.Classifier] // the student

	Metrics pipelines.Edge[pipelines.Metrics]
	Report  pipelines.Edge[pipelines.Report]
}

// Build is the ready graph of a config: artifacts go under root, networks are
// computed on backend (auto, cpu, go, xla:cuda, xla:cpu).
func Build(c Config, root, backend string) (*pipelines.Graph, error) {
	c.Backend = backend
	g := pipelines.New("simclrv2", pipelines.Root(root))
	if len(c.Images) == 0 {
		return nil, errors.New("images is empty; want folders, .tar archives or lists of paths (--images PATH)")
	}
	return g, Complete(g, c, new(Edges))
}

// Compose adds all stages of the ready graph that come after the images, and
// returns all edges. The images are those of [Ingest], or what a stage of one's
// own made of them:
//
//	images := simclrv2.Ingest(g, c)
//	sharp := pipelines.Add(g, "sharp", pipelines.Each(&Sharp{MinVariance: 100}), images)
//	e, err := simclrv2.Compose(g, c, sharp)
//	pipelines.Add(g, "next", &LabelNext{Count: 20}, e.Targets)
//
// The error is that of the config or of the graph's Check.
func Compose(g *pipelines.Graph, c Config, images pipelines.Edge[pipelines.Images]) (Edges, error) {
	e := Edges{Images: images}
	err := Complete(g, c, &e)
	return e, err
}

// Complete adds the stages whose edges e does not carry yet, and sets these
// edges. What e carries takes the place of the ready stage:
//
//	e := simclrv2.Edges{Images: simclrv2.Ingest(g, c)}
//	e.Sets = simclrv2.Split(g, c, e)
//	e.Views = simclrv2.PretrainViews(g, c, e)
//	e.Encoder = pipelines.Add(g, "pretrain", &Mine{}, e.Views)
//	err := simclrv2.Complete(g, c, &e)
//
// To leave a stage out, call the functions of the others instead, as Complete
// does: each takes the edges that it finds. Reading on here is reading the
// method.
func Complete(g *pipelines.Graph, c Config, e *Edges) error {
	if err := c.check(); err != nil {
		return err
	}
	if e.Images.IsZero() {
		e.Images = Ingest(g, c)
	}
	if e.Tests.IsZero() {
		e.Tests = IngestTests(g, c)
	}
	if e.Sets.Train.IsZero() {
		e.Sets = Split(g, c, *e)
	}
	if c.Encoder != "" {
		fill(g, c, e, &e.Encoder, Encoder)
	} else {
		fill(g, c, e, &e.Views, PretrainViews)
		if e.Encoder.IsZero() && c.multiCrop() {
			return g.Check() // nothing here trains on these views
		}
		fill(g, c, e, &e.Encoder, Pretrain)
	}

	fill(g, c, e, &e.LabelledViews, LabelledViews)
	fill(g, c, e, &e.Linear, Linear)
	if c.Evaluate.Linear != linearOnly {
		fill(g, c, e, &e.Finetuned, Finetune)
		fill(g, c, e, &e.Baseline, Baseline)

		fill(g, c, e, &e.UnlabelledViews, UnlabelledViews)
		fill(g, c, e, &e.Targets, Label)
		fill(g, c, e, &e.Distilled, Distill)
	}

	fill(g, c, e, &e.Metrics, Evaluate)
	fill(g, c, e, &e.Report, Report)
	return g.Check()
}

// fill sets an edge that carries nothing yet to that of the stage that add adds.
func fill[T any](g *pipelines.Graph, c Config, e *Edges, edge *pipelines.Edge[T], add func(*pipelines.Graph, Config, Edges) pipelines.Edge[T]) {
	if edge.IsZero() {
		*edge = add(g, c, *e)
	}
}
