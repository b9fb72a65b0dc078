package finetune

import (
	"context"
	"encoding/json"

	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/training"
)

// Estimate says how many steps the training has and what they cost.
func (s *Stage) Estimate(_ context.Context, known pipelines.Known) pipelines.Estimate {
	spec := train.Spec{Arch: s.Arch, ImageSize: training.SizeOf(known), Classes: training.SomeClasses, Task: train.Supervised}
	if !s.Encoder.IsZero() {
		var from struct {
			Arch                resnet.Config
			HeadLayers, HeadDim int
		}
		if json.Unmarshal(known.Step(s.Encoder).Config, &from) != nil {
			return pipelines.Estimate{}
		}
		spec.Arch, spec.HeadLayers, spec.HeadDim, spec.Selector = from.Arch, from.HeadLayers, from.HeadDim, s.Selector
	}
	if s.LinearOnly {
		spec.Task = train.Linear
	}
	return s.Settings.Estimate(spec, known.In())
}
