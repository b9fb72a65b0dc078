package train

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/nn"
)

// Embedder gives what a trained network makes of images at one level of its
// projection head.
type Embedder struct {
	*inference
	dim int
}

// HeldLayers is how many layers of its projection head a checkpoint holds: all
// after pretraining, those below the classifier after fine-tuning.
func HeldLayers(c *checkpoint.Checkpoint) (int, error) {
	spec, err := parseSpec(c.Spec)
	if err != nil {
		return 0, err
	}
	for held := spec.HeadLayers; held > 0; held-- {
		d := nn.Declare(func(b *nn.Builder) { spec.level(b, spec.declared(), held) })
		if !slices.ContainsFunc(d.Variables, func(v nn.Variable) bool { return c.Find(v.Name) == nil }) {
			return held, nil
		}
	}
	return 0, nil
}

// NewEmbedder puts a checkpoint's network on a backend, up to a level: 0 is the
// encoder's features, 1 the output of the first layer of the projection head, ….
// batch is the number of images computed at once, and how is NewPredictor's.
func NewEmbedder(b compute.Backend, c *checkpoint.Checkpoint, batch, layer int, how ...Compute) (*Embedder, error) {
	spec, err := parseSpec(c.Spec)
	if err != nil {
		return nil, err
	}
	held, err := HeldLayers(c)
	if err != nil {
		return nil, err
	}
	if layer < 0 || layer > held {
		return nil, fmt.Errorf("the checkpoint holds %d layers of a projection head; layer = %d, want 0 (the encoder's features) to %d", held, layer, held)
	}
	e := &Embedder{}
	e.inference, err = newInference(b, spec, batch, how, func(b *nn.Builder, images nn.Map) []nn.Map {
		out := spec.level(b, images, layer)
		e.dim = out.Channels()
		return []nn.Map{out}
	})
	if err != nil {
		return nil, err
	}
	return e, e.load(c)
}

// Dim is the length of an image's embedding.
func (e *Embedder) Dim() int { return e.dim }

// ImageSize is the side of the images that Embed takes, in pixels.
func (e *Embedder) ImageSize() int { return e.spec.ImageSize }

// level: images [B, H, W, 3] in [0, 1] -> the output of a level of the projection
// head [B, D].
func (s Spec) level(b *nn.Builder, images nn.Map, layer int) nn.Map {
	levels := s.projection().Project(b, s.Arch.Encode(b, images), layer)
	return levels[len(levels)-1]
}

// Embed computes any number of images, uint8 [n, H, W, 3] -> float32 [n, Dim].
// Moving statistics are used: an image's embedding does not depend on its
// company.
func (e *Embedder) Embed(images []uint8) ([]float32, error) {
	all, err := e.apply(images)
	switch {
	case err != nil:
		return nil, fmt.Errorf("train: cannot embed: %w", err)
	case len(all) == 0:
		return nil, nil
	}
	return all[0], nil
}
