package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// eachTap visits the elements of x that output pixel (n, oh, ow) sees: index
// in x, index in w less the output channel, and the output channels [o0, o1)
// of its group.
func (s Conv) eachTap(n, oh, ow int, visit func(xAt, wAt, o0, o1 int)) {
	ciG, coG := s.Ci/s.Groups, s.Co/s.Groups
	for a := range s.KH {
		for b := range s.KW {
			ih, iw := oh*s.StrideH+a*s.DilH-s.PadT, ow*s.StrideW+b*s.DilW-s.PadL
			if ih < 0 || ih >= s.H || iw < 0 || iw >= s.W {
				continue
			}
			for c := range s.Ci {
				g := c / ciG
				visit(((n*s.H+ih)*s.W+iw)*s.Ci+c, ((a*s.KW+b)*ciG+c%ciG)*s.Co, g*coG, (g+1)*coG)
			}
		}
	}
}

// naiveConv is the twin of the three passes: y, dx and dw in float64, each
// with its sum of magnitudes.
func naiveConv(x, w, dy []float32, s Conv) (y, dx, dw, my, mx, mw []float64) {
	y, dx, dw = make([]float64, s.lenY()), make([]float64, s.lenX()), make([]float64, s.lenW())
	my, mx, mw = make([]float64, s.lenY()), make([]float64, s.lenX()), make([]float64, s.lenW())
	for i := range s.N * s.OH * s.OW {
		n, p := i/(s.OH*s.OW), i%(s.OH*s.OW)
		s.eachTap(n, p/s.OW, p%s.OW, func(xAt, wAt, o0, o1 int) {
			for o := o0; o < o1; o++ {
				g, xv, wv := float64(dy[i*s.Co+o]), float64(x[xAt]), float64(w[wAt+o])
				add(y, my, i*s.Co+o, xv*wv)
				add(dx, mx, xAt, g*wv)
				add(dw, mw, wAt+o, g*xv)
			}
		})
	}
	return y, dx, dw, my, mx, mw
}

func add(sum, mag []float64, i int, v float64) {
	sum[i] += v
	mag[i] += math.Abs(v)
}

// randomConv draws a geometry: odd sizes, 1-sized axes, strides larger than
// kernels, groups, dilations, negative padding, empty batches.
func randomConv(r *rand.Rand) Conv {
	groups := 1
	if r.IntN(5) == 0 {
		groups = 1 + r.IntN(3)
	}
	s := Conv{N: r.IntN(4), H: 1 + r.IntN(9), W: 1 + r.IntN(9), Ci: groups * (1 + r.IntN(20)), KH: 1 + r.IntN(4), KW: 1 + r.IntN(4),
		Co: groups * (1 + r.IntN(40)), OH: r.IntN(9), OW: r.IntN(9), StrideH: 1 + r.IntN(3), StrideW: 1 + r.IntN(3),
		PadT: r.IntN(5) - 1, PadL: r.IntN(5) - 1, DilH: 1 + r.IntN(2), DilW: 1 + r.IntN(2), Groups: groups}
	if r.IntN(8) == 0 {
		s.StrideH, s.StrideW, s.KH, s.KW, s.DilH, s.DilW = 5, 4, 2, 1, 3, 3
	}
	if r.IntN(6) == 0 {
		s.Ci, s.Co = 64*groups, 70*groups
	}
	if r.IntN(6) == 0 {
		return pointwise(s)
	}
	return s
}

// pointwise is s with a kernel of one pixel, which is cut into frames across rows
// and images.
func pointwise(s Conv) Conv {
	s.KH, s.KW, s.StrideH, s.StrideW, s.PadT, s.PadL, s.OH, s.OW = 1, 1, 1, 1, 0, 0, s.H, s.W
	return s
}

func checkConv(t *testing.T, r *rand.Rand, s Conv) {
	t.Helper()
	x, w, dy := random(r, s.lenX()), random(r, s.lenW()), random(r, s.lenY())
	y, dx, dw := random(r, s.lenY()), random(r, s.lenX()), random(r, s.lenW())
	wy, wdx, wdw, my, mx, mw := naiveConv(x, w, dy, s)
	ConvForward(y, x, w, s, Epilogue{})
	ConvInputGrad(dx, dy, w, s)
	ConvKernelGrad(dw, x, dy, s)
	near(t, fmt.Sprintf("forward %+v", s), y, wy, my, 2e-6)
	near(t, fmt.Sprintf("input gradient %+v", s), dx, wdx, mx, 2e-6)
	near(t, fmt.Sprintf("kernel gradient %+v", s), dw, wdw, mw, 2e-6)
}

