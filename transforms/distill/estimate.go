package distill

import (
	"context"

	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/training"
)

// Estimate says how many steps the training has and what they cost.
func (s *Stage) Estimate(_ context.Context, known pipelines.Known) pipelines.Estimate {
	return s.Settings.Estimate(train.Spec{Arch: s.Arch, ImageSize: training.SizeOf(known), Classes: training.SomeClasses,
		Task: train.Distill, Temperature: s.Temperature, Alpha: s.Alpha}, known.In())
}
