package distill

import (
	"context"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/training"
)

// Estimate says how many steps the training has and what they cost.
func (s *Stage) Estimate(_ context.Context, known pipelines.Known) pipelines.Estimate {
	return s.Validation.Bound(s.Settings.Estimate(s.spec(training.SizeOf(known), training.SomeClasses), known.In()))
}
