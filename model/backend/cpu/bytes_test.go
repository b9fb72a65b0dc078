package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/retort-ml/retort/model/backend/cpu/internal/kernels"
)

// inBytes computes inference in 8 bits, whatever the machine's instructions.
func inBytes() *backend { return &backend{memory: newMemoryPool(), bytes: true} }

// byteDims are those of every feature map in these tests.
var byteDims = []int{3, 6, 5, 16}

func (l *layers) byteConv(x *Node, size, stride int) *Node {
	return Convolve(x, MulScalar(l.weights(size, size, 16, 16), 0.3)).PadSame().Strides(stride).Done()
}

// constConv has weights that are constants of the graph: what else is computed on
// the way is not.
func (l *layers) constConv(x *Node, size, ci, co, stride int) *Node {
	l.seed++
	w := noise(size*size*ci*co, uint32(l.seed))
	for i := range w {
		w[i] *= 2 / float32(math.Sqrt(float64(size*size*ci)))
	}
	return Convolve(x, ConstTensor(x.Graph(), tensors.FromFlatDataAndDimensions(w, size, size, ci, co))).PadSame().Strides(stride).Done()
}

func (l *layers) channelNorm(x *Node) *Node {
	c := x.Shape().Dimensions[3]
	return Add(Mul(x, ExpandLeftToRank(AddScalar(l.weights(c), 1.5), 4)), ExpandLeftToRank(l.weights(c), 4))
}

// byteNetworks are what becomes bytes, and near misses: how many convolutions do.
var byteNetworks = []struct {
	name  string
	convs int
	fn    func(l *layers, x *Node) *Node
}{
	{"a convolution of a rectified map", 1, func(l *layers, x *Node) *Node { return l.constConv(relu(x), 3, 16, 32, 1) }},
	{"three in a row", 3, func(l *layers, x *Node) *Node {
		x = relu(x)
		for range 3 {
			x = relu(l.channelNorm(l.constConv(x, 3, 16, 16, 1)))
		}
		return x
	}},
	{"residual blocks", 6, func(l *layers, x *Node) *Node {
		x = relu(x)
		for range 3 {
			y := relu(l.channelNorm(l.constConv(x, 1, 16, 16, 1)))
			x = relu(Add(l.channelNorm(l.constConv(y, 3, 16, 16, 1)), x))
		}
		return x
	}},
	{"a strided block with a shortcut", 3, func(l *layers, x *Node) *Node {
		x = relu(x)
		y := relu(l.channelNorm(l.constConv(x, 3, 16, 32, 2)))
		return relu(Add(l.channelNorm(l.constConv(y, 3, 32, 32, 1)), l.channelNorm(l.constConv(x, 1, 16, 32, 2))))
	}},
	{"the output is read by another convolution", 2, func(l *layers, x *Node) *Node {
		y := relu(l.constConv(relu(x), 3, 16, 16, 1))
		return Concatenate([]*Node{y, l.constConv(y, 1, 16, 16, 1)}, 3)
	}},
	{"a map that floats read too", 3, func(l *layers, x *Node) *Node {
		y := relu(l.constConv(relu(x), 3, 16, 16, 1))
		z := relu(l.constConv(y, 1, 16, 16, 1))
		return Add(Mul(Tanh(y), z), l.constConv(z, 1, 16, 16, 1))
	}},
	{"pooled", 2, func(l *layers, x *Node) *Node {
		y := relu(l.constConv(MaxPool(relu(x)).Window(3).Strides(1).PadSame().Done(), 3, 16, 16, 1))
		return l.constConv(MeanPool(y).Window(2).Done(), 1, 16, 16, 1)
	}},
	{"halves mixed by sigmoids: selective kernels", 2, func(l *layers, x *Node) *Node {
		y := relu(l.channelNorm(l.constConv(relu(x), 3, 16, 32, 1)))
		a, b := SliceAxis(y, -1, AxisRange(0, 16)), SliceAxis(y, -1, AxisRange(16))
		w := Logistic(ReduceAndKeep(Add(a, b), ReduceMean, 1, 2))
		return l.constConv(Add(Mul(a, w), Mul(b, Logistic(Neg(w)))), 1, 16, 16, 1)
	}},
	{"an input with negative values", 0, func(l *layers, x *Node) *Node { return l.constConv(x, 3, 16, 16, 1) }},
	{"after a normalisation without a rectifier", 1, func(l *layers, x *Node) *Node {
		return l.constConv(l.channelNorm(l.constConv(relu(x), 3, 16, 16, 1)), 3, 16, 16, 1)
	}},
	{"a number of channels that does not suit", 0, func(l *layers, x *Node) *Node { return l.constConv(relu(x), 3, 16, 24, 1) }},
	{"weights that are computed", 0, func(l *layers, x *Node) *Node { return l.byteConv(relu(x), 3, 1) }},
	{"single pixels", 0, func(l *layers, x *Node) *Node {
		return l.constConv(ReduceAndKeep(relu(x), ReduceMean, 1, 2), 1, 16, 16, 1)
	}},
}

