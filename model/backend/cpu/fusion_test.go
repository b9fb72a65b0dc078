package cpu

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// unfused computes every operation by itself.
func unfused() *backend { return &backend{memory: newMemoryPool(), unfused: true} }

// mapDims are those of every feature map in these tests.
var mapDims = []int{2, 5, 4, 3}

// layers builds networks of maps of one shape; each parameter is a new operand.
type layers struct {
	x    *Node
	seed int
}

// weights are constant in the graph: values that depend on the seed only.
func (l *layers) weights(dims ...int) *Node {
	l.seed++
	return Const(l.x.Graph(), noiseTensor(uint32(l.seed), dims...).Value())
}

func (l *layers) conv(x *Node, size int) *Node {
	return Convolve(x, l.weights(size, size, 3, 3)).PadSame().Done()
}

func (l *layers) norm(x *Node) *Node {
	y, _, _ := InternalBatchNormForTraining(x, l.weights(3), l.weights(3), 1e-3, 3)
	return y
}

func (l *layers) inference(x *Node) *Node {
	return InternalBatchNormForInference(x, l.weights(3), l.weights(3), l.weights(3), AddScalar(Square(l.weights(3)), 0.5), 1e-3, 3)
}

func (l *layers) bias(x *Node) *Node {
	return Add(x, ExpandLeftToRank(l.weights(3), 4))
}

// networks are what the compiler fuses, and near misses.
var networks = []struct {
	name string
	fn   func(l *layers, x *Node) *Node
}{
	{"norm, ReLU", func(l *layers, x *Node) *Node { return relu(l.norm(x)) }},
	{"norm, residual, ReLU", func(l *layers, x *Node) *Node { return relu(Add(l.norm(l.conv(x, 3)), x)) }},
	{"residual of itself", func(l *layers, x *Node) *Node { y := l.norm(x); return relu(Add(y, y)) }},
	{"two norms added, ReLU: a projection shortcut", func(l *layers, x *Node) *Node {
		return relu(Add(l.norm(l.conv(x, 3)), l.norm(l.conv(x, 1))))
	}},
	{"norm of a norm added to it", func(l *layers, x *Node) *Node {
		a := l.norm(x)
		return relu(Add(a, l.norm(l.conv(relu(a), 3))))
	}},
	{"two blocks", func(l *layers, x *Node) *Node {
		for range 2 {
			x = relu(Add(l.norm(l.conv(relu(l.norm(l.conv(x, 3))), 3)), l.norm(l.conv(x, 1))))
		}
		return x
	}},
	{"norm used twice", func(l *layers, x *Node) *Node { y := l.norm(x); return Mul(relu(y), y) }},
	{"conv, bias, ReLU", func(l *layers, x *Node) *Node { return relu(l.bias(l.conv(x, 3))) }},
	{"conv, inference norm, residual, ReLU", func(l *layers, x *Node) *Node { return relu(Add(x, l.inference(l.conv(x, 3)))) }},
	{"two convs with inference norms added, ReLU", func(l *layers, x *Node) *Node {
		return relu(Add(l.inference(l.conv(x, 3)), l.inference(l.conv(x, 1))))
	}},
	{"inference blocks", func(l *layers, x *Node) *Node {
		for range 3 {
			x = relu(Add(l.inference(l.conv(relu(l.inference(l.conv(x, 3))), 3)), x))
		}
		return x
	}},
	{"conv used twice", func(l *layers, x *Node) *Node { y := l.conv(x, 3); return Sub(relu(l.bias(y)), y) }},
	{"conv added to itself", func(l *layers, x *Node) *Node { y := l.conv(x, 1); return relu(Add(y, y)) }},
	{"long elementwise chain with a reduction", func(l *layers, x *Node) *Node {
		y := Tanh(Add(Mul(x, l.weights(mapDims...)), Exp(Neg(Square(x)))))
		return Div(y, AddScalar(ReduceAndKeep(Square(y), ReduceSum, 3), 1))
	}},
}

// bothWays compares a network, and its gradient where it has one, fused and not.
func bothWays(t *testing.T, gradient bool, network func(l *layers, x *Node) *Node) {
	t.Helper()
	x := noiseTensor(77, mapDims...)
	fn := func(in *Node) []*Node {
		l := &layers{x: in}
		y := network(l, in)
		if !gradient {
			return []*Node{y}
		}
		loss := ReduceAllSum(Mul(y, l.weights(y.Shape().Dimensions...)))
		return append([]*Node{y}, Gradient(loss, in)...)
	}
	want, got := run(t, unfused(), fn, x), run(t, fast(t), fn, x)
	for i := range want {
		if err := near(got[i], want[i], 5e-5); err != nil {
			t.Errorf("result %d: %v", i, err)
		}
	}
}

func TestFusedIsWhatItReplaces(t *testing.T) {
	for _, n := range networks {
		t.Run(n.name, func(t *testing.T) { bothWays(t, false, n.fn) })
	}
}

// TestFusedGradient leaves out inference, which has no gradient.
func TestFusedGradient(t *testing.T) {
	for _, n := range networks[:8] {
		t.Run(n.name, func(t *testing.T) { bothWays(t, true, n.fn) })
	}
}

// TestFusedKeepsNaN: the fused ReLU treats NaN as the one in the graph.
func TestFusedKeepsNaN(t *testing.T) {
	for _, n := range networks {
		x := noise(size(mapDims), 77)
		x[31] = nan
		in := tensors.FromFlatDataAndDimensions(x, mapDims...)
		fn := func(in *Node) *Node { return n.fn(&layers{x: in}, in) }
		want, got := run(t, unfused(), fn, in), run(t, fast(t), fn, in)
		if err := near(got[0], want[0], 5e-5); err != nil {
			t.Errorf("%s: %v", n.name, err)
		}
	}
}

// randomNetwork puts layers on maps drawn from those that are there.
func randomNetwork(r *rand.Rand) func(l *layers, x *Node) *Node {
	return func(l *layers, x *Node) *Node {
		maps := []*Node{x}
		pick := func() *Node { return maps[max(0, len(maps)-1-r.IntN(4))] }
		for range 3 + r.IntN(12) {
			a := pick()
			switch r.IntN(7) {
			case 0, 1:
				a = l.conv(a, 1+2*r.IntN(2))
			case 2, 3:
				a = l.norm(a)
			case 4:
				a = relu(a)
			case 5:
				a = Add(a, pick())
			case 6:
				a = l.bias(a)
			}
			maps = append(maps, a)
		}
		return slices.MaxFunc(maps, func(a, b *Node) int { return int(a.Id()) - int(b.Id()) })
	}
}

func FuzzFusion(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		for _, gradient := range []bool{false, true} {
			t.Run(fmt.Sprint(gradient), func(t *testing.T) {
				bothWays(t, gradient, func(l *layers, x *Node) *Node {
					return randomNetwork(rand.New(rand.NewPCG(seed, 1)))(l, x)
				})
			})
		}
	})
}
