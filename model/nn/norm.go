package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Constants of batch normalisation (the reference's batch_norm_decay and
// epsilon).
const (
	BatchNormDecay   = 0.9
	BatchNormEpsilon = 1e-5
)

// Norm says how a batch normalisation differs from the usual.
type Norm struct {
	ZeroGamma bool // gamma starts at 0: the last one of a residual block
	NoBeta    bool // scale only: the last one of the projection head
	Linear    bool // no ReLU follows
}

// BatchNorm normalises each channel by its mean and (biased) variance over all
// other axes and, unless told otherwise, applies a ReLU.
func (b *Builder) BatchNorm(x Map, n Norm) Map {
	layer, c := b.layer("batch_normalization"), x.Channels()
	first := 1.0
	if n.ZeroGamma {
		first = 0
	}
	gamma := b.variable(layer, Gamma, Constant(first), c)
	var beta *Node
	if !n.NoBeta {
		beta = b.variable(layer, Beta, Constant(0), c)
	}
	mean := b.variable(layer, MovingMean, Constant(0), c)
	variance := b.variable(layer, MovingVariance, Constant(1), c)
	return b.apply(x.Dims, func() *Node {
		var y *Node
		in := as(x.Node, floatType) // 8 bits are too few for statistics
		if b.training {
			var batchMean, batchVariance *Node
			y, batchMean, batchVariance = b.normTraining(in, gamma, beta)
			b.updates[layer+"/"+string(MovingMean)] = moving(mean, batchMean)
			b.updates[layer+"/"+string(MovingVariance)] = moving(variance, batchVariance)
		} else {
			y = normInference(in, gamma, beta, mean, variance)
		}
		y = as(y, x.Node.DType())
		if n.Linear {
			return y
		}
		return b.relu(y)
	})
}

func moving(old, batch *Node) *Node {
	return StopGradient(Add(MulScalar(old, BatchNormDecay), MulScalar(batch, 1-BatchNormDecay)))
}

// normTraining: x [..., C] -> normalised [..., C], mean [C], variance [C].
// The variance is taken about the mean in a second pass: E[x^2]-E[x]^2 loses
// digits where the mean is large.
func (b *Builder) normTraining(x, gamma, beta *Node) (y, mean, variance *Node) {
	if beta == nil {
		beta = ZerosLike(gamma)
	}
	if b.FusedBatchNorm {
		return InternalBatchNormForTraining(x, gamma, beta, BatchNormEpsilon, -1)
	}
	axes := make([]int, x.Rank()-1)
	for i := range axes {
		axes[i] = i
	}
	mean = ReduceMean(x, axes...)
	centred := Sub(x, ExpandLeftToRank(mean, x.Rank()))
	variance = ReduceMean(Square(centred), axes...)
	scale := Div(gamma, Sqrt(AddScalar(variance, BatchNormEpsilon)))
	y = Add(Mul(centred, ExpandLeftToRank(scale, x.Rank())), ExpandLeftToRank(beta, x.Rank()))
	return y, mean, variance
}

// normInference is one multiplication and one addition per value.
func normInference(x, gamma, beta, mean, variance *Node) *Node {
	scale := Div(gamma, Sqrt(AddScalar(variance, BatchNormEpsilon)))
	shift := Neg(Mul(mean, scale))
	if beta != nil {
		shift = Add(beta, shift)
	}
	return Add(Mul(x, ExpandLeftToRank(scale, x.Rank())), ExpandLeftToRank(shift, x.Rank()))
}

// relu is max(x, 0), with gradient 0 at 0.
func (b *Builder) relu(x *Node) *Node {
	if b.ReLU != nil {
		return b.ReLU(x)
	}
	return Where(IsPositive(x), x, ZerosLike(x))
}
