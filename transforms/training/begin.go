package training

import (
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/views"
)

// Open opens the views that a stage trains on, and fits the settings to them.
func (s Settings) Open(job *pipelines.Job, in pipelines.Artifact[pipelines.Views]) (*views.Dataset, *Settings, error) {
	d, err := views.Open(in)
	if err != nil {
		return nil, nil, err
	}
	s, err = s.For(job, d.Images)
	return d, &s, err
}

// Network is what a stage that starts from another training's network takes over
// of it. The names are those of the fields of that stage's config, too.
type Network struct {
	Arch                resnet.Config
	HeadLayers, HeadDim int
}

// From opens the training that an edge carries: its network, and what makes a
// trainer start from it. An edge that carries nothing gives neither.
func From[T any](job *pipelines.Job, e pipelines.Edge[T]) (n Network, start func(*train.Trainer) error, err error) {
	if e.IsZero() {
		return n, nil, nil
	}
	a, err := pipelines.Open(job, e)
	if err != nil {
		return n, nil, err
	}
	c, err := Load(a)
	if err != nil {
		return n, nil, err
	}
	var meta Meta
	if err := a.Meta(&meta); err != nil {
		return n, nil, err
	}
	n = Network{meta.Spec.Arch, meta.Spec.HeadLayers, meta.Spec.HeadDim}
	return n, func(t *train.Trainer) error { return t.InitFrom(c) }, nil
}

// Load opens the checkpoint of a trained network's artifact.
func Load[T any](a pipelines.Artifact[T]) (*checkpoint.Checkpoint, error) {
	return checkpoint.LoadFrom(a, ModelName)
}
