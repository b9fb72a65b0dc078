package train

import (
	"slices"
	"testing"

	"github.com/retort-ml/retort/model/objective"
)

// TestEmbedderIsThePredictorsTwin: at level 0 it gives the features of Predict,
// bit for bit; the further levels are there as far as the checkpoint holds them.
func TestEmbedderIsThePredictorsTwin(t *testing.T) {
	spec, b := tiny(objective.NTXent), open(t)
	c, err := started(t, spec).Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	held, err := HeldLayers(c)
	if err != nil || held != spec.HeadLayers {
		t.Fatalf("%d layers are held, %v; want %d", held, err, spec.HeadLayers)
	}
	images := make([]uint8, 5*3*spec.ImageSize*spec.ImageSize)
	for i := range images {
		images[i] = uint8(i * 7)
	}
	p, err := NewPredictor(b, c, 2)
	if err != nil {
		t.Fatal(err)
	}
	_, want, err := p.Predict(images)
	if err != nil {
		t.Fatal(err)
	}
	for layer := range held + 1 {
		e, err := NewEmbedder(b, c, 2, layer)
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.Embed(images)
		if err != nil || len(got) != 5*e.Dim() {
			t.Fatalf("layer %d: %d values, %v", layer, len(got), err)
		}
		if layer == 0 && !slices.Equal(got, want) {
			t.Error("features are not those of Predict")
		}
		if layer == held && e.Dim() != spec.HeadDim {
			t.Errorf("the head's output has %d values, want %d", e.Dim(), spec.HeadDim)
		}
	}
	if _, err := NewEmbedder(b, c, 2, held+1); err == nil {
		t.Error("a layer that is not there")
	}
}
