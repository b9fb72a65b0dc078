package augment

import (
	"bytes"
	"image"
	"math/rand/v2"
	"testing"
)

// ramp is an image whose channels grow linearly, with the mean of each block of
// scale x scale pixels where the scale is not 1. It covers the part of a width x
// height image that a decoder would give for a region.
func ramp(width, height, scale int, region image.Rectangle) Image {
	x0, y0 := region.Min.X/scale, region.Min.Y/scale
	x1, y1 := (region.Max.X+scale-1)/scale, (region.Max.Y+scale-1)/scale
	img := Image{Width: x1 - x0, Height: y1 - y0, X: x0 * scale, Y: y0 * scale, Scale: scale}
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			u := (float64(x) + 0.5) * float64(scale) / float64(width)
			v := (float64(y) + 0.5) * float64(scale) / float64(height)
			img.Pix = append(img.Pix, uint8(20+200*u+0.5), uint8(20+200*v+0.5), uint8(20+100*u+100*v+0.5))
		}
	}
	return img
}

// Averages of a linear image are linear, and cubic interpolation keeps it so:
// a view of a reduced ramp must show the same values in the same places.
func TestReducedImagesAreCroppedInTheSamePlace(t *testing.T) {
	const width, height, size = 1003, 757, 32
	for _, filter := range Filters {
		for pass := range 40 {
			cfg := FineTune(size)
			cfg.Filter = filter
			r := Draw(&cfg, width, height, Key{Pass: pass})
			want := make([]uint8, 3*size*size)
			if err := Render(want, &cfg, ramp(width, height, 1, image.Rect(0, 0, width, height)), r); err != nil {
				t.Fatal(err)
			}
			for scale := 2; scale <= MaxScale; scale *= 2 {
				got := make([]uint8, len(want))
				if err := Render(got, &cfg, ramp(width, height, scale, r.Crop.Rect()), r); err != nil {
					t.Fatal(err)
				}
				if at, by := furthest(got, want, size); by > 2 {
					t.Errorf("%s, %v at 1/%d: byte %d is %d, at full size %d", filter, r, scale, at, got[at], want[at])
				}
			}
		}
	}
}

// furthest is where two views differ most, and by how much. Their outermost
// pixels, where interpolation repeats or leaves out samples, do not count.
func furthest(a, b []uint8, size int) (at, by int) {
	for y := 1; y < size-1; y++ {
		for i := 3 * (y*size + 1); i < 3*(y*size+size-1); i++ {
			if d := max(int(a[i])-int(b[i]), int(b[i])-int(a[i])); d > by {
				at, by = i, d
			}
		}
	}
	return at, by
}

// A view of a part of an image is that of the whole, at every scale.
func TestPartsGiveTheViewOfTheWhole(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	for n := range 60 {
		scale := 1 << (n % 4)
		width, height := 40+rng.IntN(300), 40+rng.IntN(300)
		whole := noise(rng, (width+scale-1)/scale, (height+scale-1)/scale)
		whole.Scale = scale
		cfg := Pretrain(40)
		a, b := Draw(&cfg, width, height, Key{Pass: n}), Draw(&cfg, width, height, Key{Pass: n, View: 1})
		part := cut(whole, Region(a, b))
		for _, r := range []Recipe{a, b} {
			got, want := make([]uint8, 3*40*40), make([]uint8, 3*40*40)
			if err := Render(want, &cfg, whole, r); err != nil {
				t.Fatal(err)
			}
			if err := Render(got, &cfg, part, r); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%d x %d at 1/%d: %v differs", width, height, scale, r)
			}
		}
	}
}

// cut is what a decoder gives of a whole image for a region.
func cut(whole Image, region image.Rectangle) Image {
	s := whole.Scale
	x0, y0, x1, y1 := region.Min.X/s, region.Min.Y/s, (region.Max.X+s-1)/s, (region.Max.Y+s-1)/s
	part := Image{Width: x1 - x0, Height: y1 - y0, X: x0 * s, Y: y0 * s, Scale: s}
	for y := y0; y < y1; y++ {
		part.Pix = append(part.Pix, whole.Pix[3*(y*whole.Width+x0):3*(y*whole.Width+x1)]...)
	}
	return part
}

// No crop that is drawn is smaller, at the scale chosen, than its view.
func TestScaleLeavesEveryCropItsPixels(t *testing.T) {
	sizes := [][2]int{{1, 1}, {32, 32}, {640, 480}, {1003, 4007}, {4000, 3000}, {3000, 4000}, {12000, 700}}
	reduced := 0
	for _, p := range Presets {
		views := p.Views(0)
		for _, s := range sizes {
			scale := Scale(s[0], s[1], views...)
			reduced += one(scale > 1)
			for v := range views {
				for pass := range 300 {
					c := Draw(&views[v], s[0], s[1], Key{Pass: pass, View: v}).Crop
					if side := min(c.W, c.H); scale > 1 && side+1 < scale*views[v].Size {
						t.Fatalf("%s, %v: crop %v at 1/%d for %d pixels", p.Name, s, c, scale, views[v].Size)
					}
				}
			}
		}
	}
	if reduced < 10 {
		t.Errorf("only %d of the cases are reduced", reduced)
	}
	if got := Scale(4000, 3000, Pretrain(224)); got != 4 {
		t.Errorf("a 12 megapixel photo for 224 px: 1/%d", got)
	}
}

// A view's scale is its own: no other view or pass changes it, a crop is never
// reduced below its view's size, and small images are not reduced.
func TestScalesOfCrops(t *testing.T) {
	views := []Config{Pretrain(224), Pretrain(96)}
	for _, size := range [][2]int{{500, 375}, {1600, 1200}, {4000, 3000}, {3000, 8000}} {
		least := Scale(size[0], size[1], views...)
		var recipes []Recipe
		for pass := range 50 {
			for v := range views {
				recipes = append(recipes, Draw(&views[v], size[0], size[1], Key{Pass: pass, View: v}))
			}
		}
		scales := Scales(nil, size[0], size[1], views, recipes)
		for i, r := range recipes {
			scale, side := scales[i], min(r.Crop.W, r.Crop.H)
			fits := func(scale int) bool { return side >= scale*views[i%2].Size }
			switch {
			case least == 1 && scale != 1:
				t.Errorf("%v: scale %d of an image that is not reduced", size, scale)
			case scale > least && !fits(scale):
				t.Errorf("%v: %v at 1/%d has fewer pixels than its view", size, r.Crop, scale)
			case least > 1 && scale < MaxScale && fits(2*scale):
				t.Errorf("%v: %v at 1/%d has pixels to spare", size, r.Crop, scale)
			}
			at := i - i%2
			if alone := Scales(nil, size[0], size[1], views, recipes[at:at+2]); alone[i%2] != scale {
				t.Errorf("%v: scale %d alone, %d among others", size, alone[i%2], scale)
			}
		}
	}
}
