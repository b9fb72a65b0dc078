package simclrv2

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/distill"
	"github.com/retort-ml/retort/transforms/encoder"
	"github.com/retort-ml/retort/transforms/evaluate"
	"github.com/retort-ml/retort/transforms/finetune"
	"github.com/retort-ml/retort/transforms/ingest"
	"github.com/retort-ml/retort/transforms/label"
	"github.com/retort-ml/retort/transforms/pretrain"
	"github.com/retort-ml/retort/transforms/report"
	"github.com/retort-ml/retort/transforms/split"
)

// Names by which an evaluation and the report know the models.
const (
	supervised = "supervised"
	linear     = "linear"
	finetuned  = "finetuned"
	distilled  = "distilled"
)

// Ingest adds the stage "ingest": it lists and checks the images of the config.
func Ingest(g *pipelines.Graph, c Config) pipelines.Edge[pipelines.Images] {
	return pipelines.Add(g, "ingest", c.ingest(c.Images, c.Labels, c.Ingest.MaxImages))
}

// IngestTests adds the stage "ingest-test" where the config names a test set of
// its own; where it does not, the edge carries nothing.
func IngestTests(g *pipelines.Graph, c Config) (tests pipelines.Edge[pipelines.Images]) {
	if len(c.Test) > 0 {
		tests = pipelines.Add(g, "ingest-test", c.ingest(c.Test, c.TestLabels, 0))
	}
	return tests
}

func (c Config) ingest(sources []string, labels string, most int) *ingest.Images {
	s := &ingest.Images{Labels: labels, MaxImages: most, Seed: c.Seed, MaxPixels: c.Ingest.MaxPixels, Limit: c.Ingest.MaxRejected}
	for _, source := range sources {
		s.Source = append(s.Source, absolute(source))
	}
	if labels != "folder" && labels != "none" && labels != "" {
		s.Labels = absolute(labels)
	}
	return s
}

