package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

func slow(t testing.TB) compute.Backend {
	t.Helper()
	b, err := compute.NewWithConfig("go:ops_sequential")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func noise(seed uint64, shape ...int) *tensors.Tensor {
	r, n := rand.New(rand.NewPCG(seed, 1)), 1
	for _, d := range shape {
		n *= d
	}
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return tensors.FromFlatDataAndDimensions(x, shape...)
}

func floats(x *tensors.Tensor) []float32 { return tensors.MustCopyFlatData[float32](x) }

// naiveConv is the convolution as its definition reads: padding (size-1)/2
// before, the rest after.
func naiveConv(x, k []float32, n, h, w, c, size, out, stride int) (y []float32, ho, wo int) {
	ho, wo = (h-1)/stride+1, (w-1)/stride+1
	y = make([]float32, n*ho*wo*out)
	pad := (size - 1) / 2
	for b := range n {
		for i := range ho {
			for j := range wo {
				for o := range out {
					s := 0.0
					for di := range size {
						for dj := range size {
							r, q := i*stride+di-pad, j*stride+dj-pad
							if r < 0 || r >= h || q < 0 || q >= w {
								continue
							}
							for ci := range c {
								s += float64(x[((b*h+r)*w+q)*c+ci]) * float64(k[((di*size+dj)*c+ci)*out+o])
							}
						}
					}
					y[((b*ho+i)*wo+j)*out+o] = float32(s)
				}
			}
		}
	}
	return y, ho, wo
}

// TestConvForms: the backend's convolution, the matrix-product forms and the
// definition agree, forward and backward.
func TestConvForms(t *testing.T) {
	b := slow(t)
	for _, c := range []struct{ h, w, in, size, out, stride int }{
		{5, 5, 3, 3, 4, 1}, {6, 5, 3, 3, 4, 2}, {7, 9, 2, 7, 3, 2}, {4, 4, 40, 3, 5, 1}, {5, 8, 40, 3, 5, 2},
		{6, 6, 4, 1, 3, 1}, {7, 6, 4, 1, 3, 2}, {1, 1, 4, 3, 2, 1}, {1, 2, 4, 3, 2, 2}, {2, 2, 3, 7, 2, 2},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			x, k := noise(1, 2, c.h, c.w, c.in), noise(2, c.size, c.size, c.in, c.out)
			want, ho, wo := naiveConv(floats(x), floats(k), 2, c.h, c.w, c.in, c.size, c.out, c.stride)
			r := noise(3, 2, ho, wo, c.out)
			var results [2][]*tensors.Tensor
			for i, matmul := range []bool{false, true} {
				results[i] = graph.MustExecOnceN(b, func(x, k, r *graph.Node) []*graph.Node {
					nb := Build(map[string]*graph.Node{"conv2d/kernel": k}, true, Options{Matmul: matmul})
					y := nb.Conv(Map{Node: x, Dims: []int{c.h, c.w, c.in}}, c.out, c.size, c.stride)
					if !slices.Equal(y.Dims, y.Node.Shape().Dimensions[1:]) {
						t.Errorf("declared %v, built %s", y.Dims, y.Node.Shape())
					}
					g := graph.Gradient(graph.ReduceAllSum(graph.Mul(y.Node, r)), x, k)
					return []*graph.Node{y.Node, g[0], g[1]}
				}, x, k, r)
				near(t, "forward", floats(results[i][0]), want, 1e-4)
			}
			near(t, "gradient of images", floats(results[1][1]), floats(results[0][1]), 1e-4)
			near(t, "gradient of kernel", floats(results[1][2]), floats(results[0][2]), 1e-4)
		})
	}
}

func near(t *testing.T, what string, got, want []float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if d := math.Abs(float64(got[i] - want[i])); !(d <= tolerance*(1+math.Abs(float64(want[i])))) {
			t.Fatalf("%s: value %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// TestAveragePool against windows counted by hand: x is 1, 2, 3, … in a 3x3
// image of one channel.
func TestAveragePool(t *testing.T) {
	b := slow(t)
	x := tensors.FromFlatDataAndDimensions([]float32{1, 2, 3, 4, 5, 6, 7, 8, 9}, 1, 3, 3, 1)
	for stride, want := range map[int][]float32{
		1: {3, 4, 4.5, 6, 7, 7.5, 7.5, 8.5, 9},
		2: {3, 9. / 4, 15. / 4, 9. / 4},
	} {
		got := graph.MustExecOnce(b, func(x *graph.Node) *graph.Node {
			return Build(nil, false, Options{}).AveragePool(Map{Node: x, Dims: []int{3, 3, 1}}, stride).Node
		}, x)
		near(t, fmt.Sprintf("stride %d", stride), floats(got), want, 1e-6)
	}
}

// TestDrawStatistics: spread and truncation of the initialisers, and that a
// variable's values depend on its name and the seed only.
func TestDrawStatistics(t *testing.T) {
	v := Variable{Name: "k", Shape: []int{3, 3, 64, 128}, Kind: Kernel, Init: VarianceScaling(3 * 3 * 64)}
	x := v.Draw(7)
	var sum, square, largest float64
	for _, f := range x {
		sum, square = sum+float64(f), square+float64(f)*float64(f)
		largest = math.Max(largest, math.Abs(float64(f)))
	}
	n := float64(len(x))
	sigma := 1 / math.Sqrt(3*3*64)
	if mean, std := sum/n, math.Sqrt(square/n); math.Abs(mean) > 4*sigma/math.Sqrt(n) || math.Abs(std/sigma-1) > 0.01 {
		t.Errorf("mean %v, deviation %v; want 0, %v", mean, std, sigma)
	}
	if limit := 2 * sigma / truncatedStdDev; largest > limit || largest < 0.99*limit {
		t.Errorf("largest %v, truncated at %v", largest, limit)
	}
	w := v
	w.Name = "other"
	if !slices.Equal(x, v.Draw(7)) || slices.Equal(x, v.Draw(8)) || slices.Equal(x, w.Draw(7)) {
		t.Error("values do not follow name and seed alone")
	}
	if c := (Variable{Shape: []int{2}, Init: Constant(1)}).Draw(1); !slices.Equal(c, []float32{1, 1}) {
		t.Errorf("constant 1 gives %v", c)
	}
}

// TestImagesMultiply: bytes become float32(b) * float32(1/255), bit for bit.
func TestImagesMultiply(t *testing.T) {
	pixels := make([]uint8, 256)
	for i := range pixels {
		pixels[i] = uint8(i)
	}
	got := floats(graph.MustExecOnce(slow(t), Images, tensors.FromFlatDataAndDimensions(pixels, 256)))
	for i, x := range got {
		if x != float32(i)*(float32(1)/255) {
			t.Fatalf("%d becomes %v", i, x)
		}
	}
}

func TestBuildNamesWhatIsMissing(t *testing.T) {
	for _, values := range []map[string]*tensors.Tensor{{}, {"dense/kernel": noise(1, 3, 5)}} {
		_, err := graph.CallOnce(slow(t), func(x *graph.Node) *graph.Node {
			nodes := map[string]*graph.Node{}
			for name, v := range values {
				nodes[name] = graph.ConstTensor(x.Graph(), v)
			}
			return Build(nodes, false, Options{}).Dense(Map{Node: x, Dims: []int{3}}, 4, false, false).Node
		}, noise(2, 2, 3))
		if err == nil {
			t.Error("a network without its variable was built")
		}
	}
}
