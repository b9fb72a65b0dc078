package objective

import (
	"cmp"
	"fmt"

	"github.com/gomlx/gomlx/core/graph"

	"github.com/retort-ml/retort/model/contrast"
)

// NTXent is contrastive learning over pairs of views (SimCLR, Eq. 1).
const NTXent Name = "ntxent"

func init() { Register(string(NTXent), func() Objective { return &ntxent{} }) }

type ntxent struct {
	Temperature float64 `json:"temperature"`
	// Memory is how many embeddings of past batches are further negatives: those of
	// a network that follows the trained one (He et al. 2020; section 2.1 of
	// SimCLRv2). The paper's is 65536; 0 is none.
	Memory int `json:"memory,omitempty"`
	// Momentum is that network's decay; 0 is 0.999.
	Momentum float64 `json:"momentum,omitempty"`
}

func (o *ntxent) Validate() error {
	if o.Memory < 0 || o.Memory > 1<<24 {
		return fmt.Errorf("memory = %d; want 0 (none) to %d embeddings (the paper's is 65536)", o.Memory, 1<<24)
	}
	if !(o.Momentum >= 0 && o.Momentum < 1) {
		return fmt.Errorf("momentum = %v; want 0 (which is 0.999) or more, below 1", o.Momentum)
	}
	return positive("temperature", o.Temperature, "0.1, small batches 0.2, CIFAR-10 0.5")
}

func (o *ntxent) Needs() Needs {
	n := Needs{Views: 2, Projection: true}
	if o.Memory > 0 {
		n.Momentum = cmp.Or(o.Momentum, 0.999)
	}
	return n
}

// memoryState are the normalised embeddings, the newest first; rows that nothing was
// put into yet are zeros.
const memoryState = "memory"

func (o *ntxent) State(s Sizes) []State {
	if o.Memory == 0 {
		return nil
	}
	return []State{{memoryState, []int{o.Memory, s.Projection}}}
}

func (*ntxent) Figures() []Figure {
	return []Figure{{Name: "loss", Unit: Nats},
		{Name: "accuracy", Title: "contrastive accuracy", Unit: Share}, // first views that find their partner among the batch
		{Name: "entropy", Unit: Nats}}                                  // of the softmax over second views
}

func (o *ntxent) Loss(x Inputs) Result {
	if o.Memory > 0 {
		past := x.State[memoryState]
		l, m := contrast.WithMemory(x.Projection, past, o.Temperature)
		return Result{Loss: l, Figures: map[string]*graph.Node{"accuracy": m.Accuracy, "entropy": m.Entropy},
			State: map[string]*graph.Node{memoryState: contrast.Remember(past, x.Keys)}}
	}
	l, m := contrast.NTXent(x.Projection, o.Temperature)
	return Result{Loss: l, Figures: map[string]*graph.Node{"accuracy": m.Accuracy, "entropy": m.Entropy}}
}
