package label

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/model/backend/cpu"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/training"
	"github.com/retort-ml/retort/transforms/views"
)

const targetBytes = 160 // of a record beside its logits

// Estimate says how many views the teacher looks at and what that costs.
func (s *Stage) Estimate(_ context.Context, known pipelines.Known) pipelines.Estimate {
	var v views.Stage
	if json.Unmarshal(known.InStep().Config, &v) != nil {
		return pipelines.Estimate{}
	}
	n := known.In()
	e := pipelines.Estimate{Images: n, Views: n * int64(v.Passes) * int64(len(v.Views))}
	e.Bytes = e.Views * (targetBytes + 2*training.SomeClasses)
	e.Compute(float64(e.Views) * float64(known.Step(s.Teacher).Estimate.ImageFLOPs))
	if s.Precision == backend.INT8 {
		e.GPUHours = 0
	}
	return e
}

// CanRun says what this machine lacks for the stage: not every one computes in 8 bits.
func (s *Stage) CanRun() error {
	name, err := s.computes()
	if err == nil {
		err = backend.Check(name)
	}
	if err != nil && s.Precision != "" && backend.Check(s.Backend) == nil {
		err = fmt.Errorf("%w; set distill.label_precision: f32", err)
	}
	return err
}

// Wants is what the stage asks of its machines: 8 bits are the CPU engine's.
func (s *Stage) Wants() pipelines.Wants {
	if s.Precision == backend.INT8 {
		return training.WantsOf(cpu.Name)
	}
	return training.WantsOf(s.Backend)
}
