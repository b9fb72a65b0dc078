package cpu

import (
	"fmt"
	"math"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// gradCase is a function of tensors whose gradients a training may need.
type gradCase struct {
	name string
	dims [][]int // of the operands
	fn   func(x []*Node) *Node
}

func convCase(name string, x, w []int, configure func(c *ConvolutionBuilder) *ConvolutionBuilder) gradCase {
	return gradCase{"conv/" + name, [][]int{x, w}, func(in []*Node) *Node {
		return configure(Convolve(in[0], in[1])).Done()
	}}
}

type (
	conv = *ConvolutionBuilder
	pool = *PoolBuilder
)

func poolCase(name string, x []int, pooled func(x *Node) pool) gradCase {
	return gradCase{"pool/" + name, [][]int{x}, func(in []*Node) *Node { return pooled(in[0]).Done() }}
}

func unaryCase(name string, f func(*Node) *Node) gradCase {
	return gradCase{name, [][]int{{3, 5}}, func(x []*Node) *Node { return f(x[0]) }}
}

// positives keeps a function away from where it has no derivative.
func positives(x *Node) *Node { return AddScalar(Square(x), 0.3) }

func normCase(name string, dims []int, axis int, after func(y *Node) *Node) gradCase {
	c := dims[axis]
	return gradCase{"norm/" + name, [][]int{dims, {c}, {c}}, func(in []*Node) *Node {
		y, _, _ := InternalBatchNormForTraining(in[0], in[1], in[2], 1e-3, axis)
		return after(y)
	}}
}

func same1(x *Node) *Node { return x }

func relu(x *Node) *Node { return Where(GreaterThan(x, ZerosLike(x)), x, ZerosLike(x)) }

// gradCases are all the paths. Kernels have odd extents: GoMLX's gradient of a
// convolution with an even one is wrong, on every backend.
var gradCases = []gradCase{
	convCase("plain", []int{2, 6, 5, 3}, []int{3, 3, 3, 4}, conv.NoPadding),
	convCase("same", []int{2, 6, 5, 3}, []int{3, 3, 3, 4}, conv.PadSame),
	convCase("1x1", []int{2, 4, 5, 3}, []int{1, 1, 3, 4}, conv.NoPadding),
	convCase("1x1 stride 2", []int{2, 5, 5, 3}, []int{1, 1, 3, 4}, func(c conv) conv { return c.Strides(2) }),
	convCase("stride 2 padded", []int{1, 7, 8, 2}, []int{3, 3, 2, 3}, func(c conv) conv { return c.Strides(2).PaddingPerDim([][2]int{{1, 1}, {1, 1}}) }),
	convCase("stride beyond the kernel", []int{1, 9, 8, 2}, []int{3, 1, 2, 3}, func(c conv) conv { return c.StridePerAxis(4, 3) }),
	convCase("strides differ", []int{1, 7, 9, 2}, []int{3, 5, 2, 3}, func(c conv) conv { return c.StridePerAxis(1, 3) }),
	convCase("dilated", []int{1, 9, 9, 2}, []int{3, 3, 2, 3}, func(c conv) conv { return c.Dilations(2) }),
	convCase("dilated and padded", []int{1, 7, 6, 2}, []int{3, 3, 2, 3}, func(c conv) conv {
		return c.DilationPerAxis(2, 3).PaddingPerDim([][2]int{{2, 1}, {1, 3}})
	}),
	convCase("padded on one side", []int{1, 5, 5, 2}, []int{3, 3, 2, 3}, func(c conv) conv { return c.PaddingPerDim([][2]int{{0, 2}, {2, 0}}) }),
	convCase("groups", []int{1, 5, 5, 4}, []int{3, 3, 2, 6}, func(c conv) conv { return c.ChannelGroupCount(2).PadSame() }),
	convCase("depthwise", []int{1, 5, 5, 3}, []int{3, 3, 1, 3}, func(c conv) conv { return c.ChannelGroupCount(3).PadSame() }),
	convCase("one pixel", []int{2, 1, 1, 3}, []int{1, 1, 3, 2}, conv.NoPadding),
	convCase("one axis", []int{2, 7, 3}, []int{3, 3, 2}, conv.PadSame),
	convCase("three axes", []int{1, 4, 4, 4, 2}, []int{3, 1, 3, 2, 2}, conv.NoPadding),

	poolCase("max", []int{1, 6, 6, 3}, func(x *Node) pool { return MaxPool(x).Window(2) }),
	poolCase("max overlapping", []int{1, 7, 7, 2}, func(x *Node) pool { return MaxPool(x).Window(3).Strides(2).PadSame() }),
	poolCase("mean", []int{1, 6, 6, 3}, func(x *Node) pool { return MeanPool(x).Window(2) }),
	poolCase("mean overlapping", []int{1, 5, 5, 2}, func(x *Node) pool { return MeanPool(x).Window(2).Strides(1).PadSame() }),
	poolCase("sum", []int{1, 5, 6, 3}, func(x *Node) pool { return SumPool(x).Window(2).Strides(3) }),

	normCase("last axis", []int{4, 3, 2}, 2, same1),
	normCase("middle axis", []int{4, 3, 2}, 1, same1),
	normCase("then ReLU", []int{5, 2, 3}, 2, relu),

	unaryCase("softmax", func(x *Node) *Node { return Softmax(x, -1) }),
	unaryCase("softmax of columns", func(x *Node) *Node { return Softmax(x, 0) }),
	unaryCase("log softmax", func(x *Node) *Node { return LogSoftmax(x, -1) }),
	unaryCase("cross entropy", func(x *Node) *Node {
		labels := OneHot(Const(x.Graph(), []int32{4, 0, 2}), 5, x.DType())
		return Neg(ReduceSum(Mul(labels, LogSoftmax(x, -1)), -1))
	}),
	unaryCase("l2 normalise", func(x *Node) *Node { return L2Normalize(x, -1) }),
	{"contrast", [][]int{{6, 4}}, func(in []*Node) *Node {
		z := L2Normalize(in[0], -1)
		logits := MulScalar(Dot(z, TransposeAllAxes(z, 1, 0)).Product(), 5)
		mask := Diagonal(z.Graph(), 6)
		other := OneHot(Const(z.Graph(), []int32{3, 4, 5, 0, 1, 2}), 6, z.DType())
		return ReduceSum(Mul(other, LogSoftmax(Where(mask, ConstAs(logits, -1e9), logits), -1)), -1)
	}},

	unaryCase("sum of rows", func(x *Node) *Node { return ReduceSum(x, 1) }),
	unaryCase("sum of columns", func(x *Node) *Node { return ReduceSum(x, 0) }),
	unaryCase("sum", ReduceAllSum),
	unaryCase("mean", func(x *Node) *Node { return ReduceMean(x, 0) }),
	unaryCase("max", func(x *Node) *Node { return ReduceMax(x, 1) }),
	unaryCase("min", func(x *Node) *Node { return ReduceMin(x, 0) }),
	unaryCase("variance", func(x *Node) *Node { return ReduceVariance(x, 1) }),
	unaryCase("cumulative sum", func(x *Node) *Node { return CumSum(x, 1) }),

	{"dot", [][]int{{3, 4}, {4, 5}}, func(in []*Node) *Node { return Dot(in[0], in[1]).Product() }},
	{"dot batched", [][]int{{2, 3, 4}, {2, 5, 4}}, func(in []*Node) *Node { return Einsum("bij,bkj->bik", in[0], in[1]) }},
	{"dot of permuted axes", [][]int{{4, 2, 3}, {5, 4, 2}}, func(in []*Node) *Node { return Einsum("jbi,kjb->bik", in[0], in[1]) }},
	{"outer product", [][]int{{3}, {4}}, func(in []*Node) *Node { return Einsum("i,j->ij", in[0], in[1]) }},

	{"gather", [][]int{{5, 3}}, func(in []*Node) *Node {
		return Gather(in[0], Const(in[0].Graph(), [][]int32{{4}, {0}, {4}}))
	}},
	{"scatter", [][]int{{3, 2}}, func(in []*Node) *Node {
		g := in[0].Graph()
		shape := in[0].Shape().Clone()
		shape.Dimensions[0] = 6
		return Scatter(Const(g, [][]int32{{4}, {0}, {4}}), in[0], shape, false, false)
	}},
	{"concatenate", [][]int{{2, 3}, {2, 1}}, func(in []*Node) *Node { return Concatenate([]*Node{in[1], in[0], in[1]}, 1) }},
	unaryCase("slice", func(x *Node) *Node { return Slice(x, AxisRange(1, 3), AxisRange(0, 5).Stride(2)) }),
	unaryCase("dynamic slice", func(x *Node) *Node {
		return DynamicSlice(x, []*Node{Const(x.Graph(), int32(1)), Const(x.Graph(), int32(2))}, []int{2, 2})
	}),
	{"dynamic update", [][]int{{3, 5}, {2, 2}}, func(in []*Node) *Node {
		g := in[0].Graph()
		return DynamicUpdateSlice(in[0], in[1], []*Node{Const(g, int32(1)), Const(g, int32(2))})
	}},
	unaryCase("transpose", func(x *Node) *Node { return Transpose(x, 0, 1) }),
	unaryCase("reshape", func(x *Node) *Node { return Reshape(x, 5, 3) }),
	{"broadcast", [][]int{{3, 1}, {1, 4}}, func(in []*Node) *Node { return Mul(BroadcastToDims(in[0], 3, 4), in[1]) }},

	unaryCase("add, multiply, divide", func(x *Node) *Node { return Div(Add(Mul(x, x), x), positives(x)) }),
	unaryCase("subtract and negate", func(x *Node) *Node { return Sub(Neg(x), Square(x)) }),
	unaryCase("exp", Exp), unaryCase("log", func(x *Node) *Node { return Log(positives(x)) }),
	unaryCase("log1p", func(x *Node) *Node { return Log1p(positives(x)) }),
	unaryCase("sqrt", func(x *Node) *Node { return Sqrt(positives(x)) }),
	unaryCase("power", func(x *Node) *Node { return Pow(positives(x), ConstAs(x, 1.7)) }),
	unaryCase("tanh", Tanh), unaryCase("logistic", Sigmoid), unaryCase("erf", Erf), unaryCase("sine", Sin), unaryCase("cosine", Cos),
	unaryCase("abs", Abs), unaryCase("ReLU", relu), unaryCase("softplus", Softplus),
	unaryCase("max of two", func(x *Node) *Node { return Max(x, Neg(x)) }),
	unaryCase("min of two", func(x *Node) *Node { return Min(x, MulScalar(x, 0.5)) }),
	unaryCase("where", func(x *Node) *Node { return Where(GreaterThan(x, ConstAs(x, 0.2)), Square(x), Neg(x)) }),
	unaryCase("convert", func(x *Node) *Node { return Sin(ConvertDType(ConvertDType(x, dtypes.Float64), x.DType())) }),
}

// loss is a scalar in which every element of y has another weight.
func (c gradCase) loss(x []*Node) *Node {
	y := c.fn(x)
	weight := AddScalar(Sin(MulScalar(IotaFull(y.Graph(), y.Shape()), 1.3)), 0.2)
	return ReduceAllSum(Mul(Add(y, MulScalar(Square(y), 0.25)), weight))
}

// TestGradientsMatchFiniteDifferences compares the gradients in float32 with
// central differences in float64.
func TestGradientsMatchFiniteDifferences(t *testing.T) {
	b := fast(t)
	for _, c := range gradCases {
		t.Run(c.name, func(t *testing.T) {
			var at []*tensors.Tensor
			var wide [][]float64
			for i, d := range c.dims {
				x := noiseTensor(uint32(i+1), d...)
				at = append(at, x)
				wide = append(wide, widen(tensors.MustCopyFlatData[float32](x)))
			}
			grads := run(t, b, func(x []*Node) []*Node { return Gradient(c.loss(x), x...) }, at...)
			loss := MustNewExec(b, c.loss)
			defer loss.Finalize()
			value := func() float64 {
				var in []any
				for i, d := range c.dims {
					in = append(in, tensors.FromFlatDataAndDimensions(wide[i], d...))
				}
				return loss.MustCall(in...)[0].Value().(float64)
			}
			for i := range grads {
				want := make([]float32, len(wide[i]))
				for k, was := range wide[i] {
					const h = 1e-5
					wide[i][k] = was + h
					up := value()
					wide[i][k] = was - h
					want[k] = float32((up - value()) / (2 * h))
					wide[i][k] = was
				}
				if err := near(grads[i], want, 2e-5); err != nil {
					t.Errorf("gradient by operand %d: %v", i, err)
				}
			}
		})
	}
}

func widen(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

// TestSpecialValuesPropagate: a NaN or an infinity in the first operand shows
// in every result that depends on it, as IEEE 754 says, and in no other.
func TestSpecialValuesPropagate(t *testing.T) {
	for _, v := range []float32{nan, inf, -inf} {
		for _, c := range gradCases {
			t.Run(fmt.Sprintf("%v/%s", v, c.name), func(t *testing.T) {
				var at []*tensors.Tensor
				for i, d := range c.dims {
					at = append(at, noiseTensor(uint32(i+1), d...))
				}
				tensors.MustMutableFlatData(at[0], func(flat []float32) { flat[len(flat)/2] = v })
				got := run(t, fast(t), func(x []*Node) *Node { return c.fn(x) }, at...)
				want := run(t, fast(t), func(x []*Node) *Node { return ConvertDType(c.fn(inFloat64(x)), dtypes.Float32) }, at...)
				for i, w := range want[0] {
					if g := got[0][i]; math.IsNaN(float64(g)) != math.IsNaN(float64(w)) || math.IsInf(float64(w), 0) && g != w {
						t.Fatalf("element %d is %v; want %v", i, g, w)
					}
				}
			})
		}
	}
}

// inFloat64 converts the operands: the kernels of float64 are plain loops.
func inFloat64(x []*Node) []*Node {
	out := make([]*Node, len(x))
	for i, n := range x {
		out[i] = ConvertDType(n, dtypes.Float64)
	}
	return out
}