func TestConvMatchesNaive(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for range 300 {
			checkConv(t, r, randomConv(r))
		}
	})
}

// TestConvOfManyChannels: pixels that lie whole pages apart are copied.
func TestConvOfManyChannels(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(15, 16))
		for _, s := range []Conv{
			{N: 2, H: 5, W: 3, Ci: aliasing, Co: apartFor, OH: 5, OW: 3, StrideH: 1, StrideW: 1},
			{N: 3, H: 5, W: 4, Ci: aliasing / 2, Co: apartFor + 1, OH: 3, OW: 2, StrideH: 2, StrideW: 2},
			{N: 2, H: 5, W: 6, Ci: aliasing, Co: apartFor, OH: 2, OW: 4, StrideH: 2, StrideW: 1, PadT: -1, PadL: -2},
		} {
			s.KH, s.KW, s.DilH, s.DilW, s.Groups = 1, 1, 1, 1, 1
			if f := tileFrameFor(s, framePixels, frameFloats, active.rows); f.apart == 0 {
				t.Fatalf("%+v: not copied", s)
			}
			checkConv(t, r, s)
			checkEpilogue(t, r, s)
		}
	})
}

func FuzzConvMatchesNaive(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) {
		r := rand.New(rand.NewPCG(a, b))
		s := randomConv(r)
		eachISA(t, func(t *testing.T) { checkConv(t, r, s) })
	})
}

// resnetConvs are the convolutions of a ResNet-18 with the CIFAR stem.
func resnetConvs(n, width int) []Conv {
	conv := func(size, ci, co, k, stride int) Conv {
		return Conv{N: n, H: size, W: size, Ci: ci, KH: k, KW: k, Co: co, OH: size / stride, OW: size / stride,
			StrideH: stride, StrideW: stride, PadT: (k - 1) / 2, PadL: (k - 1) / 2, DilH: 1, DilW: 1, Groups: 1}
	}
	w := width
	return []Conv{
		conv(32, 3, w, 3, 1), conv(32, w, w, 3, 1), conv(32, w, 2*w, 3, 2), conv(32, w, 2*w, 1, 2),
		conv(16, 2*w, 2*w, 3, 1), conv(16, 2*w, 4*w, 3, 2), conv(8, 4*w, 4*w, 3, 1), conv(8, 4*w, 8*w, 3, 2), conv(4, 8*w, 8*w, 3, 1),
	}
}

func TestConvSameBitsOnAnyThreads(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(9, 10))
		for _, s := range resnetConvs(17, 8) {
			x, w, dy := random(r, s.lenX()), random(r, s.lenW()), random(r, s.lenY())
			sameAcrossThreads(t, func() []float32 {
				y, dx, dw := make([]float32, s.lenY()), make([]float32, s.lenX()), make([]float32, s.lenW())
				ConvForward(y, x, w, s, Epilogue{ReLU: true})
				ConvInputGrad(dx, dy, w, s)
				ConvKernelGrad(dw, x, dy, s)
				return append(append(y, dx...), dw...)
			})
		}
	})
}

func TestConvEpilogue(t *testing.T) {
	shapes := []Conv{resnetConvs(3, 7)[4], pointwise(resnetConvs(3, 7)[4]), resnetConvs(3, 7)[7]}
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(11, 12))
		for _, s := range shapes {
			checkEpilogue(t, r, s)
		}
	})
}

