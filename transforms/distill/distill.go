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
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/evaluate"
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
	// Validation are labels that accompany the training.
	Validation training.Validation `json:",omitzero"`
	Seed       uint64
}

func init() { pipelines.Register(&Stage{}) }

// Validate reports what is wrong with the config.
func (s *Stage) Validate() error {
	if s.Targets.IsZero() {
		return errors.New("Targets is missing; want the edge of a label stage")
	}
	if err := s.Validation.Validate(); err != nil {
		return err
	}
	return training.Validate(&s.Settings, s.spec(training.SomeSize, training.SomeClasses))
}

// spec is the training, for images of a size and a number of classes.
func (s *Stage) spec(size, classes int) train.Spec {
	return train.Spec{Arch: s.Arch, ImageSize: size, Classes: classes, Objective: objective.Distill,
		Temperature: s.Temperature, Alpha: s.Alpha, ScaleByTauSquared: s.TauSquared, Seed: s.Seed}
}

// Run trains the student.
func (s *Stage) Run(ctx context.Context, in pipelines.Artifact[pipelines.Views], out *pipelines.Output[pipelines.Classifier]) error {
	d, settings, err := s.Open(out.Job, in)
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
		return fmt.Errorf("the teacher's classes are %q, the labels' %q: with Alpha = %g, labels are used and must mean the same (want Alpha = 1, or a teacher of these classes)", classes, names, s.Alpha)
	}
	_, start, err := training.From(out.Job, s.Encoder)
	if err != nil {
		return err
	}
	held, err := evaluate.Held(ctx, out.Job, s.Validation, classes, d.Sizes[0])
	if err != nil {
		return err
	}
	return training.Train(ctx, out.Job, settings, training.Run{
		Spec: s.spec(d.Sizes[0], len(classes)), Start: start, Held: held,
		Data: s.data(d, settings.Batch, t, labels), Classes: classes, Images: d.Images,
	})
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
