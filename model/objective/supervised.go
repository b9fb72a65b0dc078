package objective

import (
	"github.com/gomlx/gomlx/core/graph"

	"github.com/retort-ml/retort/model/loss"
)

// Supervised is cross entropy with labels; the whole network is trained.
const Supervised Name = "supervised"

func init() { Register(string(Supervised), func() Objective { return &supervised{} }) }

type supervised struct{}

func (*supervised) Needs() Needs { return Needs{Classifier: true, Labels: true} }

func (*supervised) Figures() []Figure { return classification("training accuracy") }

func (*supervised) Loss(x Inputs) Result {
	l, accuracy := CrossEntropy(x.Logits, x.Labels)
	return Result{l, map[string]*graph.Node{"accuracy": accuracy, "entropy": loss.Entropy(x.Logits)}}
}

// CrossEntropy is the mean over the labelled rows, and the share of those that
// are classified right: logits [R, classes], labels [R] int32 -> scalars.
func CrossEntropy(logits, labels *graph.Node) (l, accuracy *graph.Node) {
	each := loss.CrossEntropy(logits, labels)
	return loss.Mean(each, loss.Labelled(labels, each.DType())), loss.Accuracy(logits, labels)
}

// classification describes the figures of a classifier's training.
func classification(accuracy string) []Figure {
	return []Figure{{Name: "loss", Unit: Nats}, {Name: "accuracy", Title: accuracy, Unit: Share}, {Name: "entropy", Unit: Nats}}
}