// countBytes is how many convolutions of a program are in 8 bits.
func countBytes(t *testing.T, run func()) (n int) {
	t.Helper()
	stop := Profile()
	run()
	for _, s := range stop() {
		if s.Op == "ConvBytes" {
			n++
		}
	}
	return n
}

// closeTo is whether two results are alike but for what 8 bits lose.
func closeTo(got, want []float32) error {
	var diff, all float64
	for i, v := range want {
		d := float64(got[i] - v)
		diff, all = diff+d*d, all+float64(v)*float64(v)
	}
	if loss := math.Sqrt(diff / all); !(loss < 0.05) {
		return fmt.Errorf("the results differ by %.3g of their size", loss)
	}
	return nil
}

func TestByteNetworks(t *testing.T) {
	x := noiseTensor(77, byteDims...)
	for _, n := range byteNetworks {
		t.Run(n.name, func(t *testing.T) {
			fn := func(in *Node) *Node { return n.fn(&layers{x: in}, in) }
			want := run(t, fast(t), fn, x)[0]
			var got []float32
			b := inBytes()
			if convs := countBytes(t, func() { got = run(t, b, fn, x)[0] }); convs != n.convs {
				t.Errorf("%d convolutions are in 8 bits, want %d", convs, n.convs)
			}
			unfit := 0
			if strings.HasPrefix(n.name, "a number of channels") {
				unfit = 1
			}
			if u, ok := b.Int8Use(); !ok || u.InBytes != n.convs || u.Unfit != unfit || u.Convolutions < n.convs+unfit {
				t.Errorf("it tells of %+v; want %d in bytes, %d unfit", u, n.convs, unfit)
			}
			if n.convs == 0 && !slices.Equal(got, want) {
				t.Error("without bytes the result is another")
			}
			if err := closeTo(got, want); err != nil {
				t.Error(err)
			}
		})
	}
}

// An image's bits are its own: neither the batch, nor threads, nor the machine's
// instructions change them.
func TestBytesOfAnImage(t *testing.T) {
	image := size(byteDims[1:])
	for _, n := range byteNetworks[:5] {
		fn := func(in *Node) *Node { return n.fn(&layers{x: in}, in) }
		all := noise(size(byteDims), 77)
		var want []float32
		for _, isa := range kernels.Supported() {
			restore := kernels.Use(isa)
			for _, threads := range []int{1, 4} {
				was := runtime.GOMAXPROCS(threads)
				got := run(t, inBytes(), fn, tensors.FromFlatDataAndDimensions(all, byteDims...))[0]
				runtime.GOMAXPROCS(was)
				if want == nil {
					want = got
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s: %s, %d threads: other bits", n.name, isa, threads)
				}
			}
			each := len(want) / byteDims[0]
			for i := range byteDims[0] {
				alone := run(t, inBytes(), fn, tensors.FromFlatDataAndDimensions(all[i*image:][:image], append([]int{1}, byteDims[1:]...)...))[0]
				if !slices.Equal(alone, want[i*each:][:each]) {
					t.Errorf("%s: %s: image %d is another by itself", n.name, isa, i)
				}
			}
			restore()
		}
	}
}

