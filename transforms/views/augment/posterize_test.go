package augment

import (
	"bytes"
	"testing"
)

// The slow twin: Pillow's posterize of the finished view.
func TestPosterizeIsPillowsOfTheFinishedView(t *testing.T) {
	for bits := 1; bits <= 8; bits++ {
		for key := range 6 {
			plain := Pretrain(40)
			cfg := plain
			cfg.Posterize, cfg.PosterizeBits = 1, bits
			img := pattern(60, 50)
			r := Draw(&cfg, img.Width, img.Height, Key{Pass: key})
			if r.Extra[posterize] != (Numbers{float32(bits)}) {
				t.Fatalf("drew %v; want %d bits", r.Extra, bits)
			}
			got, want := make([]uint8, 3*40*40), make([]uint8, 3*40*40)
			if err := Render(got, &cfg, img, r); err != nil {
				t.Fatal(err)
			}
			r.Extra[posterize] = Numbers{}
			if err := Render(want, &plain, img, r); err != nil {
				t.Fatal(err)
			}
			for i, v := range want {
				want[i] = v &^ (1<<(8-bits) - 1)
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("%d bits, key %d: the views differ", bits, key)
			}
		}
	}
}

func TestPosterizeHappensAsOftenAsItShould(t *testing.T) {
	cfg := Pretrain(32)
	cfg.Posterize, cfg.PosterizeBits = 0.3, 4
	n := 0
	for i := range draws {
		if Draw(&cfg, 40, 40, Key{Seed: 3, Pass: i}).Extra[posterize] != (Numbers{}) {
			n++
		}
	}
	frequency(t, "posterize", n, draws, 0.3, 1<<30)
}
