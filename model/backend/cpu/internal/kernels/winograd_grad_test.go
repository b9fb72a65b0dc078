package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// winoGradConvs have odd sizes, all kinds of padding, more than one block of
// channels and of tiles, and chunks.
func winoGradConvs(r *rand.Rand) []Conv {
	list := []Conv{resnetConvs(32, 16)[1], resnetConvs(9, 32)[4], resnetConvs(40, 4)[8], resnetConvs(16, 16)[8]}
	for _, wide := range [][2]int{{144, 32}, {16, 272}} {
		s := resnetConvs(19, 2)[8]
		s.Ci, s.Co = wide[0], wide[1]
		list = append(list, s)
	}
	for len(list) < 13 {
		s := Conv{N: 1 + r.IntN(9), H: 3 + r.IntN(13), W: 3 + r.IntN(13), Ci: 16 + 16*r.IntN(4), Co: 16 + 16*r.IntN(5), KH: 3, KW: 3,
			StrideH: 1, StrideW: 1, PadT: r.IntN(5) - 1, PadL: r.IntN(5) - 1, DilH: 1, DilW: 1, Groups: 1}
		s.OH, s.OW = 3+r.IntN(14), 3+r.IntN(14)
		for range 20 {
			if s.N++; s.gradByWinograd(&portable) {
				list = append(list, s)
				break
			}
		}
	}
	return list
}

// naiveKernelGrad is the gradient in float64, its sum of magnitudes, and what one
// sum in float32 after another makes of it.
func naiveKernelGrad(x, dy []float32, s Conv) (want, scale []float64, plain []float32) {
	want, scale, plain = make([]float64, s.lenW()), make([]float64, s.lenW()), make([]float32, s.lenW())
	for i := range s.N * s.OH * s.OW {
		n, p := i/(s.OH*s.OW), i%(s.OH*s.OW)
		s.eachTap(n, p/s.OW, p%s.OW, func(xAt, wAt, o0, o1 int) {
			for o := o0; o < o1; o++ {
				v := float64(x[xAt]) * float64(dy[i*s.Co+o])
				add(want, scale, wAt+o, v)
				plain[wAt+o] += float32(v)
			}
		})
	}
	return want, scale, plain
}

func TestWinogradKernelGradMatchesNaive(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(31, 32))
		for _, s := range winoGradConvs(r) {
			if active.winoGradLeast <= 16 && !s.gradByWinograd(active) {
				t.Fatalf("%+v: not by winograd", s)
			}
			x, dy, got := random(r, s.lenX()), random(r, s.lenY()), random(r, s.lenW()+1)
			last := got[s.lenW()]
			ConvKernelGrad(got, x, dy, s)
			want, scale, _ := naiveKernelGrad(x, dy, s)
			near(t, fmt.Sprintf("%+v", s), got, want, scale, 1e-6)
			if got[s.lenW()] != last {
				t.Fatalf("%+v: wrote past the end of dw", s)
			}
		}
	})
}

// TestWinogradKernelGradError: the error is in the order of a direct sum's, which adds
// up blocks of pixels, and of a plain sum's; where sums are long it is less than that.
func TestWinogradKernelGradError(t *testing.T) {
	const ofBlocks, ofPlain = 4, 2 // measured: 2.0 to 3.5 and 0.4 to 1.8
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(33, 34))
		for _, s := range []Conv{resnetConvs(8, 16)[1], resnetConvs(16, 16)[4], resnetConvs(64, 4)[8]} {
			x, dy := random(r, s.lenX()), random(r, s.lenY())
			for _, positive := range []bool{false, true} {
				if positive {
					ReLU(x, x)
				}
				got, blocked := make([]float32, s.lenW()), make([]float32, s.lenW())
				ConvKernelGrad(got, x, dy, s)
				direct = true
				ConvKernelGrad(blocked, x, dy, s)
				direct = false
				want, _, plain := naiveKernelGrad(x, dy, s)
				a, b, c := rootMeanSquare(got, want), rootMeanSquare(blocked, want), rootMeanSquare(plain, want)
				t.Logf("%d px, positive %v: %.2e, in blocks %.2e, plain %.2e", s.H, positive, a, b, c)
				if a > ofBlocks*b || a > ofPlain*c || s.OH > 8 && a > c {
					t.Errorf("%+v: error %g; direct in blocks %g, plain %g", s, a, b, c)
				}
			}
		}
	})
}

// TestWinogradKernelGradKeepsSpecialValuesApart: what is not finite shows in the
// weights that depend on it and in no other.
func TestWinogradKernelGradKeepsSpecialValuesApart(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(35, 36))
		s := winoGradConvs(r)[5]
		for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 3e38} {
			for _, inX := range []bool{true, false} {
				x, dy := random(r, s.lenX()), random(r, s.lenY())
				odd := dy
				if inX {
					odd = x
				}
				odd[r.IntN(len(odd))] = float32(v)
				odd[0] = float32(v) // a corner: not every tap sees it
				sameSpecials(t, fmt.Sprintf("%v in x %v: %+v", v, inX, s), func() [][]float32 {
					dw := make([]float32, s.lenW())
					ConvKernelGrad(dw, x, dy, s)
					return [][]float32{dw}
				})
			}
		}
	})
}

func TestWinogradKernelGradSameBitsOnAnyThreads(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(37, 38))
		for _, s := range winoGradConvs(r) {
			x, dy := random(r, s.lenX()), random(r, s.lenY())
			sameAcrossThreads(t, func() []float32 {
				dw := make([]float32, s.lenW())
				ConvKernelGrad(dw, x, dy, s)
				return dw
			})
		}
	})
}

func FuzzWinogradKernelGradMatchesNaive(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) {
		r := rand.New(rand.NewPCG(a, b))
		s := winoGradConvs(r)[6]
		x, dy := random(r, s.lenX()), random(r, s.lenY())
		want, scale, _ := naiveKernelGrad(x, dy, s)
		eachISA(t, func(t *testing.T) {
			got := make([]float32, s.lenW())
			ConvKernelGrad(got, x, dy, s)
			near(t, fmt.Sprintf("%+v", s), got, want, scale, 1e-6)
		})
	})
}
