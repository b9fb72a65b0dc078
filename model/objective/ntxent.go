package objective

import (
	"github.com/gomlx/gomlx/core/graph"

	"github.com/retort-ml/retort/model/contrast"
)

// NTXent is contrastive learning over pairs of views (SimCLR, Eq. 1).
const NTXent Name = "ntxent"

func init() { Register(string(NTXent), func() Objective { return &ntxent{} }) }

type ntxent struct {
	Temperature float64 `json:"temperature"`
}

func (o *ntxent) Validate() error {
	return positive("temperature", o.Temperature, "0.1, small batches 0.2, CIFAR-10 0.5")
}

func (*ntxent) Needs() Needs { return Needs{Views: 2, Projection: true} }

func (*ntxent) Figures() []Figure {
	return []Figure{{Name: "loss", Unit: Nats},
		{Name: "accuracy", Title: "contrastive accuracy", Unit: Share}, // first views that find their partner among the batch
		{Name: "entropy", Unit: Nats}}                                  // of the softmax over second views
}

func (o *ntxent) Loss(x Inputs) Result {
	l, m := contrast.NTXent(x.Projection, o.Temperature)
	return Result{l, map[string]*graph.Node{"accuracy": m.Accuracy, "entropy": m.Entropy}}
}
