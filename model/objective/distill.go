package objective

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"

	"github.com/retort-ml/retort/model/loss"
)

// Distill follows a teacher's logits, and labels where there are any (SimCLRv2,
// Eq. 2 and 3).
const Distill Name = "distill"

func init() { Register(string(Distill), func() Objective { return &distillation{} }) }

type distillation struct {
	Temperature float64 `json:"temperature"`          // of both softmaxes
	Alpha       float64 `json:"alpha"`                // the teacher's weight; 1 ignores labels
	TauSquared  bool    `json:"scale_by_tau_squared"` // multiply the teacher's part by the temperature squared
}

func (o *distillation) Validate() error {
	if !(o.Alpha > 0 && o.Alpha <= 1) {
		return fmt.Errorf("alpha = %v; want more than 0, at most 1 (1: the teacher alone; labels alone are the objective %q)", o.Alpha, Supervised)
	}
	return positive("temperature", o.Temperature, "0.1 or 1")
}

func (*distillation) Needs() Needs { return Needs{Classifier: true, Targets: true} }

// Figures: accuracy is where student and teacher agree.
func (*distillation) Figures() []Figure { return classification("teacher agreement") }

func (o *distillation) Loss(x Inputs) Result {
	d := loss.Distillation{Temperature: o.Temperature, Alpha: o.Alpha, TauSquared: o.TauSquared}
	l := d.Loss(x.Logits, x.Targets, x.Labels)
	return Result{Loss: l, Figures: map[string]*graph.Node{
		"accuracy": loss.Accuracy(x.Logits, graph.ArgMax(x.Targets, 1, x.Labels.DType())), "entropy": loss.Entropy(x.Logits)}}
}

func positive(key string, value float64, usual string) error {
	if value > 0 {
		return nil
	}
	return fmt.Errorf("%s = %v; want > 0 (%s)", key, value, usual)
}
