package objective

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"

	"github.com/retort-ml/retort/model/loss"
)

// Supervised is cross entropy with labels; the whole network is trained.
const Supervised Name = "supervised"

func init() { Register(string(Supervised), func() Objective { return &supervised{} }) }

type supervised struct {
	// LabelSmoothing is what is taken off the labels' target of 1 and spread over
	// all classes.
	LabelSmoothing float64 `json:"label_smoothing,omitempty"`
}

func (o *supervised) Validate() error {
	if !(o.LabelSmoothing >= 0 && o.LabelSmoothing < 1) {
		return fmt.Errorf("label_smoothing = %v; want 0 or more, below 1 (usual is 0.1)", o.LabelSmoothing)
	}
	return nil
}

func (*supervised) Needs() Needs { return Needs{Classifier: true, Labels: true} }

func (*supervised) Figures() []Figure { return classification("training accuracy") }

func (o *supervised) Loss(x Inputs) Result {
	l, accuracy := smoothed(x.Logits, x.Labels, o.LabelSmoothing)
	return Result{Loss: l, Figures: map[string]*graph.Node{"accuracy": accuracy, "entropy": loss.Entropy(x.Logits)}}
}

// CrossEntropy is the mean over the labelled rows, and the share of those that
// are classified right: logits [R, classes], labels [R] int32 -> scalars.
func CrossEntropy(logits, labels *graph.Node) (l, accuracy *graph.Node) {
	return smoothed(logits, labels, 0)
}

func smoothed(logits, labels *graph.Node, smoothing float64) (l, accuracy *graph.Node) {
	each := loss.Smoothed(logits, labels, smoothing)
	return loss.Mean(each, loss.Labelled(labels, each.DType())), loss.Accuracy(logits, labels)
}

// classification describes the figures of a classifier's training.
func classification(accuracy string) []Figure {
	return []Figure{{Name: "loss", Unit: Nats}, {Name: "accuracy", Title: accuracy, Unit: Share}, {Name: "entropy", Unit: Nats}}
}
