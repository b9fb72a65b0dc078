package finetune

import (
	"context"
	"encoding/json"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/training"
)

// Estimate says how many steps the training has and what they cost.
func (s *Stage) Estimate(_ context.Context, known pipelines.Known) pipelines.Estimate {
	var from training.Network
	if !s.Encoder.IsZero() && json.Unmarshal(known.Step(s.Encoder).Config, &from) != nil {
		return pipelines.Estimate{}
	}
	return s.Validation.Bound(s.Settings.Estimate(s.spec(training.SizeOf(known), training.SomeClasses, from), known.In()))
}
