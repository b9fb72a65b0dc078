package train

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/nn"
)

// Embedder gives what a trained network makes of images at one level of its
// projection head.
type Embedder struct {
	spec    Spec
	layer   int
	dim     int
	batch   int
	exec    *graph.Exec
	vars    []nn.Variable
	weights []*tensors.Tensor
	// constant: the backend wants weights as constants of the graph
	constant bool
}

// HeldLayers is how many layers of its projection head a checkpoint holds: all
// after pretraining, those below the classifier after fine-tuning.
func HeldLayers(c *checkpoint.Checkpoint) (int, error) {
	spec, err := parseSpec(c.Spec)
	if err != nil {
		return 0, err
	}
	for held := spec.HeadLayers; held > 0; held-- {
		e := &Embedder{spec: spec, layer: held}
		d := nn.Declare(func(b *nn.Builder) { e.build(b, spec.declared()) })
		if !slices.ContainsFunc(d.Variables, func(v nn.Variable) bool { return c.Find(v.Name) == nil }) {
			return held, nil
		}
	}
	return 0, nil
}

// NewEmbedder puts a checkpoint's network on a backend, up to a level: 0 is the
// encoder's features, 1 the output of the first layer of the projection head, ….
// batch is the number of images computed at once.
func NewEmbedder(b compute.Backend, c *checkpoint.Checkpoint, batch, layer int) (*Embedder, error) {
	if batch < 1 {
		return nil, fmt.Errorf("train: batch = %d; want at least 1", batch)
	}
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
	e := &Embedder{spec: spec, layer: layer, batch: batch, constant: b.Capabilities().PreferConstantsForVariables}
	d := nn.Declare(func(b *nn.Builder) { e.dim = e.build(b, spec.declared()).Channels() })
	e.vars = d.Variables
	for _, v := range e.vars {
		data, err := values(c.Weights, v.Name, v.Shape)
		if err != nil {
			return nil, err
		}
		e.weights = append(e.weights, tensors.FromFlatDataAndDimensions(data, v.Shape...))
	}
	if e.exec, err = graph.NewExec(b, e.graph); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return e, nil
}

// Dim is the length of an image's embedding.
func (e *Embedder) Dim() int { return e.dim }

// ImageSize is the side of the images that Embed takes, in pixels.
func (e *Embedder) ImageSize() int { return e.spec.ImageSize }

// build: images [B, H, W, 3] in [0, 1] -> the level's output [B, Dim].
func (e *Embedder) build(b *nn.Builder, images nn.Map) nn.Map {
	levels := e.spec.projection().Project(b, e.spec.Arch.Encode(b, images), e.layer)
	return levels[len(levels)-1]
}

// graph: images and, unless they are constants, weights -> embeddings.
func (e *Embedder) graph(in []*graph.Node) []*graph.Node {
	defer traced()
	images, values := in[0], map[string]*graph.Node{}
	for i, v := range e.vars {
		if e.constant {
			values[v.Name] = graph.ConstTensor(images.Graph(), e.weights[i])
		} else {
			values[v.Name] = in[1+i]
		}
	}
	b := nn.Build(values, false, nn.OptionsFor(images.Graph().Backend()))
	return []*graph.Node{e.build(b, nn.Map{Node: nn.Images(images), Dims: images.Shape().Dimensions[1:]}).Node}
}

// Embed computes any number of images, uint8 [n, H, W, 3] -> float32 [n, Dim].
// Moving statistics are used: an image's embedding does not depend on its
// company.
func (e *Embedder) Embed(images []uint8) (embeddings []float32, err error) {
	s := e.spec.ImageSize
	size := 3 * s * s
	if len(images)%size != 0 {
		return nil, fmt.Errorf("train: %d bytes of pixels are no whole number of images of %d x %d x 3", len(images), s, s)
	}
	for n := len(images) / size; n > 0; {
		k := min(n, e.batch)
		out, err := e.run(images[:k*size])
		if err != nil {
			return nil, fmt.Errorf("train: cannot embed: %w", err)
		}
		embeddings = append(embeddings, out[:k*e.dim]...)
		images, n = images[k*size:], n-k
	}
	return embeddings, nil
}

// run computes up to one batch; what it lacks is filled with black images.
func (e *Embedder) run(images []uint8) (out []float32, err error) {
	s := e.spec.ImageSize
	pixels := images
	if full := e.batch * s * s * 3; len(images) < full {
		pixels = append(make([]uint8, 0, full), images...)[:full]
	}
	err = guard(func() error {
		x := tensors.FromFlatDataAndDimensions(pixels, e.batch, s, s, 3)
		args := []any{x}
		if !e.constant {
			for _, w := range e.weights {
				args = append(args, w)
			}
		}
		results, err := e.exec.Call(args...)
		if err != nil {
			return err
		}
		defer prepared{tensors: append(results, x)}.release()
		out, err = tensors.CopyFlatData[float32](results[0])
		return err
	})
	return out, err
}
