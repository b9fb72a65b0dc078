package simclrv2

import (
	"cmp"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/encoder"
	"github.com/retort-ml/retort/transforms/training"
)

// check reports what a config has that no stage can be made of.
func (c Config) check() error {
	for _, net := range []NetConfig{c.Teacher, c.Student} {
		if _, err := net.config(); err != nil {
			return err
		}
	}
	if _, err := tfrecord.ParseCompression(c.Views.Compression); err != nil {
		return err
	}
	if _, err := c.Pretrain.objective(); err != nil {
		return err
	}
	_, err := c.pretrainViews()
	return err
}

// objective is what pretraining is for; the zero choice is NT-Xent, unless
// that has settings of its own.
func (p PretrainConfig) objective() (objective.Choice, error) {
	name, settings := cmp.Or(objective.Name(p.Objective), objective.NTXent), p.ObjectiveSettings
	if p.Memory > 0 {
		if name != objective.NTXent {
			return objective.Choice{}, fmt.Errorf("pretrain: memory = %d is NT-Xent's; the objective is %s", p.Memory, name)
		}
		settings = map[string]any{"memory": p.Memory}
		maps.Copy(settings, p.ObjectiveSettings)
	}
	choice, err := objective.Choose(name, settings)
	if err != nil {
		return objective.Choice{}, fmt.Errorf("pretrain: %w", err)
	}
	if choice.Name == objective.NTXent && choice.Settings == nil {
		return objective.Choice{}, nil
	}
	return choice, nil
}

func (c Config) settings(o OptimConfig) training.Settings {
	scaling := o.Scaling
	if scaling == "none" {
		scaling = "fixed"
	}
	return training.Settings{
		Epochs: o.Epochs, Batch: o.Batch, Optimizer: o.Optimizer, LearningRate: o.LearningRate, Scaling: scaling,
		WarmupEpochs: o.WarmupEpochs, WeightDecay: o.WeightDecay, ClipNorm: o.ClipNorm, Average: o.Average, CheckpointEvery: o.CheckpointEvery, Backend: c.Backend,
		Remat: o.Remat, StepsPerExecution: o.StepsPerExecution,
	}
}

// validation is how the labels of e.Sets.Validation accompany a training. What
// changes nothing is left at zero, so that no artifact is made again for it.
func (c Config) validation(e Edges, s StopConfig) training.Validation {
	v := training.Validation{Images: e.Sets.Validation, Patience: s.Patience}
	if v.Images.IsZero() {
		return v
	}
	v.Every, v.MaxPixels, v.Exact = s.ValidateEvery, c.Ingest.MaxPixels, c.Views.Exact
	if s.Patience > 0 && s.StopBy != training.ByLoss {
		v.By = s.StopBy
	}
	return v
}

// arch is a network of the config; the graph's Check reports one that is none.
func (c Config) arch(g *pipelines.Graph, n NetConfig) resnet.Config {
	arch, err := n.config()
	if err != nil {
		g.Fail(err)
	}
	return arch
}

// teacher is the teacher's network: the config's, or that of the checkpoint that it
// names.
func (c Config) teacher(g *pipelines.Graph) resnet.Config {
	if c.Encoder == "" {
		return c.arch(g, c.Teacher)
	}
	s, err := encoder.New(absolute(c.Encoder), c.Size)
	if err != nil {
		g.Fail(fmt.Errorf("encoder: %w", err))
		return resnet.Config{Depth: 18, Width: 1}
	}
	return s.Arch
}

// start adds the stage NAME-init where a path is given: the encoder of that
// checkpoint, which has to be the network that is trained.
func (c Config) start(g *pipelines.Graph, name, path string, arch resnet.Config) (e pipelines.Edge[pipelines.Encoder]) {
	if path == "" {
		return e
	}
	s, err := encoder.New(absolute(path), c.Size)
	if err == nil && s.Arch != arch {
		err = fmt.Errorf("%s holds a %s, the network that starts from it is a %s (set teacher or student to it)", path, s.Arch, arch)
	}
	if err != nil {
		g.Fail(fmt.Errorf("%s.init: %w", name, err))
		return e
	}
	return pipelines.Add(g, name+"-init", s)
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
