// Package distill is the stage that trains a student on the teacher's labels of
// unlabelled images (section 2.3 of arXiv:2006.10029). Student and teacher see
// the same view.
package distill

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/pipelines"
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
	Alpha       float64 // weight of the teacher's targets, above 0; 1 uses no labels
	// Labelled are images with labels, for an Alpha below 1; labels in the views
	// themselves count as well.
	Labelled   pipelines.Edge[pipelines.Images]
	TauSquared bool // multiply the loss by the temperature squared
	Seed       uint64
}

func init() { pipelines.Register(&Stage{}) }

// Validate reports what is wrong with the config.
func (s *Stage) Validate() error {
	switch {
	case s.Targets.IsZero():
		return errors.New("Targets is missing; want the edge of a label stage")
	case !(s.Temperature > 0):
		return fmt.Errorf("Temperature = %v; want > 0", s.Temperature)
	case !(s.Alpha > 0 && s.Alpha <= 1):
		return fmt.Errorf("Alpha = %v; want more than 0, at most 1 (labels alone are the finetune stage's)", s.Alpha)
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
	settings, err := s.For(out.Job, d.Images)
	if err != nil {
		return err
	}
	t, err := s.open(out.Job, d, in.Fingerprint())
	if err != nil {
		return err
	}
	defer t.close()
	classes := t.meta.Classes
	labels, names, err := training.LoadLabels(out.Job, s.Labelled)
	if err != nil {
		return err
	}
	if s.Labelled.IsZero() {
		names = d.Classes
	}
	if s.Alpha < 1 && !slices.Equal(classes, names) {
		return fmt.Errorf("the teacher's classes are %q, the labels' %q: with Alpha = %g, labels are used and must mean the same (want Alpha = 1, or a teacher of these classes)", classes, d.Classes, s.Alpha)
	}
	r := training.Run{
		Spec: train.Spec{Arch: s.Arch, ImageSize: d.Sizes[0], Classes: len(classes), Task: train.Distill,
			Temperature: s.Temperature, Alpha: s.Alpha, ScaleByTauSquared: s.TauSquared, Seed: s.Seed},
		Data:    s.data(d, settings.Batch, t, labels),
		Classes: classes, Images: d.Images,
	}
	if !s.Encoder.IsZero() {
		if err := s.fromEncoder(out.Job, &r); err != nil {
			return err
		}
	}
	settings.Fill(&r.Spec, d.Images)
	return training.Train(ctx, out.Job, &settings, r)
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

// data adds to each view the logits that the teacher gave it. Labels are hidden
// where they have no weight.
func (s *Stage) data(d *views.Dataset, batch int, t *targets, labels training.Labels) train.Data {
	return training.WithTargets(d, s.Seed, batch, len(t.meta.Classes), func(logits []float32, it *views.Item) error {
		if s.Alpha == 1 {
			it.Label = imagefile.UnknownLabel
		} else if l := labels.Of(it.ID); l != imagefile.UnknownLabel {
			it.Label = l
		}
		return t.of(it, logits)
	})
}
