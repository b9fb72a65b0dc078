package evaluate

import (
	"context"

	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/training"
)

// Estimate says on how many images the models are measured and what that costs:
// each looks at the held out and at the labelled ones.
func (s *Stage) Estimate(_ context.Context, known pipelines.Known) pipelines.Estimate {
	n := known.In()
	e := pipelines.Estimate{Images: n}
	flops := known.Step(s.Encoder).Estimate.ImageFLOPs
	for _, m := range s.Models {
		flops += known.Step(m).Estimate.ImageFLOPs
	}
	e.Compute(float64(flops) * float64(n+known.Images(s.Labelled)))
	return e
}

// Wants is what the stage asks of its machine.
func (s *Stage) Wants() pipelines.Wants { return training.WantsOf(s.Backend) }

// CanRun says what this machine lacks for the stage.
func (s *Stage) CanRun() error { return backend.Check(s.Backend) }
