package augment

import (
	"math/rand/v2"
	"testing"
)

// Bytes are made by whatever is done last to a view: the same as of its values,
// and nothing is written behind them.
func TestBytesAreThoseOfTheValues(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 13))
	for _, size := range []int{1, 5, 8, 16, 31, 32, 33, 96, 224} {
		for n := range 16 {
			cfg := Pretrain(size)
			cfg.Solarize, cfg.Threshold = 0.3, 0.5
			if n%4 == 3 {
				cfg.Extras = DefaultExtras()
				cfg.Cutout, cfg.Posterize = 0.5, 0.5
			}
			img := noise(rng, 1+rng.IntN(100), 1+rng.IntN(100))
			r := Draw(&cfg, img.Width, img.Height, Key{Pass: n, View: size})
			for _, l := range levels() {
				atLevel(l, func() {
					values, got := make([]float32, 3*size*size), make([]uint8, 3*size*size+64)
					if err := new(Renderer).RenderFloat(values, &cfg, img, r); err != nil {
						t.Fatal(err)
					}
					if err := Render(got, &cfg, img, r); err != nil {
						t.Fatal(err)
					}
					for i, b := range got {
						want := uint8(0)
						if i < len(values) {
							want = toByte(values[i])
						}
						if b != want {
							t.Fatalf("%v, %d px, %v: byte %d is %d, want %d", l, size, r, i, b, want)
						}
					}
				})
			}
		}
	}
}

// The mean over a view is that of the plain sums.
func TestMeansOfAnyLength(t *testing.T) {
	rng := rand.New(rand.NewPCG(14, 15))
	for _, n := range []int{1, 15, 16, 31, 32, 33, 64, 100, 1024, 5000} {
		var v Renderer
		v.reserve(n, 1)
		var want sums
		for c, plane := range v.plane {
			for i := range n {
				plane[i] = rng.Float32()
			}
			addUp(&want[c], plane[:n])
		}
		for _, l := range levels() {
			atLevel(l, func() {
				var got sums
				v.run(&program{{op: opSum}}, n, &got, nil)
				if got != want {
					t.Fatalf("%v, %d pixels: %v, want %v", l, n, got, want)
				}
			})
		}
	}
}

// Steps of samples that are inside [0, 1] need less of clip, on any colours.
func TestStepsInsideStayInside(t *testing.T) {
	rng := rand.New(rand.NewPCG(16, 17))
	edges := []float32{0, 1, 0x1p-149, 0x1p-24, 0x1p-126, 1 - 0x1p-24, 0.5, 1 - 0x1p-23, 1.0 / 3}
	sample := func() float32 {
		if rng.IntN(3) == 0 {
			return edges[rng.IntN(len(edges))]
		}
		return rng.Float32()
	}
	const n = 1 << 14
	for _, s := range []step{{op: opScale}, {op: opSaturation}, {op: opHue}} {
		for range 40 {
			if s.a = 3 * rng.Float32(); rng.IntN(4) == 0 {
				s.a = []float32{0, 1, 2, 100, 3}[rng.IntN(5)]
			}
			if s.op == opHue {
				s.a = min(s.a, 3) * float32(1-2*rng.IntN(2))
			}
			var v, twin Renderer
			v.reserve(n, 1)
			twin.reserve(n, 1)
			for c := range v.plane {
				for i := range n {
					v.plane[c][i] = sample()
				}
			}
			copy(twin.planes, v.planes)
			whole := program{s}
			whole.runPortable(twin.plane[0][:n], twin.plane[1][:n], twin.plane[2][:n], nil, nil)
			before := append([]float32(nil), v.planes...)
			for _, l := range levels() {
				copy(v.planes, before)
				atLevel(l, func() { v.run(&program{s.inside()}, n, nil, nil) })
				for c := range v.plane {
					for i := range n {
						if v.plane[c][i] != twin.plane[c][i] {
							t.Fatalf("%v, %+v: sample %d is %v, want %v", l, s, i, v.plane[c][i], twin.plane[c][i])
						}
					}
				}
			}
		}
	}
}
