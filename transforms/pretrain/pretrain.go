// Package pretrain is the stage that trains an encoder without labels: NT-Xent
// over two augmented views of each image (section 2.1 of arXiv:2006.10029), or
// another objective.
package pretrain

import (
	"context"
	"fmt"

	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/training"
	"github.com/retort-ml/retort/transforms/views"
)

// Stage is the stage. Its input are as many views per record as the objective
// wants: two for NT-Xent.
type Stage struct {
	training.Settings
	Arch        resnet.Config
	HeadLayers  int     // of the projection head, at least 1
	HeadDim     int     // width of its output, at least 1
	Temperature float64 // of NT-Xent, above 0; also for an objective that has one
	Seed        uint64
	// Objective is what the encoder is trained for: one that needs no labels. The
	// zero value is NT-Xent.
	Objective objective.Choice `json:",omitzero"`
	// Labelled, if set, are images with labels: an online probe and kNN watch the
	// training with them. The encoder does not depend on them.
	Labelled pipelines.Edge[pipelines.Images] `fingerprint:"-"`
}

func init() { pipelines.Register(&Stage{}) }

// Validate reports what is wrong with the config.
func (s *Stage) Validate() error {
	if s.HeadLayers < 1 {
		return fmt.Errorf("HeadLayers = %d; want at least 1", s.HeadLayers)
	}
	if err := training.Validate(&s.Settings, s.spec(training.SomeSize)); err != nil {
		return err
	}
	_, err := s.views()
	return err
}

// spec is the training, for images of a size.
func (s *Stage) spec(size int) train.Spec {
	spec := train.Spec{Arch: s.Arch, ImageSize: size, Objective: objective.NTXent,
		HeadLayers: s.HeadLayers, HeadDim: s.HeadDim, Temperature: s.Temperature, Seed: s.Seed}
	if !s.Objective.IsZero() {
		spec.Choose(s.Objective)
	}
	return spec
}

// views are how many views of an image the objective wants. Labels and targets
// it cannot have.
func (s *Stage) views() (int, error) {
	needs, err := s.spec(training.SomeSize).Needs()
	if err == nil && !needs.Unlabelled() {
		err = fmt.Errorf("Objective = %q learns from labels or a teacher; want one of %v", s.Objective.Name, objective.Unlabelled())
	}
	return needs.Views, err
}

// Run trains the encoder.
func (s *Stage) Run(ctx context.Context, in pipelines.Artifact[pipelines.Views], out *pipelines.Output[pipelines.Encoder]) error {
	d, settings, err := s.Open(out.Job, in)
	if err != nil {
		return err
	}
	labels, classes, err := training.LoadLabels(out.Job, s.Labelled)
	if err != nil {
		return err
	}
	n, err := s.views()
	if err != nil {
		return err
	}
	data, err := training.Unlabelled(d, n, s.Seed, settings.Batch, labels)
	if err != nil {
		return err
	}
	r := training.Run{Spec: s.spec(d.Sizes[0]), Data: data, Images: d.Images}
	if err := watch(&r, d, labels, classes); err != nil {
		return err
	}
	return training.Train(ctx, out.Job, settings, r)
}

// watch adds the online linear probe and kNN where some images have labels.
// Neither changes the encoder.
func watch(r *training.Run, d *views.Dataset, labels training.Labels, classes []string) error {
	w, err := newWatcher(d, labels, len(classes))
	if err != nil || w == nil {
		return err
	}
	r.Spec.Classes, r.Classes, r.Watch = len(classes), classes, w.knn
	return nil
}
