package augment

import (
	"bytes"
	"math"
	"strings"
	"testing"
)

// everyKind draws recipes of every preset on images of many sizes.
func everyKind(f func(cfg *Config, r Recipe)) {
	sizes := [][2]int{{1, 1}, {1, 7}, {32, 32}, {224, 224}, {333, 250}, {30000, 1}, {4000, 3000}}
	for _, p := range Presets {
		for view, cfg := range p.Views(0) {
			for i, s := range sizes {
				for pass := range 5 {
					if cfg.Mode = Multiply; pass%2 == 1 {
						cfg.Mode = Add
					}
					f(&cfg, Draw(&cfg, s[0], s[1], Key{Seed: uint64(i), Pass: pass, View: view}))
				}
			}
		}
	}
}

func TestRecipeRoundTrips(t *testing.T) {
	everyKind(func(cfg *Config, r Recipe) {
		data, err := r.MarshalBinary()
		if err != nil || len(data) != RecipeBytes || len(data) >= 64 {
			t.Fatalf("%d bytes, %v", len(data), err)
		}
		var back Recipe
		if err := back.UnmarshalBinary(data); err != nil || back != r {
			t.Errorf("binary: %v\n got %+v\nwant %+v", err, back, r)
		}
		if back, err := ParseFloats(r.Floats()); err != nil || back != r {
			t.Errorf("floats: %v\n got %+v\nwant %+v", err, back, r)
		}
		if s := r.String(); s == "" || strings.Contains(s, "\n") {
			t.Errorf("caption %q", s)
		}
	})
}

func TestBrokenRecipesAreRefused(t *testing.T) {
	good := Draw(ptr(Pretrain(224)), 300, 200, Key{Seed: 3})
	data, _ := good.MarshalBinary()
	for name, breakIt := range map[string]func(b []byte){
		"version":           func(b []byte) { b[0] = 9 },
		"reserved flag":     func(b []byte) { b[1] |= 128 },
		"reserved byte":     func(b []byte) { b[3] = 1 },
		"order":             func(b []byte) { b[1] |= flagJitter; b[2] = 0 },
		"crop past the end": func(b []byte) { b[20]++; b[21]++ },
		"NaN":               func(b []byte) { b[1] |= flagJitter; b[2] = 0xe4; copy(b[28:], []byte{0, 0, 0xc0, 0x7f}) },
	} {
		b := bytes.Clone(data)
		breakIt(b)
		var r Recipe
		if err := r.UnmarshalBinary(b); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for n := range data {
		if err := new(Recipe).UnmarshalBinary(data[:n]); err == nil {
			t.Errorf("cut to %d bytes: no error", n)
		}
	}
	for at, x := range map[int]float32{FloatCropX: 0.5, FloatCropW: 1e9, FloatFlip: 2, FloatOrder: -1, FloatSigma: float32(math.NaN())} {
		f := good.Floats()
		f[at] = x
		if _, err := ParseFloats(f); err == nil {
			t.Errorf("number %d = %v: no error", at, x)
		}
	}
	if _, err := ParseFloats(good.Floats()[1:]); err == nil {
		t.Error("a number short: no error")
	}
}

func FuzzRecipe(f *testing.F) {
	everyKind(func(cfg *Config, r Recipe) {
		data, _ := r.MarshalBinary()
		f.Add(data)
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		var r Recipe
		if r.UnmarshalBinary(data) != nil {
			return
		}
		if r.Width > 64 || r.Height > 64 {
			return
		}
		img := Image{Width: r.Width, Height: r.Height, Pix: make([]uint8, 3*r.Width*r.Height)}
		cfg := Pretrain(20)
		if err := Render(make([]uint8, 3*20*20), &cfg, img, r); err != nil {
			t.Errorf("%+v cannot be rendered: %v", r, err)
		}
	})
}

func ptr[T any](v T) *T { return &v }