func checkEpilogue(t *testing.T, r *rand.Rand, s Conv) {
	t.Helper()
	x, w := random(r, s.lenX()), random(r, s.lenW())
	ep := Epilogue{Scale: random(r, s.Co), Bias: random(r, s.Co), Residual: random(r, s.lenY()), ReLU: true}
	plain, got := make([]float32, s.lenY()), make([]float32, s.lenY())
	ConvForward(plain, x, w, s, Epilogue{})
	ConvForward(got, x, w, s, ep)
	for i, v := range plain {
		want := max(0, float64(v)*float64(ep.Scale[i%s.Co])+float64(ep.Bias[i%s.Co])+float64(ep.Residual[i]))
		if d := math.Abs(want - float64(got[i])); d > 1e-4 {
			t.Fatalf("%+v: element %d is %v; want %v", s, i, got[i], want)
		}
	}
	if !s.AddsInPlace() {
		return
	}
	inPlace := ep.Residual
	ConvForward(inPlace, x, w, s, ep)
	for i, v := range got {
		if math.Float32bits(inPlace[i]) != math.Float32bits(v) {
			t.Fatalf("%+v: element %d is %v when it takes the residual's place; want %v", s, i, inPlace[i], v)
		}
	}
}

// TestConvMoments: they are those of a pass of their own, but for rounding, and the
// same for any number of threads; 0 where there is nothing.
func TestConvMoments(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(17, 18))
		list := []Conv{resnetConvs(3, 16)[0], resnetConvs(5, 16)[1], resnetConvs(5, 16)[2], resnetConvs(33, 16)[6],
			resnetConvs(17, 16)[8], pointwise(resnetConvs(3, 16)[1]), resnetConvs(2, 7)[4]}
		for range 20 {
			list = append(list, randomConv(r))
		}
		for _, s := range list {
			x, w := random(r, s.lenX()), random(r, s.lenW())
			y, mean, variance := make([]float32, s.lenY()), random(r, s.Co), random(r, s.Co)
			if s.lenY() == 0 {
				ConvForward(y, x, w, s, Epilogue{Mean: mean, Variance: variance})
				near(t, fmt.Sprintf("nothing %+v", s), slices.Concat(mean, variance), make([]float64, 2*s.Co), uniform(2*s.Co, 0), 0)
				continue
			}
			sameAcrossThreads(t, func() []float32 {
				mean, variance = make([]float32, s.Co), make([]float32, s.Co)
				ConvForward(y, x, w, s, Epilogue{Mean: mean, Variance: variance})
				return slices.Concat(y, mean, variance)
			})
			want := naiveBatchNorm(BatchNorm{Rows: s.N * s.OH * s.OW, C: s.Co}, y, make([]float32, s.Co), make([]float32, s.Co), nil, y, false)
			size := 1.0
			for _, v := range y {
				size = max(size, math.Abs(float64(v)))
			}
			near(t, fmt.Sprintf("mean %+v", s), mean, want.mean, uniform(s.Co, size), 1e-6)
			near(t, fmt.Sprintf("variance %+v", s), variance, want.variance, uniform(s.Co, size*size), 1e-6)
		}
	})
}

// TestConvAddsInPlace: the bits are those of a result beside the residual.
func TestConvAddsInPlace(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r, places := rand.New(rand.NewPCG(13, 14)), 0
		for range 100 {
			s := randomConv(r)
			if s.lenY() > 0 && s.AddsInPlace() {
				checkEpilogue(t, r, s)
				places++
			}
		}
		if places < 20 {
			t.Errorf("%d convolutions of 100 add in place; want more", places)
		}
	})
}

func BenchmarkConv(b *testing.B) {
	peak := PeakGFLOPS(runtime.GOMAXPROCS(0))
	for _, width := range []int{16, 64} {
		for _, s := range resnetConvs(128, width) {
			r := rand.New(rand.NewPCG(1, 1))
			x, w, dy := random(r, s.lenX()), random(r, s.lenW()), random(r, s.lenY())
			y, dx, dw := make([]float32, s.lenY()), make([]float32, s.lenX()), make([]float32, s.lenW())
			for name, f := range map[string]func(){
				"forward":    func() { ConvForward(y, x, w, s, Epilogue{}) },
				"inputGrad":  func() { ConvInputGrad(dx, dy, w, s) },
				"kernelGrad": func() { ConvKernelGrad(dw, x, dy, s) },
			} {
				b.Run(fmt.Sprintf("%dpx/%dx%d/%d-%d/stride%d/%s", s.H, s.KH, s.KW, s.Ci, s.Co, s.StrideH, name), func(b *testing.B) {
					for b.Loop() {
						f()
					}
					report(b, s.FLOPs(), peak)
				})
			}
		}
	}
}
