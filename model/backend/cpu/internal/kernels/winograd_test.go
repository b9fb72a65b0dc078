package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// winoConvs have odd sizes, all kinds of padding and more than one block.
func winoConvs(r *rand.Rand) []Conv {
	var list []Conv
	for range 6 {
		s := Conv{N: 1 + r.IntN(9), H: 1 + r.IntN(13), W: 1 + r.IntN(13), Ci: 16 + 16*r.IntN(5), Co: 16 + 16*r.IntN(6), KH: 3, KW: 3,
			StrideH: 1, StrideW: 1, PadT: r.IntN(5) - 1, PadL: r.IntN(5) - 1, DilH: 1, DilW: 1, Groups: 1}
		s.OH, s.OW = 1+r.IntN(14), 1+r.IntN(14)
		if s.winoForm() == wino2 {
			s.Ci, s.Co = max(s.Ci, wino2.least), max(s.Co, wino2.least)
		}
		for !s.byWinograd() {
			s.N++
		}
		list = append(list, s)
	}
	return append(list, resnetConvs(3, 16)[1], resnetConvs(7, 32)[4], resnetConvs(17, 16)[8])
}

func TestWinogradMatchesNaive(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(21, 22))
		for _, s := range winoConvs(r)[:6] {
			s.N = min(s.N, 20)
			checkWinograd(t, r, s)
		}
	})
}

// checkWinograd is checkConv, but that errors are measured by the largest sum of
// magnitudes: the pixels of a tile share theirs.
func checkWinograd(t *testing.T, r *rand.Rand, s Conv) {
	t.Helper()
	x, w, dy := random(r, s.lenX()), random(r, s.lenW()), random(r, s.lenY())
	y, dx := random(r, s.lenY()), random(r, s.lenX())
	wy, wdx, _, my, mx, _ := naiveConv(x, w, dy, s)
	ConvForward(y, x, w, s, Epilogue{})
	ConvInputGrad(dx, dy, w, s)
	near(t, fmt.Sprintf("forward %+v", s), y, wy, uniform(len(y), slices.Max(my)), 1e-6)
	near(t, fmt.Sprintf("input gradient %+v", s), dx, wdx, uniform(len(dx), slices.Max(mx)), 1e-6)
}

// TestWinogradErrors: they are of the order of a direct sum's, forward and for the
// gradient.
func TestWinogradErrors(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(29, 30))
		for _, s := range []Conv{resnetConvs(1, 16)[1], resnetConvs(1, 16)[4], resnetConvs(4, 16)[6], resnetConvs(16, 16)[8]} {
			x, w, dy := random(r, s.lenX()), random(r, s.lenW()), random(r, s.lenY())
			wantY, wantX, _, _, _, _ := naiveConv(x, w, dy, s)
			y, dx := make([]float32, s.lenY()), make([]float32, s.lenX())
			var errors [2][2]float64
			for i := range errors {
				direct = i == 1
				ConvForward(y, x, w, s, Epilogue{})
				ConvInputGrad(dx, dy, w, s)
				errors[i] = [2]float64{rootMeanSquare(y, wantY), rootMeanSquare(dx, wantX)}
			}
			direct = false
			for i, what := range []string{"forward", "input gradient"} {
				if ratio := errors[0][i] / errors[1][i]; ratio > 3 {
					t.Errorf("%+v: %s errs by %.2g, %.2f times a direct sum", s, what, errors[0][i], ratio)
				}
			}
		}
	})
}

// rootMeanSquare is that of the differences.
func rootMeanSquare(got []float32, want []float64) float64 {
	sum := 0.0
	for i, v := range want {
		d := float64(got[i]) - v
		sum += d * d
	}
	return math.Sqrt(sum / float64(len(want)))
}

