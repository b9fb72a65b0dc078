package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// byteCase is a convolution in 8 bits with all that it reads.
type byteCase struct {
	s    Conv
	w    []float32
	x    Bytes
	e    ByteEpilogue
	byte bool // the result is in bytes
}

func randomBytes(r *rand.Rand, images, size int) Bytes {
	b := Bytes{Data: make([]uint8, images*size), Scale: make([]float32, images)}
	for i := range b.Data {
		b.Data[i] = uint8(r.UintN(256))
	}
	for i := range b.Scale {
		b.Scale[i] = r.Float32()
	}
	return b
}

func randomByteCase(r *rand.Rand) byteCase {
	s := randomConv(r)
	s.OH, s.OW = max(1, s.OH), max(1, s.OW)
	s.Groups, s.Ci, s.Co, s.N = 1, 4*(1+r.IntN(12)), 16*(1+r.IntN(5)), 1+r.IntN(6)
	if r.IntN(4) == 0 {
		s = pointwise(s)
	}
	c := byteCase{s: s, w: random(r, s.lenW()), x: randomBytes(r, s.N, s.H*s.W*s.Ci), byte: r.IntN(2) == 0}
	c.e.ReLU = c.byte || r.IntN(2) == 0
	if r.IntN(2) == 0 {
		c.e.Scale = random(r, s.Co)
	}
	if r.IntN(2) == 0 {
		c.e.Bias = random(r, s.Co)
	}
	switch r.IntN(3) {
	case 0:
		c.e.Residual = random(r, s.lenY())
	case 1:
		c.e.ByteResidual = randomBytes(r, s.N, s.OH*s.OW*s.Co)
	}
	if r.IntN(8) == 0 {
		c.x.Scale[r.IntN(s.N)] = float32(math.NaN())
	}
	if r.IntN(8) == 0 {
		c.w[r.IntN(len(c.w))] = float32(math.Inf(1))
	}
	return c
}

// twin computes the case by the definition: whole sums, then float32 operations one
// by one.
func (c byteCase) twin() (y []float32, z Bytes) {
	s := c.s
	scale, weights := make([]float32, s.Co), make([]int8, s.lenW())
	for o := range scale {
		top, bad := float32(0), false
		for k := range s.rows() {
			v := c.w[k*s.Co+o]
			top, bad = max(top, float32(math.Abs(float64(v)))), bad || math.IsNaN(float64(v)) || math.IsInf(float64(v), 0)
		}
		scale[o] = top / 127
		for k := range s.rows() {
			if !bad && top > 0 {
				weights[k*s.Co+o] = int8(math.RoundToEven(float64(c.w[k*s.Co+o] * (127 / top))))
			}
		}
		if bad {
			scale[o] = float32(math.NaN())
		}
	}
	y = make([]float32, s.lenY())
	for i := range s.N * s.OH * s.OW {
		n, p := i/(s.OH*s.OW), i%(s.OH*s.OW)
		sums := make([]int64, s.Co)
		s.eachTap(n, p/s.OW, p%s.OW, func(xAt, wAt, _, _ int) {
			for o := range sums {
				sums[o] += int64(c.x.Data[xAt]) * int64(weights[wAt+o])
			}
		})
		for o, sum := range sums {
			y[i*s.Co+o] = c.finish(sum, scale[o], n, i*s.Co+o, o)
		}
	}
	z = Bytes{Data: make([]uint8, s.lenY()), Scale: make([]float32, s.N)}
	for n := range s.N {
		size := s.OH * s.OW * s.Co
		mine := y[n*size:][:size]
		bad := c.x.Scale[n] != c.x.Scale[n]
		top := float32(0)
		for i, v := range mine {
			top = max(top, v)
			if bad {
				mine[i] = float32(math.NaN())
			}
		}
		if z.Scale[n] = top / 255; bad {
			z.Scale[n] = float32(math.NaN())
			continue
		}
		for i, v := range mine {
			if top > 0 {
				z.Data[n*size+i] = uint8(math.RoundToEven(float64(v * (255 / top))))
			}
		}
	}
	return y, z
}

func (c byteCase) finish(sum int64, scale float32, n, at, o int) float32 {
	if c.e.Scale != nil {
		scale *= c.e.Scale[o]
	}
	v := float32(float32(float32(sum)*scale) * c.x.Scale[n])
	if c.e.Bias != nil {
		v += c.e.Bias[o]
	}
	if c.e.Residual != nil {
		v += c.e.Residual[at]
	}
	if c.e.ByteResidual.Data != nil {
		v += float32(float32(c.e.ByteResidual.Data[at]) * c.e.ByteResidual.Scale[n])
	}
	if c.e.ReLU && !(v > 0) {
		v = 0
	}
	return v
}

