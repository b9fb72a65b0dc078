// Package contrast is the contrastive loss of SimCLR: NT-Xent, the normalised
// temperature-scaled cross entropy (Chen et al. 2020, Eq. 1), as its authors'
// implementation computes it.
package contrast

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// large is subtracted from an image's similarity to itself, so that it is no
// candidate.
const large = 1e9

// normEpsilon bounds the squared norm from below.
const normEpsilon = 1e-12

// Metrics of a batch, without gradients. All are scalars.
type Metrics struct {
	Accuracy *Node // share of first views whose partner is the most similar second view
	Entropy  *Node // mean entropy of the softmax over second views, in nats
}

// Normalize scales each row of z [B, D] to length 1 (rows shorter than 1e-6
// stay short).
func Normalize(z *Node) *Node {
	square := ReduceAndKeep(Square(z), ReduceSum, -1)
	return Div(z, Sqrt(MaxScalar(square, normEpsilon)))
}

// NTXent is the loss over N pairs: z [2N, D] -> scalar; row i pairs with row
// i+N (all first views, then all second views). Rows are normalised here.
//
// It is the sum of both directions, not their mean: twice the paper's value, as
// in the reference, whose weight decay is set against it.
func NTXent(z *Node, temperature float64) (loss *Node, metrics Metrics) {
	return FromNormalized(Normalize(z), temperature)
}

// FromNormalized is NTXent without the normalisation.
func FromNormalized(z *Node, temperature float64) (loss *Node, metrics Metrics) {
	return fromNormalized(z, nil, temperature)
}

func fromNormalized(z, past *Node, temperature float64) (loss *Node, metrics Metrics) {
	n := z.Shape().Dim(0) / 2
	z.AssertDims(2*n, z.Shape().Dim(1))
	a, b := Slice(z, AxisRange(0, n)), Slice(z, AxisRange(n))
	self := MulScalar(identity(z.Graph(), n, z.DType()), large)
	similarity := func(x, y *Node) *Node {
		return DivScalar(DotGeneral(x, []int{1}, nil, y, []int{1}, nil), temperature)
	}
	ab, ba := similarity(a, b), similarity(b, a)
	aa, bb := Sub(similarity(a, a), self), Sub(similarity(b, b), self)
	if past != nil {
		aa = Concatenate([]*Node{aa, remembered(similarity(a, past), past)}, 1)
		bb = Concatenate([]*Node{bb, remembered(similarity(b, past), past)}, 1)
	}
	loss = Add(direction(ab, aa), direction(ba, bb))
	loss.AssertScalar()
	return loss, measure(StopGradient(ab))
}

// direction is the mean over i of the cross entropy of picking partner i out of
// all partners and all other candidates: partners [N, N],
// same [N, M] -> scalar.
//
// With d_j the lead of candidate j over the partner it is log(1 + sum_j exp d_j),
// kept in that form (and from overflow, by the largest lead m >= 0): a softmax
// minus one would lose the gradient's digits where the partner is nearly certain.
func direction(partners, same *Node) *Node {
	g, n := partners.Graph(), partners.Shape().Dim(0)
	all := Concatenate([]*Node{partners, same}, 1)
	own := onDiagonal(g, n, all.Shape().Dim(1))
	lead := Sub(all, ReduceAndKeep(Where(own, all, ZerosLike(all)), ReduceSum, 1))
	m := StopGradient(MaxScalar(ReduceAndKeep(lead, ReduceMax, 1), 0))
	others := Where(own, ZerosLike(lead), Exp(Sub(lead, m)))
	each := Add(m, Log1p(Add(ReduceAndKeep(others, ReduceSum, 1), SubScalar(Exp(Neg(m)), 1))))
	return DivScalar(ReduceAllSum(each), float64(n))
}

// measure: similarities [N, N] of first to second views -> metrics.
func measure(ab *Node) Metrics {
	g, n := ab.Graph(), ab.Shape().Dim(0)
	best := ArgMax(ab, 1, dtypes.Int32)
	own := Iota(g, shapes.Make(dtypes.Int32, n), 0)
	p := Softmax(ab, 1)
	return Metrics{
		Accuracy: ReduceAllMean(ConvertDType(Equal(best, own), ab.DType())),
		Entropy:  Neg(DivScalar(ReduceAllSum(Mul(p, Log(AddScalar(p, 1e-8)))), float64(n))),
	}
}

func onDiagonal(g *Graph, rows, columns int) *Node {
	shape := shapes.Make(dtypes.Int32, rows, columns)
	return Equal(Iota(g, shape, 0), Iota(g, shape, 1))
}

func identity(g *Graph, n int, dtype dtypes.DType) *Node {
	return ConvertDType(onDiagonal(g, n, n), dtype)
}
