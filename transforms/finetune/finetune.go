// Package finetune is the stage that trains a classifier on the few labels: from
// a pretrained encoder (section 2.2 of arXiv:2006.10029), or from scratch, which
// is what one would have without pretraining.
package finetune

import (
	"context"
	"errors"
	"fmt"

	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/training"
	"github.com/retort-ml/retort/transforms/views"
)

// Stage is the stage. Its input are single views of labelled images.
type Stage struct {
	training.Settings
	// Encoder is where the network starts from. Without one the network of Arch
	// is trained from scratch.
	Encoder pipelines.Edge[pipelines.Encoder]
	Arch    resnet.Config
	// Selector is ft_proj_selector: the classifier sits on the encoder's output
	// (0) or on that of layer 1, 2, … of the projection head.
	Selector int
	// LinearOnly trains the classifier alone and freezes everything else, batch
	// normalisation included.
	LinearOnly bool
	// FreezeHead leaves the layers kept of the projection head as pretraining
	// made them, as the reference's first version does; the paper trains them.
	FreezeHead bool
	Seed       uint64
}

func init() { pipelines.Register(&Stage{}) }

// Validate reports what is wrong with the config.
func (s *Stage) Validate() error {
	switch {
	case s.Selector < 0:
		return fmt.Errorf("Selector = %d; want at least 0", s.Selector)
	case s.Encoder.IsZero() && s.LinearOnly:
		return errors.New("LinearOnly freezes the encoder; it needs a pretrained one")
	case s.Encoder.IsZero() && s.Selector > 0:
		return fmt.Errorf("Selector = %d is a layer of a pretrained projection head; without an Encoder want 0", s.Selector)
	case s.Encoder.IsZero():
		if err := s.Arch.Validate(); err != nil {
			return err
		}
	}
	return s.Settings.Validate()
}

// Run trains the classifier.
func (s *Stage) Run(ctx context.Context, in pipelines.Artifact[pipelines.Views], out *pipelines.Output[pipelines.Classifier]) error {
	d, err := views.Open(in)
	if err != nil {
		return err
	}
	if len(d.Classes) < 2 {
		return fmt.Errorf("the labelled images have %d classes; want at least 2", len(d.Classes))
	}
	settings, err := s.For(out.Job, d.Images)
	if err != nil {
		return err
	}
	r := training.Run{
		Spec:    train.Spec{Arch: s.Arch, ImageSize: d.Sizes[0], Classes: len(d.Classes), Task: train.Supervised, FreezeHead: s.FreezeHead, Seed: s.Seed},
		Data:    training.Labelled(d, s.Seed, settings.Batch),
		Classes: d.Classes, Images: d.Images,
	}
	if !s.Encoder.IsZero() {
		if err := s.fromEncoder(out.Job, &r); err != nil {
			return err
		}
	}
	settings.Fill(&r.Spec, d.Images)
	return training.Train(ctx, out.Job, &settings, r)
}

// fromEncoder makes the run start from the pretrained network, and take its
// architecture.
func (s *Stage) fromEncoder(job *pipelines.Job, r *training.Run) error {
	a, err := pipelines.Open(job, s.Encoder)
	if err != nil {
		return err
	}
	c, err := training.Load(a)
	if err != nil {
		return err
	}
	var meta training.Meta
	if err := a.Meta(&meta); err != nil {
		return err
	}
	if s.Selector > meta.Spec.HeadLayers {
		return fmt.Errorf("Selector = %d, but the projection head has %d layers; want 0 to %d", s.Selector, meta.Spec.HeadLayers, meta.Spec.HeadLayers)
	}
	r.Spec.Arch, r.Spec.HeadLayers, r.Spec.HeadDim, r.Spec.Selector = meta.Spec.Arch, meta.Spec.HeadLayers, meta.Spec.HeadDim, s.Selector
	if s.LinearOnly {
		r.Spec.Task = train.Linear
	}
	r.Start = func(t *train.Trainer) error { return t.InitFrom(c) }
	return nil
}
