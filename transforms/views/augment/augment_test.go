package augment

import (
	"math/rand/v2"
	"testing"
)

func TestPresetsAreValid(t *testing.T) {
	for _, p := range Presets {
		for i, c := range p.Views(0) {
			if err := c.Validate(); err != nil {
				t.Errorf("%s view %d: %v", p.Name, i, err)
			}
		}
	}
}

func BenchmarkView(b *testing.B) {
	for _, c := range []struct {
		name         string
		size, source int
	}{{"224", 224, 224}, {"224of500", 224, 500}, {"96of224", 96, 224}, {"32", 32, 32}} {
		b.Run(c.name, func(b *testing.B) { benchmarkView(b, c.size, c.source) })
	}
}

// benchmarkView draws and renders one view an iteration, each with a recipe of
// its own.
func benchmarkView(b *testing.B, size, source int) {
	img := noise(rand.New(rand.NewPCG(1, 1)), source, source)
	cfg := Pretrain(size)
	if size <= 32 {
		cfg.Strength = 0.5
	}
	dst := make([]uint8, 3*size*size)
	var v Renderer
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		r := Draw(&cfg, img.Width, img.Height, Key{View: n})
		if err := v.Render(dst, &cfg, img, r); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "views/s")
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	img := noise(rand.New(rand.NewPCG(1, 1)), 300, 200)
	cfg := Pretrain(96)
	dst := make([]uint8, 3*96*96)
	var v Renderer
	n := 0
	view := func() {
		n++
		if err := v.Render(dst, &cfg, img, Draw(&cfg, img.Width, img.Height, Key{View: n})); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		view()
	}
	if k := testing.AllocsPerRun(200, view); k > 0 {
		t.Errorf("%v allocations a view", k)
	}
}
