// Package pretrain is the stage that trains an encoder without labels: NT-Xent
// over two augmented views of each image (section 2.1 of arXiv:2006.10029).
package pretrain

import (
	"context"
	"fmt"

	"github.com/retort-ml/retort/model/head"
	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/training"
	"github.com/retort-ml/retort/transforms/views"
)

// Stage is the stage. Its input are views of two per record.
type Stage struct {
	training.Settings
	Arch        resnet.Config
	HeadLayers  int     // of the projection head, at least 1
	HeadDim     int     // width of its output, at least 1
	Temperature float64 // of NT-Xent, above 0
	Seed        uint64
	// Labelled, if set, are images with labels: an online probe and kNN watch the
	// training with them. The encoder does not depend on them.
	Labelled pipelines.Edge[pipelines.Images] `fingerprint:"-"`
}

func init() { pipelines.Register(&Stage{}) }

// Validate reports what is wrong with the config.
func (s *Stage) Validate() error {
	switch {
	case s.HeadLayers < 1:
		return fmt.Errorf("HeadLayers = %d; want at least 1", s.HeadLayers)
	case !(s.Temperature > 0):
		return fmt.Errorf("Temperature = %v; want > 0", s.Temperature)
	}
	if err := (head.Projection{Layers: s.HeadLayers, Dim: s.HeadDim}).Validate(); err != nil {
		return err
	}
	if err := s.Arch.Validate(); err != nil {
		return err
	}
	return s.Settings.Validate()
}

// Run trains the encoder.
func (s *Stage) Run(ctx context.Context, in pipelines.Artifact[pipelines.Views], out *pipelines.Output[pipelines.Encoder]) error {
	d, err := views.Open(in)
	if err != nil {
		return err
	}
	settings, err := s.For(out.Job, d.Images)
	if err != nil {
		return err
	}
	labels, classes, err := training.LoadLabels(out.Job, s.Labelled)
	if err != nil {
		return err
	}
	data, err := training.Pairs(d, s.Seed, settings.Batch, labels)
	if err != nil {
		return err
	}
	r := training.Run{Data: data, Images: d.Images, Spec: train.Spec{
		Arch: s.Arch, ImageSize: d.Sizes[0], Task: train.Contrast,
		HeadLayers: s.HeadLayers, HeadDim: s.HeadDim, Temperature: s.Temperature, Seed: s.Seed,
	}}
	settings.Fill(&r.Spec, d.Images)
	if err := watch(&r, d, labels, classes); err != nil {
		return err
	}
	return training.Train(ctx, out.Job, &settings, r)
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
