package augment

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// atLevel runs f with the kernels of a level.
func atLevel(l level, f func()) {
	best := instructions
	defer func() { instructions = best }()
	instructions = l
	f()
}

// levels are those of this machine.
func levels() (all []level) {
	for l := portable; l <= detect(); l++ {
		all = append(all, l)
	}
	return all
}

func noise(rng *rand.Rand, width, height int) Image {
	img := Image{Width: width, Height: height, Pix: make([]uint8, 3*width*height)}
	smooth := rng.IntN(3)
	for i := range img.Pix {
		switch img.Pix[i] = uint8(rng.Uint32()); {
		case smooth == 1 && i >= 3:
			img.Pix[i] = img.Pix[i-3] + uint8(rng.IntN(7)) - 3
		case smooth == 2 && i%3 > 0 && rng.IntN(3) > 0: // grays and near grays
			img.Pix[i] = img.Pix[i-1]
		}
	}
	return img
}

// viewAtEveryLevel renders a view with each instruction set and compares the
// bytes.
func viewAtEveryLevel(t *testing.T, cfg *Config, img Image, r Recipe) {
	t.Helper()
	var want []uint8
	for _, l := range levels() {
		got := make([]uint8, 3*cfg.Size*cfg.Size)
		var err error
		atLevel(l, func() { err = Render(got, cfg, img, r) })
		if err != nil {
			t.Fatalf("%v: %v", r, err)
		}
		if l == portable {
			want = got
		} else if !bytes.Equal(got, want) {
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("%v, %d px of %dx%d: byte %d is %d with %v, %d without", r, cfg.Size, img.Width, img.Height, i, got[i], l, want[i])
				}
			}
		}
	}
}

func TestEveryInstructionSetGivesTheSameBytes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 47, 64, 96, 100, 129, 224} {
		for n := range 24 {
			img := noise(rng, 1+rng.IntN(3*size+3), 1+rng.IntN(3*size+3))
			cfg := Pretrain(size)
			cfg.Filter = Filters[n%2]
			cfg.Mode = BrightnessModes[n/2%2]
			cfg.Solarize, cfg.Threshold = 0.3, 0.5
			viewAtEveryLevel(t, &cfg, img, Draw(&cfg, img.Width, img.Height, Key{Pass: n, View: size}))
		}
	}
}

// Crops far larger than the view leave the reach of the byte permutations.
func TestEveryInstructionSetShrinksAlike(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, width := range []int{64, 170, 182, 183, 400, 1500} {
		img := noise(rng, width, 40)
		cfg := Pretrain(32)
		r := Draw(&cfg, width, 40, Key{View: width})
		r.Crop = Box{W: width, H: 40}
		viewAtEveryLevel(t, &cfg, img, r)
	}
}

func FuzzEveryInstructionSetGivesTheSameBytes(f *testing.F) {
	for i := range uint64(8) {
		f.Add(i, uint8(20+13*i), uint8(40+i), uint8(200-i))
	}
	f.Fuzz(func(t *testing.T, seed uint64, size, width, height uint8) {
		if size == 0 || width == 0 || height == 0 {
			t.Skip()
		}
		rng := rand.New(rand.NewPCG(seed, 5))
		img := noise(rng, int(width), int(height))
		cfg := Pretrain(int(size))
		cfg.Filter, cfg.Mode = Filters[rng.IntN(2)], BrightnessModes[rng.IntN(2)]
		cfg.Solarize, cfg.Threshold = 0.3, rng.Float64()
		viewAtEveryLevel(t, &cfg, img, Draw(&cfg, img.Width, img.Height, Key{Seed: seed}))
	})
}

// A renderer that made other views before gives the same view as a fresh one.
func TestScratchMemoryLeavesNoTrace(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, l := range levels() {
		t.Run(l.String(), func(t *testing.T) {
			atLevel(l, func() {
				var used Renderer
				for n := range 60 {
					cfg := Pretrain(1 + rng.IntN(120))
					img := noise(rng, 1+rng.IntN(200), 1+rng.IntN(200))
					r := Draw(&cfg, img.Width, img.Height, Key{View: n})
					got, want := make([]uint8, 3*cfg.Size*cfg.Size), make([]uint8, 3*cfg.Size*cfg.Size)
					if err := used.Render(got, &cfg, img, r); err != nil {
						t.Fatal(err)
					}
					if err := Render(want, &cfg, img, r); err != nil {
						t.Fatal(err)
					}
					if !bytes.Equal(got, want) {
						t.Fatalf("view %d (%v) differs from a fresh renderer's", n, r)
					}
				}
			})
		})
	}
}

func BenchmarkLevels(b *testing.B) {
	for _, l := range levels() {
		for _, size := range []int{32, 224} {
			b.Run(fmt.Sprintf("%v/%d", l, size), func(b *testing.B) {
				atLevel(l, func() { benchmarkView(b, size, size) })
			})
		}
	}
}
