package inspect

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"testing"

	xdraw "golang.org/x/image/draw"
)

// scene is a made-up picture with soft blobs, as photos have, and noise.
func scene(seed uint64, width, height int) *image.RGBA {
	rng := rand.New(rand.NewPCG(seed, 1))
	type blob struct{ x, y, r, c [3]float64 }
	var blobs [7]blob
	for i := range blobs {
		b := &blobs[i]
		for c := range 3 {
			b.c[c] = rng.Float64()*240 - 120
		}
		b.x[0], b.y[0], b.r[0] = rng.Float64(), rng.Float64(), 0.05+0.3*rng.Float64()
	}
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			var v [3]float64
			for c := range 3 {
				v[c] = 110 + rng.Float64()*12
				for _, b := range blobs {
					dx, dy := float64(x)/float64(width)-b.x[0], float64(y)/float64(height)-b.y[0]
					v[c] += b.c[c] * math.Exp(-(dx*dx+dy*dy)/(b.r[0]*b.r[0]))
				}
				v[c] = min(max(v[c], 0), 255)
			}
			img.Set(x, y, color.RGBA{uint8(v[0]), uint8(v[1]), uint8(v[2]), 255})
		}
	}
	return img
}

func encoded(t *testing.T, img image.Image, quality int) []byte {
	t.Helper()
	var b bytes.Buffer
	err := png.Encode(&b, img)
	if quality > 0 {
		b.Reset()
		err = jpeg.Encode(&b, img, &jpeg.Options{Quality: quality})
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func scaled(img image.Image, width, height int) image.Image {
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	xdraw.CatmullRom.Scale(out, out.Rect, img, img.Bounds(), xdraw.Src, nil)
	return out
}

func printed(t *testing.T, data []byte) Print {
	t.Helper()
	p, err := PrintOf(data, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestCopiesAreAlike: a picture is found again after what people do to copies, all
// but a few, and never as another.
func TestCopiesAreAlike(t *testing.T) {
	const pictures = 16
	var all Prints
	for seed := range uint64(pictures) {
		all.Add(fmt.Sprint(seed), printed(t, encoded(t, scene(seed, 160, 120), 0)))
	}
	missed := 0
	for seed := range uint64(pictures) {
		img := scene(seed, 160, 120)
		for name, data := range map[string][]byte{
			"the same":   encoded(t, img, 0),
			"quality 90": encoded(t, img, 90),
			"quality 50": encoded(t, img, 50),
			"half":       encoded(t, scaled(img, 80, 60), 85),
			"odd size":   encoded(t, scaled(img, 133, 101), 85),
			"enlarged":   encoded(t, scaled(img, 300, 225), 85),
			"squeezed":   encoded(t, scaled(img, 96, 96), 85),
		} {
			p := printed(t, data)
			got, ok := all.Find(&p)
			if ok && got != fmt.Sprint(seed) {
				t.Errorf("picture %d, %s: taken for %s", seed, name, got)
			}
			if !ok {
				missed++
				t.Logf("picture %d, %s: not found", seed, name)
			}
		}
	}
	if missed > 2 {
		t.Errorf("%d copies of %d were not found", missed, 7*pictures)
	}
}

// TestOthersAreNotAlike: no warning of what is not so.
func TestOthersAreNotAlike(t *testing.T) {
	var all Prints
	for seed := range uint64(150) {
		p := printed(t, encoded(t, scene(seed, 48, 48), 90))
		if other, ok := all.Find(&p); ok {
			t.Errorf("picture %d is taken for %s", seed, other)
		}
		all.Add(fmt.Sprint(seed), p)
	}
	for name, draw := range map[string]func(x, y int) color.Color{
		"black":    func(int, int) color.Color { return color.Black },
		"gray":     func(int, int) color.Color { return color.Gray{128} },
		"a pixel":  func(x, y int) color.Color { return color.Gray{uint8(255 * (1 - min(1, x+y)))} },
		"checkers": func(x, y int) color.Color { return color.Gray{uint8(255 * ((x + y) & 1))} },
	} {
		img := image.NewRGBA(image.Rect(0, 0, 64, 64))
		for i := range 64 * 64 {
			img.Set(i%64, i/64, draw(i%64, i/64))
		}
		p := printed(t, encoded(t, img, 0))
		if other, ok := all.Find(&p); ok {
			t.Errorf("%s is taken for %s", name, other)
		}
		all.Add(name, p)
		if p.flat {
			continue
		}
		if other, ok := all.Find(&p); !ok || other != name {
			t.Errorf("%s is found as %q", name, other)
		}
	}
}

// TestLookUpFindsWhatComparingFinds: buckets lose no picture whose hash differs in
// few bits.
func TestLookUpFindsWhatComparingFinds(t *testing.T) {
	base := printed(t, encoded(t, scene(1, 64, 64), 0))
	rng := rand.New(rand.NewPCG(3, 3))
	for flips := range bands {
		for range 200 {
			var all Prints
			other := base
			for _, bit := range rng.Perm(64)[:flips] {
				other.hash ^= 1 << bit
			}
			all.Add("other", other)
			if _, ok := all.Find(&base); !ok {
				t.Fatalf("%d bits of the hash differ, and it is not found", flips)
			}
		}
	}
}

func TestPrintsOfAnySize(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 500}, {500, 1}, {2, 3}, {15, 17}, {1000, 16}} {
		p := printed(t, encoded(t, scene(5, size[0], size[1]), 0))
		if Alike(&p, &p) == p.flat {
			t.Errorf("%v: flat %v, alike itself %v", size, p.flat, Alike(&p, &p))
		}
	}
	for n := 1; n < 200; n++ {
		var sums [grid]float64
		for _, s := range shares(n) {
			sums[s.part] += s.weight
		}
		for part, sum := range sums {
			if math.Abs(sum-1) > 1e-9 {
				t.Fatalf("%d pixels: the weights of part %d sum to %v", n, part, sum)
			}
		}
	}
}
