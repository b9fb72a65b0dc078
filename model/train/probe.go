package train

import (
	"encoding/json"
	"slices"

	"github.com/retort-ml/retort/model/checkpoint"
)

// WithoutProbe takes out of a pretraining's checkpoint what the online probe
// left there: what remains does not depend on labels.
func WithoutProbe(c *checkpoint.Checkpoint) error {
	s, err := parseSpec(c.Spec)
	if err != nil {
		return err
	}
	s = s.WithoutProbe()
	if c.Spec, err = json.Marshal(s); err != nil {
		return err
	}
	c.Classes = nil
	probe := func(t checkpoint.Tensor) bool { return supervised(t.Name) }
	c.Weights = slices.DeleteFunc(slices.Clone(c.Weights), probe)
	c.Optimizer = slices.DeleteFunc(slices.Clone(c.Optimizer), probe)
	return nil
}

// WithoutProbe is the specification of the same training with nobody watching.
func (s Spec) WithoutProbe() Spec {
	s.Classes = 0
	return s
}