// absolute makes a path independent of the folder that a later run starts in.
func absolute(path string) string {
	if strings.Contains(path, "://") {
		return path
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// Split adds the stage "split", which reads e.Images. It keeps the chosen share
// of a fully labelled set; labels that come from a CSV are few already: all of
// them are kept. e.Tests is what is held out; nothing there holds out a share
// of the images.
func Split(g *pipelines.Graph, c Config, e Edges) split.Sets {
	s := &split.ByLabel{Fraction: c.Split.Fraction, PerClass: c.Split.PerClass, TestFraction: c.Split.TestFraction, Validation: c.Split.Validation, Test: e.Tests, Seed: c.Seed}
	if c.Labels != "folder" {
		s.Fraction, s.PerClass = 0, 0
	}
	if c.Split.IDs != "" {
		s.IDs = absolute(c.Split.IDs)
	}
	if !e.Tests.IsZero() {
		s.TestFraction = 0
	}
	return split.Add(g, "split", s, e.Images)
}

// Pretrain adds the stage "pretrain", which learns from e.Views without labels.
// Those of e.Sets.Labelled only watch it.
func Pretrain(g *pipelines.Graph, c Config, e Edges) pipelines.Edge[pipelines.Encoder] {
	choice, err := c.Pretrain.objective()
	if err != nil {
		g.Fail(err)
	}
	settings := c.settings(c.Pretrain.OptimConfig)
	settings.Chunk = c.Pretrain.Chunk
	return pipelines.Add(g, "pretrain", &pretrain.Stage{
		Settings: settings, Arch: c.arch(g, c.Teacher), HeadLayers: c.Pretrain.HeadLayers,
		HeadDim: c.Pretrain.HeadDim, Temperature: c.Pretrain.Temperature, Objective: choice, Seed: c.Seed, Labelled: e.Sets.Labelled,
	}, e.Views)
}

// Encoder adds the stage "encoder", in place of "views" and "pretrain": the network
// is that of the checkpoint that the config names.
func Encoder(g *pipelines.Graph, c Config, _ Edges) pipelines.Edge[pipelines.Encoder] {
	s, err := encoder.New(absolute(c.Encoder), c.Size)
	if err == nil && c.Finetune.Selector > s.KeptLayers {
		err = fmt.Errorf("%s holds %d layers of a projection head; finetune.selector = %d, want 0 to %d", c.Encoder, s.KeptLayers, c.Finetune.Selector, s.KeptLayers)
	}
	if err != nil {
		g.Fail(fmt.Errorf("encoder: %w", err))
		s = &encoder.Stage{}
	}
	return pipelines.Add(g, "encoder", s)
}

// Finetune adds the stage "finetune": e.Encoder and the few labels of
// e.LabelledViews give the teacher.
func Finetune(g *pipelines.Graph, c Config, e Edges) pipelines.Edge[pipelines.Classifier] {
	return pipelines.Add(g, "finetune", &finetune.Stage{
		Settings: c.settings(c.Finetune.OptimConfig), Encoder: e.Encoder,
		Selector: c.Finetune.Selector, LinearOnly: c.Finetune.LinearOnly, Seed: c.Seed,
		Freeze: c.Finetune.Freeze, LabelSmoothing: c.Finetune.LabelSmoothing, Validation: c.validation(e, c.Finetune.StopConfig),
	}, e.LabelledViews)
}

// What EvaluateConfig.Linear may be, but for beside.
const (
	linearNone = "none"
	linearOnly = "only"
)

// Linear adds the stage "linear" where the config asks for it: a linear classifier
// on the frozen features of e.Encoder, trained on e.LabelledViews as section 4.2 of
// SimCLR does (momentum, no projection head). It says what the encoder knows.
func Linear(g *pipelines.Graph, c Config, e Edges) (none pipelines.Edge[pipelines.Classifier]) {
	if c.Evaluate.Linear == linearNone || c.Evaluate.Linear == "" {
		return none
	}
	return pipelines.Add(g, "linear", &finetune.Stage{
		Settings: c.settings(OptimConfig{
			Epochs: c.Evaluate.LinearEpochs, Batch: 512, Optimizer: "momentum", LearningRate: c.Evaluate.LinearLearningRate, Scaling: "linear",
			WeightDecay: 1e-6, CheckpointEvery: c.Finetune.CheckpointEvery,
		}),
		Encoder: e.Encoder, LinearOnly: true, Seed: c.Seed, Validation: c.validation(e, StopConfig{}),
	}, e.LabelledViews)
}

// Baseline adds the stage "baseline": the teacher's network, from scratch or
// from the encoder of baseline.init, on e.LabelledViews alone.
func Baseline(g *pipelines.Graph, c Config, e Edges) pipelines.Edge[pipelines.Classifier] {
	return pipelines.Add(g, "baseline", &finetune.Stage{
		Settings: c.settings(c.Baseline.OptimConfig), Arch: c.teacher(g), Seed: c.Seed, LabelSmoothing: c.Baseline.LabelSmoothing,
		Encoder: c.start(g, "baseline", c.Baseline.Init, c.teacher(g)), Validation: c.validation(e, c.Baseline.StopConfig),
	}, e.LabelledViews)
}

// Label adds the stage "label": what the teacher, e.Finetuned, thinks of each
// view of e.UnlabelledViews.
func Label(g *pipelines.Graph, c Config, e Edges) pipelines.Edge[pipelines.Targets] {
	s := &label.Stage{Teacher: e.Finetuned, Batch: c.Evaluate.Batch, Backend: c.Backend}
	if c.Distill.LabelPrecision != backend.F32 {
		s.Precision = c.Distill.LabelPrecision
	}
	return pipelines.Add(g, "label", s, e.UnlabelledViews)
}

// Distill adds the stage "distill": a student that learns e.Targets on
// e.UnlabelledViews, and the labels of e.Sets.Labelled where the config gives
// them weight.
func Distill(g *pipelines.Graph, c Config, e Edges) pipelines.Edge[pipelines.Classifier] {
	s := &distill.Stage{
		Settings: c.settings(c.Distill.OptimConfig), Targets: e.Targets, Arch: c.arch(g, c.Student),
		Temperature: c.Distill.Temperature, Alpha: c.Distill.Alpha, TauSquared: c.Distill.TauSquared, Seed: c.Seed,
		Validation: c.validation(e, c.Distill.StopConfig),
	}
	s.Encoder = c.start(g, "distill", c.Distill.Init, s.Arch)
	if c.Distill.Alpha < 1 {
		s.Labelled = e.Sets.Labelled
	}
	return pipelines.Add(g, "distill", s, e.UnlabelledViews)
}

// Evaluate adds the stage "evaluate", which measures the models that there are
// on e.Sets.Test, and the teacher on what e.Images knows of the images that it
// labelled.
func Evaluate(g *pipelines.Graph, c Config, e Edges) pipelines.Edge[pipelines.Metrics] {
	return pipelines.Add(g, "evaluate", &evaluate.Stage{
		Models: e.models(), Encoder: e.Encoder, Labelled: e.Sets.Labelled, Validation: e.Sets.Validation, Targets: e.Targets, Truth: e.Images, Train: e.Sets.Train,
		K: c.Evaluate.KNN, MaxPixels: c.Ingest.MaxPixels, Exact: c.Views.Exact, Batch: c.Evaluate.Batch, Backend: c.Backend,
	}, e.Sets.Test)
}

// models are the classifiers that there are.
func (e Edges) models() map[string]pipelines.Edge[pipelines.Classifier] {
	models := map[string]pipelines.Edge[pipelines.Classifier]{supervised: e.Baseline, linear: e.Linear, finetuned: e.Finetuned, distilled: e.Distilled}
	for name, edge := range models {
		if edge.IsZero() {
			delete(models, name)
		}
	}
	return models
}

// Report adds the stage "report": a page about all edges that there are;
// e.Metrics has to be.
func Report(g *pipelines.Graph, c Config, e Edges) pipelines.Edge[pipelines.Report] {
	var text bytes.Buffer
	if err := Schema.Record(&text, c); err != nil {
		g.Fail(err)
	}
	order := []string{supervised, finetuned, distilled}
	if !e.Linear.IsZero() {
		order = slices.Insert(order, 1, linear)
	}
	return pipelines.Add(g, "report", &report.Stage{
		Title: c.title(), Images: e.Images, Sets: e.Sets.Train, Views: e.Views, Encoder: e.Encoder, Models: e.models(),
		Order: order, Teacher: finetuned, Student: distilled,
		Targets: e.Targets, Metrics: e.Metrics, Config: text.String(),
	})
}

// title names the sources without the way to them.
func (c Config) title() string {
	names := make([]string, len(c.Images))
	for i, source := range c.Images {
		names[i] = filepath.Base(source)
	}
	return strings.Join(names, ", ")
}
