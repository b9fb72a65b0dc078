package training

import (
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/views"
)

// Estimate is the work of a training on n images: spec without what the settings
// set.
func (s Settings) Estimate(spec train.Spec, n int64) pipelines.Estimate {
	if n < 2 {
		return pipelines.Estimate{}
	}
	s.Batch = int(min(int64(s.Batch), n))
	s.Fill(&spec, n)
	if spec.Validate() != nil {
		return pipelines.Estimate{}
	}
	e := pipelines.Estimate{Images: n, Steps: int64(spec.Steps), Bytes: 4 * spec.Params(), ImageFLOPs: spec.Declaration().FLOPs}
	e.Compute(float64(spec.StepFLOPs()) * float64(spec.Steps))
	return e
}

// Bound is the estimate of a training that the validation may end before its last step.
func (v Validation) Bound(e pipelines.Estimate) pipelines.Estimate {
	e.AtMost = v.Patience > 0
	return e
}

// Validate reports what is wrong with the settings, or with the training that
// spec is without them. Sizes that are known only once the images are may be
// stood in for.
func Validate(s *Settings, spec train.Spec) error {
	if err := s.Validate(); err != nil {
		return err
	}
	s.Fill(&spec, int64(s.Batch))
	return spec.Validate()
}

// SomeClasses stands in for the number of classes, which is known only once the
// images are; it hardly matters to the work. SomeSize is a size of images that
// stands in likewise, where a config is checked.
const (
	SomeClasses = 10
	SomeSize    = 32
)

// SizeOf is the side in pixels of the views that a stage is given.
func SizeOf(known pipelines.Known) int { return views.SizeOf(known.InStep()) }