func (c byteCase) compute() (y []float32, z Bytes) {
	w := PackBytes(c.w, c.s)
	if c.byte {
		z = Bytes{Data: make([]uint8, c.s.lenY()), Scale: make([]float32, c.s.N)}
	} else {
		y = make([]float32, c.s.lenY())
	}
	ConvBytes(y, z, c.x, w, c.s, c.e)
	return y, z
}

// sameBits compares all of two lists; every NaN is like every other.
func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool {
		return math.Float32bits(x+0) == math.Float32bits(y+0) || x == y || x != x && y != y
	})
}

func checkByteCase(t *testing.T, c byteCase) {
	t.Helper()
	y, z := c.compute()
	wy, wz := c.twin()
	what := fmt.Sprintf("%+v bytes=%v scale=%v bias=%v residual=%v/%v relu=%v", c.s, c.byte, c.e.Scale != nil, c.e.Bias != nil,
		c.e.Residual != nil, c.e.ByteResidual.Data != nil, c.e.ReLU)
	if !c.byte && !sameBits(y, wy) {
		t.Fatalf("%s: the values differ", what)
	}
	if c.byte && !(slices.Equal(z.Data, wz.Data) && sameBits(z.Scale, wz.Scale)) {
		t.Fatalf("%s: the bytes differ", what)
	}
}

// 8-bit convolutions are exact: every instruction set, however many threads, has
// the bits of the definition.
func TestConvBytesMatchesDefinition(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 14))
		for range 300 {
			checkByteCase(t, randomByteCase(r))
		}
	})
}

func FuzzConvBytesMatchesDefinition(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) {
		eachISA(t, func(t *testing.T) { checkByteCase(t, randomByteCase(rand.New(rand.NewPCG(a, b)))) })
	})
}

// An image's bytes depend neither on the other images nor on the number of threads.
func TestConvBytesOfImages(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 9))
		for _, size := range []int{4, 7, 14} {
			s := Conv{N: 9, H: size, W: size, Ci: 32, KH: 3, KW: 3, Co: 48, OH: size, OW: size, StrideH: 1, StrideW: 1, PadT: 1, PadL: 1, DilH: 1, DilW: 1, Groups: 1}
			c := byteCase{s: s, w: random(r, s.lenW()), x: randomBytes(r, s.N, s.H*s.W*s.Ci), byte: true, e: ByteEpilogue{ReLU: true}}
			_, all := c.compute()
			one := runtime.GOMAXPROCS(1)
			_, alone := c.compute()
			runtime.GOMAXPROCS(one)
			if !slices.Equal(all.Data, alone.Data) || !slices.Equal(all.Scale, alone.Scale) {
				t.Errorf("%d px: one thread gives other bytes", size)
			}
			n := size * size
			for i := range s.N {
				single := c
				single.s.N = 1
				single.x = Bytes{c.x.Data[i*n*s.Ci:][:n*s.Ci], c.x.Scale[i:][:1]}
				if _, z := single.compute(); !slices.Equal(z.Data, all.Data[i*n*s.Co:][:n*s.Co]) || z.Scale[0] != all.Scale[i] {
					t.Errorf("%d px: image %d is another by itself", size, i)
				}
			}
		}
	})
}

// The deepest sums do not overflow.
func TestDeepestConvBytes(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		s := Conv{N: 1, H: 1, W: 1, Ci: deepestBytes &^ 3, KH: 1, KW: 1, Co: 16, OH: 1, OW: 1, StrideH: 1, StrideW: 1, DilH: 1, DilW: 1, Groups: 1}
		c := byteCase{s: s, w: make([]float32, s.lenW()), x: Bytes{make([]uint8, s.Ci), []float32{1}}}
		for i := range c.x.Data {
			c.x.Data[i] = 255
		}
		for i := range c.w {
			c.w[i] = float32(1 - 2*(i%2)) // by output channel
		}
		checkByteCase(t, c)
		if s.Ci += 4; s.FitsBytes() {
			t.Error("a deeper convolution fits")
		}
	})
}

// naiveToBytes is the twin of ToBytes, of one image.
func naiveToBytes(x []float32) (z []uint8, scale float32) {
	top, bad := float32(0), false
	for _, v := range x {
		top, bad = max(top, v), bad || v != v || v > math.MaxFloat32
	}
	z = make([]uint8, len(x))
	switch {
	case bad:
		return z, float32(math.NaN())
	case top < smallest:
		return z, 0
	}
	for i, v := range x {
		z[i] = uint8(math.RoundToEven(float64(v * (255 / top))))
	}
	return z, top / 255
}

