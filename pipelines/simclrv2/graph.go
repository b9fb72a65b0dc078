package simclrv2

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/distill"
	"github.com/retort-ml/retort/transforms/evaluate"
	"github.com/retort-ml/retort/transforms/finetune"
	"github.com/retort-ml/retort/transforms/ingest"
	"github.com/retort-ml/retort/transforms/label"
	"github.com/retort-ml/retort/transforms/pretrain"
	"github.com/retort-ml/retort/transforms/report"
	"github.com/retort-ml/retort/transforms/split"
	"github.com/retort-ml/retort/transforms/training"
	"github.com/retort-ml/retort/transforms/views"
	"github.com/retort-ml/retort/transforms/views/augment"
)

// Build composes the graph of a config: artifacts go under root, networks are
// computed on backend (auto, cpu, go, xla:cuda, xla:cpu).
func Build(c Config, root, backend string) (*pipelines.Graph, error) {
	b := builder{c: c, backend: backend, g: pipelines.New("simclrv2", pipelines.Root(root))}
	if len(c.Images) == 0 {
		return nil, fmt.Errorf("images is empty; want folders, .tar archives or lists of paths (--images PATH)")
	}
	if err := b.build(); err != nil {
		return nil, err
	}
	return b.g, b.g.Check()
}

type builder struct {
	c       Config
	backend string
	g       *pipelines.Graph
}

func (b *builder) build() error {
	c, g := b.c, b.g
	teacher, err := c.Teacher.config()
	if err != nil {
		return err
	}
	studentArch, err := c.Student.config()
	if err != nil {
		return err
	}
	compression, err := tfrecord.ParseCompression(c.Views.Compression)
	if err != nil {
		return err
	}
	images := pipelines.Add(g, "ingest", b.ingest(c.Images, c.Labels, c.Ingest.MaxImages))
	sets := split.Add(g, "split", b.split(), images)

	configs, err := b.pretrainViews()
	if err != nil {
		return err
	}
	pairs := pipelines.Add(g, "views", b.views(c.Views.Passes, compression, configs...), sets.Train)
	if len(configs) != 2 {
		return nil // multi-crop: nothing here trains on it
	}
	encoder := pipelines.Add(g, "pretrain", &pretrain.Stage{
		Settings: b.settings(c.Pretrain.OptimConfig), Arch: teacher, HeadLayers: c.Pretrain.HeadLayers,
		HeadDim: c.Pretrain.HeadDim, Temperature: c.Pretrain.Temperature, Seed: c.Seed, Labelled: sets.Labelled,
	}, pairs)

	few := pipelines.Add(g, "labelled-views", b.views(c.Finetune.Passes, compression, b.finetuneView()), sets.Labelled)
	finetuned := pipelines.Add(g, "finetune", &finetune.Stage{
		Settings: b.settings(c.Finetune.OptimConfig), Encoder: encoder,
		Selector: c.Finetune.Selector, LinearOnly: c.Finetune.LinearOnly, Seed: c.Seed,
	}, few)
	supervised := pipelines.Add(g, "baseline", &finetune.Stage{
		Settings: b.settings(c.Baseline.OptimConfig), Arch: teacher, Seed: c.Seed,
	}, few)

	unlabelled := pipelines.Add(g, "distill-views", b.views(c.Distill.Passes, compression, b.finetuneView()), sets.Train)
	targets := pipelines.Add(g, "label", &label.Stage{Teacher: finetuned, Batch: c.Evaluate.Batch, Backend: b.backend}, unlabelled)
	student := &distill.Stage{
		Settings: b.settings(c.Distill.OptimConfig), Targets: targets, Arch: studentArch,
		Temperature: c.Distill.Temperature, Alpha: c.Distill.Alpha, TauSquared: c.Distill.TauSquared, Seed: c.Seed,
	}
	if c.Distill.Alpha < 1 {
		student.Labelled = sets.Labelled
	}
	distilled := pipelines.Add(g, "distill", student, unlabelled)

	models := map[string]pipelines.Edge[pipelines.Classifier]{"supervised": supervised, "finetuned": finetuned, "distilled": distilled}
	metrics := pipelines.Add(g, "evaluate", &evaluate.Stage{
		Models: models, Encoder: encoder, Labelled: sets.Labelled, Targets: targets, Truth: images, Train: sets.Train,
		K: c.Evaluate.KNN, MaxPixels: c.Ingest.MaxPixels, Exact: c.Views.Exact, Batch: c.Evaluate.Batch, Backend: b.backend,
	}, sets.Test)
	var text bytes.Buffer
	if err := Print(&text, c); err != nil {
		return err
	}
	pipelines.Add(g, "report", &report.Stage{
		Title: b.title(), Images: images, Sets: sets.Train, Views: pairs, Encoder: encoder, Models: models,
		Order: []string{"supervised", "finetuned", "distilled"}, Teacher: "finetuned", Student: "distilled",
		Targets: targets, Metrics: metrics, Config: text.String(),
	})
	return nil
}

