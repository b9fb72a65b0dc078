// Package finetune is the stage that trains a classifier on the few labels: from
// a pretrained encoder (section 2.2 of arXiv:2006.10029), or from scratch, which
// is what one would have without pretraining.
package finetune

import (
	"context"
	"errors"
	"fmt"

	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/evaluate"
	"github.com/retort-ml/retort/transforms/training"
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
	// Freeze leaves the stem (1), or also the first 1 to 4 groups of blocks (2 to 5),
	// as pretraining made them, moving statistics included.
	Freeze int `json:",omitempty"`
	// LabelSmoothing is taken off the labels' target and spread over all classes: 0 or
	// more, below 1.
	LabelSmoothing float64 `json:",omitempty"`
	// Validation are labels that accompany the training.
	Validation training.Validation `json:",omitzero"`
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
	case s.Encoder.IsZero() && s.Freeze > 0:
		return errors.New("Freeze freezes a part of the encoder; it needs a pretrained one")
	case s.Encoder.IsZero() && s.Selector > 0:
		return fmt.Errorf("Selector = %d is a layer of a pretrained projection head; without an Encoder want 0", s.Selector)
	}
	if err := s.Validation.Validate(); err != nil {
		return err
	}
	var from training.Network
	if !s.Encoder.IsZero() { // some network: its own is known once it is there
		from = training.Network{Arch: resnet.Config{Depth: 18, Width: 1}, HeadLayers: s.Selector, HeadDim: 1}
	}
	return training.Validate(&s.Settings, s.spec(training.SomeSize, training.SomeClasses, from))
}

// spec is the training, for images of a size and a number of classes, from the
// network of the Encoder, if there is one.
func (s *Stage) spec(size, classes int, from training.Network) train.Spec {
	spec := train.Spec{Arch: s.Arch, ImageSize: size, Classes: classes, Objective: objective.Supervised, FreezeHead: s.FreezeHead, Freeze: s.Freeze, Seed: s.Seed}
	if s.LabelSmoothing != 0 {
		spec.ObjectiveSettings = fmt.Appendf(nil, `{"label_smoothing":%v}`, s.LabelSmoothing)
	}
	if !s.Encoder.IsZero() {
		spec.Arch, spec.HeadLayers, spec.HeadDim, spec.Selector = from.Arch, from.HeadLayers, from.HeadDim, s.Selector
	}
	if s.LinearOnly {
		spec.Objective = objective.Linear
	}
	return spec
}

// Run trains the classifier.
func (s *Stage) Run(ctx context.Context, in pipelines.Artifact[pipelines.Views], out *pipelines.Output[pipelines.Classifier]) error {
	d, settings, err := s.Open(out.Job, in)
	if err != nil {
		return err
	}
	if len(d.Classes) < 2 {
		return fmt.Errorf("the labelled images have %d classes; want at least 2", len(d.Classes))
	}
	from, start, err := training.From(out.Job, s.Encoder)
	if err != nil {
		return err
	}
	if s.Selector > from.HeadLayers {
		return fmt.Errorf("Selector = %d, but the projection head has %d layers; want 0 to %d", s.Selector, from.HeadLayers, from.HeadLayers)
	}
	held, err := evaluate.Held(ctx, out.Job, s.Validation, d.Classes, d.Sizes[0])
	if err != nil {
		return err
	}
	return training.Train(ctx, out.Job, settings, training.Run{
		Spec: s.spec(d.Sizes[0], len(d.Classes), from), Start: start, Held: held,
		Data: training.Labelled(d, s.Seed, settings.Batch), Classes: d.Classes, Images: d.Images,
	})
}
