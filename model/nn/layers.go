package nn

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// DenseStdDev is the standard deviation that dense kernels start with.
const DenseStdDev = 0.01

// Dense multiplies by a kernel: x [B, in] -> [B, out]. A kernel with a bias may
// start at zero (the supervised head for fine-tuning).
func (b *Builder) Dense(x Map, out int, bias, zero bool) Map {
	layer, in := b.layer("dense"), x.Channels()
	init := Normal(DenseStdDev)
	if zero {
		init = Constant(0)
	}
	kernel := b.variable(layer, Kernel, init, in, out)
	var offset *Node
	if bias {
		offset = b.variable(layer, Bias, Constant(0), out)
	}
	b.flops += 2 * int64(in) * int64(out)
	return b.apply([]int{out}, func() *Node {
		y := MatMul(x.Node, kernel)
		if bias {
			y = Add(y, ExpandLeftToRank(offset, 2))
		}
		return y
	})
}

// AddReLU is the end of a residual block: relu(x + y).
func (b *Builder) AddReLU(x, y Map) Map {
	return b.apply(x.Dims, func() *Node { return b.relu(Add(x.Node, y.Node)) })
}

// MaxPool is the 3x3 maximum with stride 2 of the stem, padded as TensorFlow's
// SAME: even sizes only at the end.
func (b *Builder) MaxPool(x Map) Map {
	h, w := x.Dims[0], x.Dims[1]
	return b.apply([]int{(h + 1) / 2, (w + 1) / 2, x.Dims[2]}, func() *Node {
		return MaxPool(x.Node).WindowPerAxis(3, 3).Strides(2).PaddingPerDim([][2]int{samePad(h), samePad(w)}).Done()
	})
}

// samePad is the SAME padding of a window of 3 with stride 2.
func samePad(n int) [2]int {
	total := max(((n+1)/2-1)*2+3-n, 0)
	return [2]int{total / 2, total - total/2}
}

// AveragePool is the 2x2 mean before the ResNet-D shortcut's 1x1 convolution.
// With stride 1 it is SAME and divides by the pixels there are; with stride 2
// an odd edge counts as if zeros followed.
func (b *Builder) AveragePool(x Map, stride int) Map {
	h, w, c := x.Dims[0], x.Dims[1], x.Dims[2]
	if stride == 1 {
		return b.apply(x.Dims, func() *Node { return pairMean(pairMean(x.Node, 1), 2) })
	}
	dims := []int{(h + 1) / 2, (w + 1) / 2, c}
	return b.apply(dims, func() *Node {
		y := padZeros(padZeros(x.Node, 1, 0, h%2), 2, 0, w%2)
		y = Reshape(y, y.Shape().Dim(0), dims[0], 2, dims[1], 2, c)
		return ReduceMean(y, 2, 4)
	})
}

// pairMean averages each row with the next along an axis; the last one stays.
func pairMean(x *Node, axis int) *Node {
	n := x.Shape().Dim(axis)
	if n == 1 {
		return x
	}
	last := SliceAxis(x, axis, AxisRange(n-1))
	pairs := MulScalar(Add(SliceAxis(x, axis, AxisRange(0, n-1)), SliceAxis(x, axis, AxisRange(1))), 0.5)
	return Concatenate([]*Node{pairs, last}, axis)
}

// GlobalPool is the mean over all pixels: [B, H, W, C] -> [B, C].
func (b *Builder) GlobalPool(x Map) Map {
	return b.apply([]int{x.Dims[2]}, func() *Node { return ReduceMean(as(x.Node, floatType), 1, 2) })
}

// Block is where a residual block begins: with [Options.Remat], in training, what
// follows is computed again for the gradient instead of kept, up to the next
// Block or to EndBlocks.
func (b *Builder) Block(x Map) Map {
	return b.boundary(x, func() *Node { return x.Node.Checkpoint() })
}

// EndBlocks is behind the last block.
func (b *Builder) EndBlocks(x Map) Map {
	return b.boundary(x, func() *Node { return x.Node.StopCheckpoint() })
}

func (b *Builder) boundary(x Map, f func() *Node) Map {
	if !b.Remat || !b.training {
		return x
	}
	return b.apply(x.Dims, f)
}

// SelectiveKernels is the SK layer in place of a 3x3 convolution (Li et al.
// 2019, in the reference's cheap form: both branches are 3x3): one convolution
// to twice the filters, whose halves are mixed per channel by weights computed
// from the global mean of their sum.
func (b *Builder) SelectiveKernels(x Map, filters, stride int, ratio float64) Map {
	const leastChannels = 32
	y := b.BatchNorm(b.Conv(x, 2*filters, 3, stride), Norm{})
	half := []int{y.Dims[0], y.Dims[1], filters}
	first := b.apply(half, func() *Node { return SliceAxis(y.Node, -1, AxisRange(0, filters)) })
	second := b.apply(half, func() *Node { return SliceAxis(y.Node, -1, AxisRange(filters)) })
	mean := b.apply([]int{1, 1, filters}, func() *Node {
		return ReduceAndKeep(as(Add(first.Node, second.Node), floatType), ReduceMean, 1, 2)
	})
	squeezed := max(int(math.Floor(float64(filters)*ratio)), leastChannels)
	mix := b.Conv(b.BatchNorm(b.Conv(mean, squeezed, 1, 1), Norm{}), 2*filters, 1, 1)
	return b.apply(half, func() *Node {
		a, z := SliceAxis(mix.Node, -1, AxisRange(0, filters)), SliceAxis(mix.Node, -1, AxisRange(filters))
		// The softmax over two branches is a sigmoid of their difference.
		d := Sub(a, z)
		return Add(Mul(first.Node, Logistic(d)), Mul(second.Node, Logistic(Neg(d))))
	})
}

// Images turns uint8 pixels [B, H, W, 3] into float32 in [0, 1]: a
// multiplication by float32(1/255), as the reference does (a division differs
// in the last bit for half of the values). Float pixels are in [0, 1] already.
func Images(pixels *Node) *Node {
	if pixels.DType().IsFloat() {
		return pixels
	}
	return MulScalar(ConvertDType(pixels, floatType), float64(float32(1)/255))
}