// title names the sources without the way to them.
func (b *builder) title() string {
	names := make([]string, len(b.c.Images))
	for i, source := range b.c.Images {
		names[i] = filepath.Base(source)
	}
	return strings.Join(names, ", ")
}

func (b *builder) ingest(sources []string, labels string, most int) *ingest.Images {
	s := &ingest.Images{Labels: labels, MaxImages: most, Seed: b.c.Seed, MaxPixels: b.c.Ingest.MaxPixels, Limit: b.c.Ingest.MaxRejected}
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

// split keeps the chosen share of a fully labelled set. Labels that come from a
// CSV are few already: all of them are kept.
func (b *builder) split() *split.ByLabel {
	s := &split.ByLabel{Fraction: b.c.Split.Fraction, PerClass: b.c.Split.PerClass, TestFraction: b.c.Split.TestFraction, Seed: b.c.Seed}
	if b.c.Labels != "folder" {
		s.Fraction, s.PerClass = 0, 0
	}
	if b.c.Split.IDs != "" {
		s.IDs = absolute(b.c.Split.IDs)
	}
	if len(b.c.Test) > 0 {
		s.Test = pipelines.Add(b.g, "ingest-test", b.ingest(b.c.Test, b.c.TestLabels, 0))
		s.TestFraction = 0
	}
	return s
}

func (b *builder) views(passes int, compression tfrecord.Compression, configs ...augment.Config) *views.Stage {
	v := b.c.Views
	return &views.Stage{
		Views: configs, Passes: passes, Seed: b.c.Seed, Store: v.Store, Compression: compression,
		ShardBytes: int64(v.ShardMB) << 20, Exact: v.Exact, MaxPixels: b.c.Ingest.MaxPixels,
	}
}

// pretrainViews are the views of one record for pretraining.
func (b *builder) pretrainViews() ([]augment.Config, error) {
	name := b.c.Views.Augmentation
	preset, ok := augment.PresetByName(name)
	if !ok {
		return nil, fmt.Errorf("views.augmentation = %q; want simclrv2, torchvision, byol, swav or dino", name)
	}
	configs := preset.Views(b.c.Size)
	if len(configs) == 1 { // torchvision's
		configs = append(configs, configs[0])
	}
	if configs[0].Size != b.c.Size {
		return nil, fmt.Errorf("views.augmentation = %s has views of fixed sizes (%s); set size: %d", name, preset.Doc, configs[0].Size)
	}
	for i := range configs {
		v := &configs[i]
		if name == "simclrv2" {
			v.Strength, v.Mode = b.c.Views.Strength, augment.BrightnessMode(b.c.Views.Brightness)
		}
		if v.Filter == augment.Bicubic {
			v.Filter = b.filter()
		}
	}
	return configs, nil
}

func (b *builder) finetuneView() augment.Config {
	v := augment.FineTune(b.c.Size)
	v.Filter = b.filter()
	return v
}

func (b *builder) filter() augment.Filter {
	if b.c.Views.Resize == "tf1" {
		return augment.BicubicTF1
	}
	return augment.Bicubic
}

func (b *builder) settings(o OptimConfig) training.Settings {
	scaling := o.Scaling
	if scaling == "none" {
		scaling = "fixed"
	}
	return training.Settings{
		Epochs: o.Epochs, Batch: o.Batch, Optimizer: o.Optimizer, LearningRate: o.LearningRate, Scaling: scaling,
		WarmupEpochs: o.WarmupEpochs, WeightDecay: o.WeightDecay, CheckpointEvery: o.CheckpointEvery, Backend: b.backend,
	}
}

// config is the network in the engine's terms.
func (n NetConfig) config() (resnet.Config, error) {
	depth, err := strconv.Atoi(strings.TrimPrefix(n.Arch, "resnet"))
	if err != nil {
		return resnet.Config{}, fmt.Errorf("arch = %q; want resnet18, resnet50, …", n.Arch)
	}
	c := resnet.Config{Depth: depth, Width: n.Width}
	if n.SK {
		c.SKRatio = 0.0625
	}
	return c, c.Validate()
}
