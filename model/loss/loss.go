// Package loss holds the losses of the supervised stages: cross entropy with
// labels, and distillation from a teacher's logits (Chen et al. 2020, Eq. 2 and
// 3).
package loss

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Labelled turns labels [B] int32 (-1: unknown) into weights [B], 1 where there
// is a label.
func Labelled(labels *Node, dtype dtypes.DType) *Node {
	return ConvertDType(GreaterOrEqual(labels, ZerosLike(labels)), dtype)
}

// CrossEntropy of each row: logits [B, K], labels [B] int32 -> [B]; 0 where the
// label is unknown.
func CrossEntropy(logits, labels *Node) *Node {
	logP := LogSoftmax(logits, 1)
	return Neg(ReduceSum(Where(oneHot(labels, logits), logP, ZerosLike(logP)), 1))
}

// Smoothed is CrossEntropy with targets of 1-smoothing for the label and
// smoothing/K more for each of the K classes (Szegedy et al. 2016).
func Smoothed(logits, labels *Node, smoothing float64) *Node {
	each := CrossEntropy(logits, labels)
	if smoothing == 0 {
		return each
	}
	uniform := Mul(Neg(ReduceMean(LogSoftmax(logits, 1), 1)), Labelled(labels, logits.DType()))
	return Add(MulScalar(each, 1-smoothing), MulScalar(uniform, smoothing))
}

// oneHot [B, K]: true at each label.
func oneHot(labels, logits *Node) *Node {
	shape := shapes.Make(labels.DType(), logits.Shape().Dimensions...)
	return Equal(Iota(labels.Graph(), shape, 1), BroadcastToDims(InsertAxes(labels, -1), shape.Dimensions...))
}

// Mean is the mean of values [B] over the rows with weight: 0 when there are
// none (the reference's SUM_BY_NONZERO_WEIGHTS).
func Mean(values, weights *Node) *Node {
	nonzero := ReduceAllSum(ConvertDType(NotEqual(weights, ZerosLike(weights)), values.DType()))
	return Div(ReduceAllSum(Mul(values, weights)), MaxScalar(nonzero, 1))
}

// Accuracy is the share of labelled rows whose largest logit is their label's.
func Accuracy(logits, labels *Node) *Node {
	hit := ConvertDType(Equal(ArgMax(logits, 1, labels.DType()), labels), logits.DType())
	return StopGradient(Mean(hit, Labelled(labels, logits.DType())))
}

// Entropy is the mean entropy of the rows' softmax, in nats.
func Entropy(logits *Node) *Node {
	logP := LogSoftmax(StopGradient(logits), 1)
	return Neg(ReduceAllMean(ReduceSum(Mul(Exp(logP), logP), 1)))
}

// Distillation is how a student follows its teacher.
type Distillation struct {
	Temperature float64 // tau of both softmaxes
	Alpha       float64 // weight of the teacher; 1-Alpha is that of the labels
	// TauSquared multiplies the teacher's part by tau squared, which keeps its
	// gradients' size over temperatures (the reference's colab does; the paper's
	// Eq. 2 does not).
	TauSquared bool
}

// Loss: student and teacher logits [B, K], labels [B] int32 (-1: unknown) ->
// scalar, the mean over the batch of
//
//	-(1-alpha) log P_S(label) - alpha sum_y P_T(y; tau) log P_S(y; tau)
//
// where images without a label have the second term only (Eq. 3).
func (d Distillation) Loss(student, teacher, labels *Node) *Node {
	target := Softmax(DivScalar(StopGradient(teacher), d.Temperature), 1)
	logP := LogSoftmax(DivScalar(student, d.Temperature), 1)
	follow := Neg(ReduceAllMean(ReduceSum(Mul(target, logP), 1)))
	if d.TauSquared {
		follow = MulScalar(follow, d.Temperature*d.Temperature)
	}
	if d.Alpha == 1 {
		return follow
	}
	labelled := ReduceAllMean(CrossEntropy(student, labels))
	return Add(MulScalar(labelled, 1-d.Alpha), MulScalar(follow, d.Alpha))
}
