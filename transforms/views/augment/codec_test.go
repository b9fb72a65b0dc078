package augment

import (
	"bytes"
	"encoding/binary"
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

// everyExtended draws recipes with every set of extensions applied.
func everyExtended(f func(cfg *Config, r Recipe)) {
	everyKind(func(plain *Config, r Recipe) {
		cfg := everyExtension(*plain)
		cfg.PosterizeBits = 1 + r.Crop.X%8
		f(&cfg, Draw(&cfg, r.Width, r.Height, Key{Seed: 6, Pass: r.Crop.Y, View: r.Crop.W}))
	})
}

// Without an extension that is applied recipes are as they ever were; with one they
// grow by what it leaves.
func TestExtendedRecipesRoundTrip(t *testing.T) {
	seen := map[[extras]bool]int{}
	everyExtended(func(cfg *Config, r Recipe) {
		data, err := r.MarshalBinary()
		want, applied := RecipeBytes, [extras]bool{}
		for i, n := range r.Extra {
			if applied[i] = n != (Numbers{}); applied[i] {
				want += 2 + 4*len(extensions[i].Numbers)
			}
		}
		seen[applied]++
		if err != nil || len(data) != want || (data[0] == recipeVersion) != (want == RecipeBytes) {
			t.Fatalf("%v: version %d of %d bytes, want %d (%v)", r, data[0], len(data), want, err)
		}
		var back Recipe
		if err := back.UnmarshalBinary(data); err != nil || back != r {
			t.Errorf("binary: %v\n got %+v\nwant %+v", err, back, r)
		}
		if back, err := ParseFloats(r.Floats()); err != nil || back != r {
			t.Errorf("floats: %v\n got %+v\nwant %+v", err, back, r)
		}
		room := RoomFor(*cfg)
		list := r.AppendFloats(nil, room)
		if back, err := ParseFloats(list); err != nil || back != r || len(list) != len(Recipe{}.AppendFloats(nil, room)) {
			t.Errorf("floats with room, %d: %v\n got %+v\nwant %+v", len(list), err, back, r)
		}
	})
	if len(seen) != 1<<extras {
		t.Errorf("only these sets of extensions were applied: %v", seen)
	}
}

func TestBrokenExtensionsAreRefused(t *testing.T) {
	cfg := Pretrain(224)
	cfg.Extras = DefaultExtras()
	cfg.Cutout, cfg.Posterize = 1, 1
	r := Draw(&cfg, 300, 200, Key{Seed: 3})
	data, _ := r.MarshalBinary()
	for n := range data {
		if err := new(Recipe).UnmarshalBinary(data[:n]); err == nil {
			t.Errorf("cut to %d bytes: no error", n)
		}
	}
	list := r.Floats()
	for n := range list {
		_, err := ParseFloats(list[:n])
		whole := n == NumFloats || n == NumFloats+2 // between two operations
		if (err == nil) != whole {
			t.Errorf("cut to %d numbers: %v", n, err)
		}
	}
	for name, breakIt := range map[string]func(b []byte) []byte{
		"version 1": func(b []byte) []byte { b[0] = 1; return b },
		"version 3": func(b []byte) []byte { b[0] = 3; return b },
		"none":      func(b []byte) []byte { b[3] = 0; return b },
		"fewer":     func(b []byte) []byte { b[3] = 1; return b },
		"more":      func(b []byte) []byte { b[3] = 3; return b },
		"unknown":   func(b []byte) []byte { b[RecipeBytes+6] = 200; return b },
		"twice":     func(b []byte) []byte { b[3] = 3; return append(b, b[RecipeBytes+6:]...) },
		"falling": func(b []byte) []byte {
			return append(append(b[:RecipeBytes:RecipeBytes], b[RecipeBytes+6:]...), b[RecipeBytes:RecipeBytes+6]...)
		},
		"too many numbers": func(b []byte) []byte { b[RecipeBytes+1] = 2; return b },
		"NaN":              func(b []byte) []byte { copy(b[RecipeBytes+2:], []byte{0, 0, 0xc0, 0x7f}); return b },
		"half a bit":       func(b []byte) []byte { copy(b[RecipeBytes+2:], []byte{0, 0, 0x20, 0x40}); return b },
		"not applied":      func(b []byte) []byte { clear(b[RecipeBytes+2:][:4]); return b },
		"a byte more":      func(b []byte) []byte { return append(b, 0) },
	} {
		b := breakIt(bytes.Clone(data))
		back := Recipe{Gray: true}
		if err := back.UnmarshalBinary(b); err == nil || back != (Recipe{Gray: true}) {
			t.Errorf("%s: no error, or the recipe changed (%v)", name, err)
		}
	}
	unknown := bytes.Clone(data)
	unknown[RecipeBytes+6] = 200
	if err := new(Recipe).UnmarshalBinary(unknown); err == nil || !strings.Contains(err.Error(), "operation 200 is not known to this program; a newer one made it") {
		t.Errorf("got %v", err)
	}
	for _, tag := range []float32{-1, 0, 1.5, 7, 300, float32(math.NaN()), float32(math.Inf(1))} {
		list := r.Floats()
		list[NumFloats] = tag
		if _, err := ParseFloats(list); err == nil {
			t.Errorf("tag %v: no error", tag)
		}
	}
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

// FuzzRecipe: any bytes are a recipe that can be rendered, is written as it was read
// and means the same as numbers, or an error.
func FuzzRecipe(f *testing.F) {
	add := func(cfg *Config, r Recipe) {
		data, _ := r.MarshalBinary()
		f.Add(data)
	}
	everyKind(add)
	everyExtended(add)
	f.Fuzz(func(t *testing.T, data []byte) {
		var r, again Recipe
		if r.UnmarshalBinary(data) != nil {
			return
		}
		written, _ := r.MarshalBinary()
		if err := again.UnmarshalBinary(written); err != nil || again.String() != r.String() {
			t.Fatalf("%+v is written as %x, which is %+v (%v)", r, written, again, err)
		}
		if !bytes.Equal(written[RecipeBytes:], data[RecipeBytes:]) {
			t.Fatalf("the extension %x is written as %x", data[RecipeBytes:], written[RecipeBytes:])
		}
		if r.Width < 1<<24 && r.Height < 1<<24 {
			if back, err := ParseFloats(r.Floats()); err != nil || back.Extra != r.Extra || back.Crop != r.Crop {
				t.Fatalf("%+v as numbers is %+v (%v)", r, back, err)
			}
		}
		if r.Width > 64 || r.Height > 64 {
			return
		}
		img := Image{Width: r.Width, Height: r.Height, Pix: make([]uint8, 3*r.Width*r.Height)}
		cfg := everyExtension(Pretrain(20))
		if err := Render(make([]uint8, 3*20*20), &cfg, img, r); err != nil {
			t.Errorf("%+v cannot be rendered: %v", r, err)
		}
	})
}

// FuzzFloats: any numbers are a recipe that they are the numbers of, or an error.
func FuzzFloats(f *testing.F) {
	bytesOf := func(list []float32) (b []byte) {
		for _, x := range list {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
		return b
	}
	everyExtended(func(cfg *Config, r Recipe) { f.Add(bytesOf(r.AppendFloats(nil, RoomFor(*cfg)))) })
	f.Fuzz(func(t *testing.T, data []byte) {
		var list []float32
		for ; len(data) >= 4; data = data[4:] {
			list = append(list, math.Float32frombits(binary.LittleEndian.Uint32(data)))
		}
		r, err := ParseFloats(list)
		if err != nil {
			return
		}
		back, err := ParseFloats(r.Floats())
		if err != nil || back.String() != r.String() || back.Extra != r.Extra {
			t.Fatalf("%v is %+v, then %+v (%v)", list, r, back, err)
		}
	})
}

func ptr[T any](v T) *T { return &v }
