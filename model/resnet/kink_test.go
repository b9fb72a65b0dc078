package resnet

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/retort-ml/retort/internal/refdata"
	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/model/internal/modeltest"
	"github.com/retort-ml/retort/model/nn"
)

// kink is a ResNet-34 for images of 28 pixels in evaluation mode, whose ReLUs
// have many inputs near 0: there the gradient jumps, and a rounding decides.
type kink struct {
	config  Config
	images  []float32
	towards []float32
	weights [][]float32
	vars    []nn.Variable
	batch   int
}

const kinkSize = 28

func newKink() kink {
	k := kink{config: Config{Depth: 34, Width: 0.25}, batch: 8}
	k.images = refdata.V(5, k.batch*kinkSize*kinkSize*3)
	k.towards = refdata.V(2, k.batch*k.config.Features())
	k.vars = k.config.Declaration(kinkSize).Variables
	for _, v := range k.vars {
		w := v.Draw(7)
		if v.Kind == nn.Gamma {
			for i := range w {
				w[i] = 0.5
			}
		}
		k.weights = append(k.weights, w)
	}
	return k
}

// run computes loss = sum(features * towards) with the given signs of what comes
// into the ReLUs, or their own: gradients of kernels, and the ReLUs' inputs.
func (k kink) run(t *testing.T, b compute.Backend, signs [][]bool, shapes [][]int) (gradients, inputs [][]float32, dims [][]int) {
	in := []*tensors.Tensor{modeltest.Tensor(k.images, k.batch, kinkSize, kinkSize, 3), modeltest.Tensor(k.towards, k.batch, k.config.Features())}
	for i, v := range k.vars {
		in = append(in, modeltest.Tensor(k.weights[i], v.Shape...))
	}
	for i, s := range signs {
		in = append(in, tensors.FromFlatDataAndDimensions(s, shapes[i]...))
	}
	kernels := 0
	out := modeltest.Run(t, b, func(in []*graph.Node) []*graph.Node {
		given, seen := in[2+len(k.vars):], []*graph.Node{}
		o := nn.OptionsFor(b)
		o.ReLU = func(x *graph.Node) *graph.Node {
			positive := graph.IsPositive(x)
			if len(given) > 0 {
				positive = given[len(seen)]
			}
			seen = append(seen, x)
			return graph.Where(positive, x, graph.ZerosLike(x))
		}
		values, wrt := map[string]*graph.Node{}, []*graph.Node{}
		for i, v := range k.vars {
			values[v.Name] = in[2+i]
			if v.Kind == nn.Kernel {
				wrt = append(wrt, in[2+i])
			}
		}
		h := k.config.Encode(nn.Build(values, false, o), nn.Map{Node: in[0], Dims: in[0].Shape().Dimensions[1:]})
		dims = nil
		for _, x := range seen {
			dims = append(dims, x.Shape().Dimensions)
		}
		kernels = len(wrt)
		return append(graph.Gradient(graph.ReduceAllSum(graph.Mul(h.Node, in[1])), wrt...), seen...)
	}, in...)
	return out[:kernels], out[kernels:], dims
}

// TestKernelsGradientsDifferBySignsNearZero compares the gradients of all
// kernels, each by the norm of its difference, between our engine and another
// (that of the tests, or GoMLX's). What they differ by in evaluation mode are
// signs of ReLU inputs near 0: with these images XLA:CPU sees one of 1,503,232
// otherwise, and a kernel's gradient is 4.1e-3 off; given the same signs all of
// them agree to 7.7e-7 (with other images no sign differs, and all agree so). One
// sign alone, turned, does the same on one engine.
func TestKernelsGradientsDifferBySignsNearZero(t *testing.T) {
	const allowed = 1e-5
	other := "go"
	if name := os.Getenv("RETORT_BACKEND"); strings.HasPrefix(name, "xla") {
		other = name
	}
	var engines []compute.Backend
	for _, name := range []string{"cpu", other} {
		c, err := backend.New(name)
		if err != nil {
			t.Fatal(err)
		}
		engines = append(engines, c.Backend)
	}
	k := newKink()
	ours, inputs, dims := k.run(t, engines[0], nil, nil)
	theirs, others, _ := k.run(t, engines[1], nil, nil)
	signs := make([][]bool, len(inputs))
	flips, values, least, at, where := 0, 0, math.Inf(1), 0, 0
	for i, x := range inputs {
		signs[i] = make([]bool, len(x))
		for j, v := range x {
			signs[i][j] = v > 0
			values++
			if (others[i][j] > 0) != (v > 0) {
				flips++
			}
			if a := math.Abs(float64(v)); a < least && i < len(inputs)-1 {
				least, at, where = a, i, j
			}
		}
	}
	t.Logf("%s: %d of %d ReLU inputs have another sign; kernels' gradients are up to %.2g apart", other, flips, values, furthest(theirs, ours))
	if flips == 0 && furthest(theirs, ours) > allowed {
		t.Error("no sign differs, and the gradients do")
	}
	same, _, _ := k.run(t, engines[1], signs, dims)
	worst := furthest(same, ours)
	t.Logf("with the same signs: up to %.2g apart", worst)
	if !(worst <= allowed) {
		t.Errorf("with the same signs gradients are %.3g apart; want at most %.3g", worst, allowed)
	}
	signs[at][where] = !signs[at][where]
	turned, _, _ := k.run(t, engines[0], signs, dims)
	moved := furthest(turned, ours)
	t.Logf("the sign of one input, %.2g, turned: %.2g", least, moved)
	if moved <= allowed {
		t.Errorf("one sign moves gradients by %.3g only", moved)
	}
}

// furthest is the largest distance of two gradients, relative to the second.
func furthest(got, want [][]float32) (worst float64) {
	for i := range got {
		worst = max(worst, modeltest.Distance(got[i], want[i])/modeltest.Norm(want[i]))
	}
	return worst
}