// What is not a number is not a number in the end, of that image alone.
func TestBytesOfNaN(t *testing.T) {
	fn := func(in *Node) *Node {
		l := &layers{x: in}
		x := Exp(in)
		for range 2 {
			x = relu(Add(l.channelNorm(l.constConv(relu(l.constConv(x, 3, 16, 16, 1)), 3, 16, 16, 1)), x))
		}
		return ReduceMean(x, 1, 2)
	}
	x := noise(size(byteDims), 3)
	want := run(t, inBytes(), fn, tensors.FromFlatDataAndDimensions(slices.Clone(x), byteDims...))[0]
	for _, bad := range []float32{nan, float32(math.Inf(1)), 1000} {
		x[size(byteDims[1:])+5] = bad
		got := run(t, inBytes(), fn, tensors.FromFlatDataAndDimensions(slices.Clone(x), byteDims...))[0]
		for i, v := range got {
			if inside := i/16 == 1; inside && v == v || !inside && v != want[i] {
				t.Fatalf("%v: result %d is %v, it was %v", bad, i, v, want[i])
			}
		}
	}
}

// randomByteNetwork puts layers on maps drawn from those that are there.
func randomByteNetwork(r *rand.Rand, l *layers, x *Node) *Node {
	maps := []*Node{relu(x)}
	pick := func() *Node { return maps[max(0, len(maps)-1-r.IntN(4))] }
	for range 3 + r.IntN(10) {
		a := pick()
		switch r.IntN(8) {
		case 0, 1, 2:
			a = relu(l.channelNorm(l.constConv(a, 1+2*r.IntN(2), 16, 16, 1)))
		case 3:
			a = l.constConv(a, 1+2*r.IntN(2), 16, 16, 1)
		case 4, 5:
			a = relu(Add(l.channelNorm(l.constConv(a, 3, 16, 16, 1)), pick()))
		case 6:
			a = MulScalar(Add(a, pick()), 0.5)
		case 7:
			a = MaxPool(a).Window(3).Strides(1).PadSame().Done()
		}
		maps = append(maps, a)
	}
	return slices.MaxFunc(maps, func(a, b *Node) int { return int(a.Id()) - int(b.Id()) })
}

func FuzzBytes(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed)
	}
	x := noiseTensor(77, byteDims...)
	f.Fuzz(func(t *testing.T, seed uint64) {
		fn := func(in *Node) *Node { return randomByteNetwork(rand.New(rand.NewPCG(seed, 1)), &layers{x: in}, in) }
		want, got := run(t, fast(t), fn, x)[0], run(t, inBytes(), fn, x)[0]
		if err := closeTo(got, want); err != nil {
			t.Error(err)
		}
	})
}

// Weights are constants for bytes alone.
func TestBytesWantConstants(t *testing.T) {
	if !inBytes().Capabilities().PreferConstantsForVariables || fast(t).Capabilities().PreferConstantsForVariables {
		t.Error("weights are to be constants for bytes alone")
	}
}

func TestNewInt8(t *testing.T) {
	b, err := New(Int8)
	switch {
	case kernels.BytesAreFast() != (err == nil):
		t.Errorf("fast: %v, yet %v", kernels.BytesAreFast(), err)
	case err != nil && !strings.Contains(err.Error(), "f32 is faster here"):
		t.Error(err)
	case err == nil && !b.(*backend).bytes:
		t.Error("it is not in 8 bits")
	}
	if _, err := New("int4"); err == nil || !strings.Contains(err.Error(), Int8) {
		t.Error(err)
	}
}