func TestToBytes(t *testing.T) {
	negativeNaN := math.Float32frombits(0xffc00000)
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(2, 7))
		for _, special := range [][]float32{{1}, {0}, {5, float32(math.Copysign(0, -1))}, {1e-40}, {1e-31, 1e-45}, {math.MaxFloat32}, {1, float32(math.NaN())},
			{1, negativeNaN}, {1, float32(math.Inf(1))}} {
			for _, size := range []int{16, 48, 64, 80, 1024} {
				x := make([]float32, 3*size)
				for i := range x {
					if x[i] = special[0] * r.Float32(); i%size == size/2 {
						x[i] = special[len(special)-1]
					}
				}
				z := Bytes{make([]uint8, len(x)), make([]float32, 3)}
				ToBytes(z, x, 3, size)
				for i := range 3 {
					want, scale := naiveToBytes(x[i*size:][:size])
					if scale == scale && !slices.Equal(z.Data[i*size:][:size], want) || !sameBits(z.Scale[i:][:1], []float32{scale}) {
						t.Fatalf("%v, size %d: got %v · %v, want %v · %v", special, size, z.Data[i*size:][:16], z.Scale[i], want[:16], scale)
					}
				}
			}
		}
	})
}

// What rounds half way goes to the even byte, and nothing passes 255.
func TestBytesRoundToEven(t *testing.T) {
	src := make([]float32, 48)
	for i := range src {
		src[i] = float32(i) / 2
	}
	src[47], src[46], src[45] = 1e9, float32(math.Inf(1)), -3
	eachISA(t, func(t *testing.T) {
		set := active.byteKernels()
		got := make([]uint8, 48)
		set.bytes(&got[0], &src[0], 48, 1)
		for i, v := range src {
			if want := uint8(max(0, min(255, math.RoundToEven(float64(v))))); got[i] != want {
				t.Errorf("%v became %d, want %d", v, got[i], want)
			}
		}
	})
}

func BenchmarkConvBytes(b *testing.B) {
	conv := func(n, size, ci, co, k, stride int) Conv {
		return Conv{N: n, H: size, W: size, Ci: ci, KH: k, KW: k, Co: co, OH: size / stride, OW: size / stride,
			StrideH: stride, StrideW: stride, PadT: (k - 1) / 2, PadL: (k - 1) / 2, DilH: 1, DilW: 1, Groups: 1}
	}
	for _, s := range []Conv{conv(32, 56, 64, 64, 1, 1), conv(32, 56, 256, 64, 1, 1), conv(32, 56, 64, 64, 3, 1), conv(32, 56, 64, 256, 1, 1), conv(32, 28, 128, 128, 3, 1),
		conv(32, 28, 128, 512, 1, 1), conv(32, 14, 256, 256, 3, 1), conv(32, 14, 1024, 256, 1, 1), conv(32, 14, 256, 1024, 1, 1), conv(32, 7, 512, 512, 3, 1), conv(32, 7, 512, 2048, 1, 1), conv(32, 56, 256, 512, 1, 2)} {
		b.Run(fmt.Sprintf("%dx%d/%dto%d/%dpx", s.KH, s.KH, s.Ci, s.Co, s.H), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 1))
			c := byteCase{s: s, w: random(r, s.lenW()), x: randomBytes(r, s.N, s.H*s.W*s.Ci)}
			w := PackBytes(c.w, s)
			z := Bytes{make([]uint8, s.lenY()), make([]float32, s.N)}
			for b.Loop() {
				ConvBytes(nil, z, c.x, w, s, ByteEpilogue{ReLU: true})
			}
			b.ReportMetric(s.FLOPs()*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}

// TestAWeightThatIsNotFiniteStays: its channel's results are NaN, whatever weights
// come after it; those of the others are not.
func TestAWeightThatIsNotFiniteStays(t *testing.T) {
	s := Conv{N: 1, H: 1, W: 1, Ci: 8, KH: 1, KW: 1, Co: 16, OH: 1, OW: 1, StrideH: 1, StrideW: 1, DilH: 1, DilW: 1, Groups: 1}
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		for at := range s.Ci {
			w := make([]float32, s.Ci*s.Co)
			for i := range w {
				w[i] = float32(i%5) - 2
			}
			w[at*s.Co+3] = bad
			for o, scale := range PackBytes(w, s).scale {
				if finite(scale) == (o == 3) {
					t.Errorf("%v as weight %d of channel 3: the scale of channel %d is %v", bad, at, o, scale)
				}
			}
		}
	}
}
