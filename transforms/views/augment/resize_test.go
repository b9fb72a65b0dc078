package augment

import (
	"math"
	"math/rand/v2"
	"testing"
)

// slowResize is the resize said pixel by pixel, without ring or strips.
func slowResize(filter Filter, width, height int, img Image, r Recipe) (view [3][]float32) {
	var across, down taps
	columns, rows := extentOf(r.Crop.X, r.Crop.W, 1), extentOf(r.Crop.Y, r.Crop.H, 1)
	across.set(filter, columns, width, r.Flip, 1.0/255)
	down.set(filter, rows, height, false, 1)
	for c := range view {
		for y := range height {
			for x := range width {
				var near [4]float32
				for j := range near {
					var p [4]float32
					row := r.Crop.Y + min(int(down.start[y])+j, rows.n-1)
					for k := range p {
						// a tap beyond the crop has no weight
						column := min(r.Crop.X+int(across.start[x])+k, img.Width-1)
						p[k] = float32(img.Pix[3*(row*img.Width+column)+c])
					}
					near[j] = weigh(across.weight[0][x], across.weight[1][x], across.weight[2][x], across.weight[3][x], p[0], p[1], p[2], p[3])
				}
				view[c] = append(view[c], weigh(down.weight[0][y], down.weight[1][y], down.weight[2][y], down.weight[3][y], near[0], near[1], near[2], near[3]))
			}
		}
	}
	return view
}

func checkResize(t *testing.T, rng *rand.Rand, size, width, height int) {
	t.Helper()
	img := noise(rng, width, height)
	w, h := 1+rng.IntN(width), 1+rng.IntN(height)
	r := Recipe{Crop: Box{rng.IntN(width - w + 1), rng.IntN(height - h + 1), w, h}, Flip: rng.IntN(2) == 0}
	filter := Filters[rng.IntN(2)]
	want := slowResize(filter, size, size, img, r)
	for _, l := range levels() {
		atLevel(l, func() {
			var v Renderer
			v.reserve(size, size)
			v.resize(filter, size, size, img, r)
			for c, plane := range want {
				for i, x := range plane {
					if got := v.plane[c][i]; math.Float32bits(got) != math.Float32bits(x) {
						t.Fatalf("%v, %v of %d px, crop %v of %dx%d: channel %d at %d,%d is %v, want %v", l, filter, size, r.Crop, width, height, c, i%size, i/size, got, x)
					}
				}
			}
		})
	}
}

func TestResizeMatchesItsTwin(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for _, size := range []int{1, 3, 16, 31, 32, 96, 224} {
		for range 10 {
			checkResize(t, rng, size, 1+rng.IntN(4*size), 1+rng.IntN(8*size))
		}
		checkResize(t, rng, size, 1+rng.IntN(5), 1+rng.IntN(5))
	}
}

func FuzzResizeMatchesItsTwin(f *testing.F) {
	f.Add(uint64(1), uint8(32), uint8(32), uint8(32))
	f.Add(uint64(2), uint8(17), uint8(200), uint8(3))
	f.Fuzz(func(t *testing.T, seed uint64, size, width, height uint8) {
		if size == 0 || width == 0 || height == 0 {
			t.Skip()
		}
		checkResize(t, rand.New(rand.NewPCG(seed, 11)), int(size), int(width), int(height))
	})
}

// The table of windows inside the source is what the slow way gives anywhere.
func TestInsideWindowsMatchTheSlowWay(t *testing.T) {
	for filter, table := range map[Filter]*[2 * tableSize][4]float32{Bicubic: &keysInside, BicubicTF1: &legacyInside} {
		for fraction := range tableSize + 1 {
			for _, first := range []int{0, 1, 77} {
				w, start := edge(filter, first, fraction, first+4)
				if w != table[fraction] || start != first {
					t.Fatalf("%v, fraction %d: %v at %d", filter, fraction, w, start)
				}
			}
		}
	}
}

func TestFractionsAreRoundedHalvesToEven(t *testing.T) {
	for i := range 1 << 16 {
		x := float32(i) / (1<<16 - 1)
		if i%2 == 0 {
			x = float32(i) / (1 << 16)
		}
		if got, want := roundFraction(x), nearest(float32(x*tableSize)); got != want {
			t.Fatalf("%v: %d, want %d", x, got, want)
		}
	}
}
