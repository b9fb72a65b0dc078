package simclrv2

import (
	"fmt"

	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/views"
	"github.com/retort-ml/retort/transforms/views/augment"
)

// PretrainViews adds the stage "views": augmented views of e.Sets.Train for
// pretraining, two of each image, or those of a multi-crop augmentation.
func PretrainViews(g *pipelines.Graph, c Config, e Edges) pipelines.Edge[pipelines.Views] {
	configs, err := c.pretrainViews()
	if err != nil {
		g.Fail(err)
	}
	return pipelines.Add(g, "views", c.views(g, c.Views.Passes, configs...), e.Sets.Train)
}

// LabelledViews adds the stage "labelled-views": cropped and flipped views of
// the few images that keep their labels, e.Sets.Labelled.
func LabelledViews(g *pipelines.Graph, c Config, e Edges) pipelines.Edge[pipelines.Views] {
	return pipelines.Add(g, "labelled-views", c.views(g, c.Finetune.Passes, c.finetuneView()), e.Sets.Labelled)
}

// UnlabelledViews adds the stage "distill-views": cropped and flipped views of
// all training images, e.Sets.Train, for the teacher to label.
func UnlabelledViews(g *pipelines.Graph, c Config, e Edges) pipelines.Edge[pipelines.Views] {
	return pipelines.Add(g, "distill-views", c.views(g, c.Distill.Passes, c.finetuneView()), e.Sets.Train)
}

func (c Config) views(g *pipelines.Graph, passes int, configs ...augment.Config) *views.Stage {
	compression, err := tfrecord.ParseCompression(c.Views.Compression)
	if err != nil {
		g.Fail(err)
	}
	v := c.Views
	return &views.Stage{
		Views: configs, Passes: passes, Seed: c.Seed, Store: v.Store, Compression: compression,
		ShardBytes: int64(v.ShardMB) << 20, Exact: v.Exact, MaxPixels: c.Ingest.MaxPixels,
	}
}

// pretrainViews are the views of one record for pretraining.
func (c Config) pretrainViews() ([]augment.Config, error) {
	name := c.Views.Augmentation
	preset, ok := augment.PresetByName(name)
	if !ok {
		return nil, fmt.Errorf("views.augmentation = %q; want simclrv2, torchvision, byol, swav or dino", name)
	}
	configs := preset.Views(c.Size)
	if len(configs) == 1 { // torchvision's
		configs = append(configs, configs[0])
	}
	if configs[0].Size != c.Size {
		return nil, fmt.Errorf("views.augmentation = %s has views of fixed sizes (%s); set size: %d", name, preset.Doc, configs[0].Size)
	}
	for i := range configs {
		v := &configs[i]
		v.Extras = c.Views.Used()
		if name == "simclrv2" {
			v.Strength, v.Mode = c.Views.Strength, augment.BrightnessMode(c.Views.Brightness)
		}
		if v.Filter == augment.Bicubic {
			v.Filter = c.filter()
		}
	}
	return configs, nil
}

// multiCrop tells views that the ready graph makes but does not train on.
func (c Config) multiCrop() bool {
	configs, err := c.pretrainViews()
	return err == nil && len(configs) != 2
}

func (c Config) finetuneView() augment.Config {
	v := augment.FineTune(c.Size)
	v.Filter = c.filter()
	return v
}

func (c Config) filter() augment.Filter {
	if c.Views.Resize == "tf1" {
		return augment.BicubicTF1
	}
	return augment.Bicubic
}