// TestWinogradMatchesDirect compares with the direct convolution, epilogues
// and input gradients too, within a few roundings of the sum of magnitudes.
func TestWinogradMatchesDirect(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(23, 24))
		for _, s := range winoConvs(r) {
			x, w, dy := random(r, s.lenX()), random(r, s.lenW()), random(r, s.lenY())
			for mode := range 5 {
				ep := Epilogue{}
				if mode > 0 {
					ep.Scale, ep.Bias, ep.ReLU = random(r, s.Co), random(r, s.Co), mode&1 != 0
					MulScalar(ep.Scale, ep.Scale, 0.2)
				}
				if mode > 2 {
					ep.Residual = random(r, s.lenY())
				}
				sameConv(t, fmt.Sprintf("%+v mode %d", s, mode), s, func(y []float32) []float32 {
					y = append(y, make([]float32, s.lenY())...)
					ConvForward(y, x, w, s, ep)
					return y
				})
			}
			sameConv(t, fmt.Sprintf("input gradient %+v", s), s, func(dx []float32) []float32 {
				dx = append(dx, make([]float32, s.lenX())...)
				ConvInputGrad(dx, dy, w, s)
				return dx
			})
		}
	})
}

func sameConv(t *testing.T, what string, s Conv, f func([]float32) []float32) {
	t.Helper()
	got := f(nil)
	direct = true
	want := f(nil)
	direct = false
	scale := 8 * math.Sqrt(float64(9*max(s.Ci, s.Co)))
	if s.winoForm() == wino4 {
		scale *= 3 // its errors are larger
	}
	for i, v := range want {
		if d := math.Abs(float64(got[i]) - float64(v)); !(d <= 1e-6*scale) {
			t.Fatalf("%s: element %d is %v; want %v", what, i, got[i], v)
		}
	}
}

// TestWinogradKeepsSpecialValuesApart: what is not finite shows in the results that
// depend on it and in no other: where one is not, all bits are those of a direct
// convolution, of the moments, too.
func TestWinogradKeepsSpecialValuesApart(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(25, 26))
		for _, s := range winoConvs(r)[:4] {
			for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 3e38} {
				x, w, dy := random(r, s.lenX()), random(r, s.lenW()), random(r, s.lenY())
				x[r.IntN(len(x))], dy[r.IntN(len(dy))] = float32(v), float32(v)
				sameSpecials(t, fmt.Sprintf("%v: %+v", v, s), func() [][]float32 {
					y, mean, variance := make([]float32, s.lenY()), make([]float32, s.Co), make([]float32, s.Co)
					ConvForward(y, x, w, s, Epilogue{Mean: mean, Variance: variance})
					return [][]float32{y, mean, variance}
				})
				sameSpecials(t, fmt.Sprintf("%v: input gradient %+v", v, s), func() [][]float32 {
					dx := make([]float32, s.lenX())
					ConvInputGrad(dx, dy, w, s)
					return [][]float32{dx}
				})
			}
		}
	})
}

// sameSpecials wants the first result to be not finite where it is not, computed
// directly; and, if there is such a place, all bits to be the same.
func sameSpecials(t *testing.T, what string, f func() [][]float32) {
	t.Helper()
	got := f()
	direct = true
	want := f()
	direct = false
	strange := func(x float32) bool { return x-x != 0 }
	fallsBack := slices.ContainsFunc(want[0], strange)
	for k := range want {
		for i, v := range want[k] {
			if g := got[k][i]; fallsBack && math.Float32bits(g) != math.Float32bits(v) && !(g != g && v != v) || k == 0 && strange(g) != strange(v) {
				t.Fatalf("%s: element %d of result %d is %v; want %v", what, i, k, g, v)
			}
		}
	}
}

func TestWinogradSameBitsOnAnyThreads(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(27, 28))
		for _, s := range winoConvs(r) {
			x, w := random(r, s.lenX()), random(r, s.lenW())
			sameAcrossThreads(t, func() []float32 {
				y := make([]float32, s.lenY())
				ConvForward(y, x, w, s, Epilogue{ReLU: true})
				return y
			})
		}
	})
}

func FuzzWinogradMatchesDirect(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) {
		r := rand.New(rand.NewPCG(a, b))
		s := winoConvs(r)[0]
		x, w := random(r, s.lenX()), random(r, s.lenW())
		eachISA(t, func(t *testing.T) {
			sameConv(t, fmt.Sprintf("%+v", s), s, func(y []float32) []float32 {
				y = append(y, make([]float32, s.lenY())...)
				ConvForward(y, x, w, s, Epilogue{})
				return y
			})
		})
	})
}
