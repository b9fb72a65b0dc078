package augment

import (
	"bytes"
	"math"
	"testing"
)

// The slow twin of drawing: torchvision's RandomErasing.get_params as it is written
// there, with the standard library's Exp and Log, on the same random words.
func TestCutoutIsDrawnAsRandomErasing(t *testing.T) {
	cfg := Pretrain(64)
	cfg.Extras = DefaultExtras()
	cfg.Cutout = 1
	slow := func(s stream) Numbers {
		log := [2]float64{math.Log(cfg.CutoutMinAspect), math.Log(cfg.CutoutMaxAspect)}
		for i := range uint32(10) {
			word := s.block(1 + i)
			area := 64 * 64 * (cfg.CutoutMinArea + unit(word[0])*(cfg.CutoutMaxArea-cfg.CutoutMinArea))
			aspect := math.Exp(log[0] + unit(word[1])*(log[1]-log[0]))
			h, w := math.RoundToEven(math.Sqrt(area*aspect)), math.RoundToEven(math.Sqrt(area/aspect))
			if !(h < 64 && w < 64) || h < 1 || w < 1 {
				continue
			}
			y, x := below(word[3], 64-int(h)+1), below(word[2], 64-int(w)+1)
			return Numbers{float32(w), float32(h), float32(x), float32(y)}
		}
		return Numbers{}
	}
	for i := range 5000 {
		key := Key{Seed: 9, Pass: i}
		if got, want := Draw(&cfg, 300, 200, key).Extra[cutout], slow(cuttingOut.stream(newGenerator(key))); got != want {
			t.Fatalf("key %d: %v; want %v", i, got, want)
		}
	}
}

// Areas, aspects and places are spread as they should be.
func TestCutoutIsSpreadEvenly(t *testing.T) {
	cfg := Pretrain(224)
	cfg.Extras = DefaultExtras()
	cfg.Cutout, cfg.CutoutMaxArea, cfg.CutoutMinAspect, cfg.CutoutMaxAspect = 0.4, 0.2, 0.5, 2
	applied := 0
	var area, aspect, x, y float64
	for i := range draws {
		n := Draw(&cfg, 300, 200, Key{Seed: 9, Pass: i}).Extra[cutout]
		if n == (Numbers{}) {
			continue
		}
		applied++
		w, h := float64(n[0]), float64(n[1])
		area += w * h / (224 * 224)
		aspect += math.Log(h / w)
		x += float64(n[2]) / (224 - w)
		y += float64(n[3]) / (224 - h)
	}
	frequency(t, "cutout", applied, draws, 0.4, 1<<30)
	for name, c := range map[string][3]float64{"area": {area, 0.11, 0.052}, "log aspect": {aspect, 0, 0.41}, "x": {x, 0.5, 0.29}, "y": {y, 0.5, 0.29}} {
		mean, want, deviation := c[0]/float64(applied), c[1], c[2]
		if math.Abs(mean-want) > 5*deviation/math.Sqrt(float64(applied)) {
			t.Errorf("%s: mean %.4f, want %.4f", name, mean, want)
		}
	}
}

// The slow twin of rendering: the rectangle's bytes are the fill, all others those
// of the view without it.
func TestCutoutPaintsItsRectangleAndNothingElse(t *testing.T) {
	for key := range 60 {
		plain := Pretrain(48)
		cfg := plain
		cfg.Extras = DefaultExtras()
		cfg.Cutout, cfg.CutoutFill = 1, float64(key%5)/4
		img := pattern(60, 50)
		r := Draw(&cfg, img.Width, img.Height, Key{Pass: key})
		n := r.Extra[cutout]
		got, want := make([]uint8, 3*48*48), make([]uint8, 3*48*48)
		if err := Render(got, &cfg, img, r); err != nil {
			t.Fatal(err)
		}
		r.Extra[cutout] = Numbers{}
		if err := Render(want, &plain, img, r); err != nil {
			t.Fatal(err)
		}
		erased := 0
		for i := range want {
			if x, y := float32(i/3%48), float32(i/3/48); x >= n[2] && x < n[2]+n[0] && y >= n[3] && y < n[3]+n[1] {
				want[i] = uint8(math.RoundToEven(cfg.CutoutFill * 255))
				erased++
			}
		}
		if !bytes.Equal(got, want) || erased != 3*int(n[0]*n[1]) || erased == 0 {
			t.Fatalf("key %d: %v: the views differ, or %d samples were erased", key, n, erased)
		}
	}
}

// Where no rectangle fits there is none: a view of one pixel has no smaller one.
func TestCutoutOfTheSmallestViews(t *testing.T) {
	for size := 1; size < 6; size++ {
		cfg := FineTune(size)
		cfg.Extras = DefaultExtras()
		cfg.Cutout, cfg.CutoutMaxArea = 1, 1
		for key := range 50 {
			n := Draw(&cfg, 20, 20, Key{Pass: key}).Extra[cutout]
			if int(n[2]+n[0]) > size || int(n[3]+n[1]) > size || size == 1 && n != (Numbers{}) {
				t.Errorf("%v in a view of %d", n, size)
			}
			if err := checkExtras([extras]Numbers{cutout: n}); err != nil {
				t.Error(err)
			}
		}
	}
}
