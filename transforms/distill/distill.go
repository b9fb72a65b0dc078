// Package distill is the stage that trains a student on the teacher's labels of
// unlabelled images (section 2.3 of arXiv:2006.10029). Student and teacher see
// the same view.
package distill

import (
	"context"
	"errors"
	"fmt"

	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/label"
	"github.com/retort-ml/retort/transforms/training"
	"github.com/retort-ml/retort/transforms/views"
)

// Stage is the stage. Its input are the views that the teacher labelled.
type Stage struct {
	training.Settings
	Targets pipelines.Edge[pipelines.Targets]
	// Encoder, if set, is where the student starts from (its architecture must
	// be Arch); otherwise it starts from scratch.
	Encoder     pipelines.Edge[pipelines.Encoder]
	Arch        resnet.Config
	Temperature float64 // of both softmaxes, above 0
	Alpha       float64 // weight of the teacher's targets; 1 uses no labels
	TauSquared  bool    // multiply the loss by the temperature squared
	Seed        uint64
}

func init() { pipelines.Register(&Stage{}) }

// Validate reports what is wrong with the config.
func (s *Stage) Validate() error {
	switch {
	case s.Targets.IsZero():
		return errors.New("Targets is missing; want the edge of a label stage")
	case s.Temperature <= 0:
		return fmt.Errorf("Temperature = %g; want > 0", s.Temperature)
	case s.Alpha < 0 || s.Alpha > 1:
		return fmt.Errorf("Alpha = %g; want 0 to 1", s.Alpha)
	}
	if err := s.Arch.Validate(); err != nil {
		return err
	}
	return s.Settings.Validate()
}

// Run trains the student.
func (s *Stage) Run(ctx context.Context, in pipelines.Artifact[pipelines.Views], out *pipelines.Output[pipelines.Classifier]) error {
	d, err := views.Open(in)
	if err != nil {
		return err
	}
	targets, err := pipelines.Open(out.Job, s.Targets)
	if err != nil {
		return err
	}
	var meta label.Meta
	if err := targets.Meta(&meta); err != nil {
		return err
	}
	if err := d.Beside(targets.Dir, targets.Files("targets")); err != nil {
		return err
	}
	r := training.Run{
		Spec: train.Spec{Arch: s.Arch, ImageSize: d.Sizes[0], Classes: len(meta.Classes), Task: train.Distill,
			Temperature: s.Temperature, Alpha: s.Alpha, ScaleByTauSquared: s.TauSquared, Seed: s.Seed},
		Data:    s.data(d, meta),
		Classes: meta.Classes, Images: d.Images,
	}
	if !s.Encoder.IsZero() {
		if err := s.fromEncoder(out.Job, &r); err != nil {
			return err
		}
	}
	s.Fill(&r.Spec, d.Images)
	return training.Train(ctx, out.Job, &s.Settings, r)
}

func (s *Stage) fromEncoder(job *pipelines.Job, r *training.Run) error {
	a, err := pipelines.Open(job, s.Encoder)
	if err != nil {
		return err
	}
	c, err := training.Load(a)
	if err != nil {
		return err
	}
	r.Start = func(t *train.Trainer) error { return t.InitFrom(c) }
	return nil
}

// data adds to each view the logits that the teacher gave it, and makes sure
// that they belong to it.
func (s *Stage) data(d *views.Dataset, meta label.Meta) train.Data {
	var t label.Target
	return training.Labelled(d, s.Seed, s.Batch, func(b *train.Batch, i int, it *views.Item) error {
		if err := t.Decode(it.Beside); err != nil {
			return err
		}
		if t.ID != it.ID || t.Pass != it.Pass || t.View != 0 || t.Teacher != meta.Teacher {
			return fmt.Errorf("the target of image %s pass %d is that of image %s pass %d view %d, teacher %.12s (delete the label stage's folder to redo it)", it.ID, it.Pass, t.ID, t.Pass, t.View, t.Teacher)
		}
		if len(t.Logits) != len(meta.Classes) {
			return fmt.Errorf("the target of image %s has %d logits for %d classes", it.ID, len(t.Logits), len(meta.Classes))
		}
		if b.Targets == nil {
			b.Targets = make([]float32, s.Batch*len(meta.Classes))
		}
		copy(b.Targets[i*len(meta.Classes):], t.Logits)
		return nil
	})
}
