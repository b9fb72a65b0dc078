package train

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/nn"
)

// Predictor applies a trained network. It is safe for concurrent use as far as
// the backend is.
type Predictor struct {
	backend  compute.Backend
	spec     Spec
	batch    int
	classes  []string
	exec     *graph.Exec
	vars     []nn.Variable
	weights  []*tensors.Tensor
	constant bool // the backend wants weights as constants of the graph
	compute  Compute
}

// NewPredictor puts a checkpoint's network on a backend. batch is the number of
// images computed at once. how, at most one, says how to compute: of it BF16.
func NewPredictor(b compute.Backend, c *checkpoint.Checkpoint, batch int, how ...Compute) (*Predictor, error) {
	if batch < 1 {
		return nil, fmt.Errorf("train: batch = %d; want at least 1", batch)
	}
	spec, err := parseSpec(c.Spec)
	if err != nil {
		return nil, err
	}
	p := &Predictor{backend: b, spec: spec, batch: batch,
		vars:     nn.Declare(func(b *nn.Builder) { spec.applied(b, spec.declared()) }).Variables,
		constant: b.Capabilities().PreferConstantsForVariables}
	for _, c := range how {
		p.compute = c
	}
	return p, p.load(c)
}

// Load takes the weights of another checkpoint of the same network: what was
// compiled is used again. It must not be called while Predict runs.
func (p *Predictor) Load(c *checkpoint.Checkpoint) error {
	spec, err := parseSpec(c.Spec)
	if err != nil {
		return err
	}
	if spec.shape() != p.spec.shape() || spec.Classes != p.spec.Classes {
		return fmt.Errorf("train: the checkpoint holds another network (%s) than the predictor was made for (%s)", spec.shape(), p.spec.shape())
	}
	return p.load(c)
}

func (p *Predictor) load(c *checkpoint.Checkpoint) error {
	c = Averaged(c)
	weights := make([]*tensors.Tensor, len(p.vars))
	for i, v := range p.vars {
		data, err := values(c.Weights, v.Name, v.Shape)
		if err != nil {
			return err
		}
		weights[i] = tensors.FromFlatDataAndDimensions(data, v.Shape...)
	}
	prepared{tensors: p.weights}.release()
	p.weights, p.classes = weights, c.Classes
	if p.exec != nil && !p.constant {
		return nil
	}
	exec, err := graph.NewExec(p.backend, p.graph)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	p.exec = exec
	return nil
}

// Spec is the specification that the network was trained with.
func (p *Predictor) Spec() Spec { return p.spec }

// Classes are the names of the logits, if the checkpoint has them.
func (p *Predictor) Classes() []string { return p.classes }

// FeatureDim is the length of an image's features.
func (p *Predictor) FeatureDim() int { return p.spec.Arch.Features() }

// graph: images and, unless they are constants, weights -> features, logits.
func (p *Predictor) graph(in []*graph.Node) []*graph.Node {
	defer traced()
	images, values := in[0], map[string]*graph.Node{}
	for i, v := range p.vars {
		if p.constant {
			values[v.Name] = graph.ConstTensor(images.Graph(), p.weights[i])
		} else {
			values[v.Name] = in[1+i]
		}
	}
	b := nn.Build(values, false, p.compute.options(p.backend))
	o := p.spec.applied(b, nn.Map{Node: nn.Images(images), Dims: images.Shape().Dimensions[1:]})
	if o.logits.Node == nil {
		return []*graph.Node{o.features.Node}
	}
	return []*graph.Node{o.features.Node, o.logits.Node}
}

// applied builds what those who use a network need of it, whatever it was trained
// for: the projection head ends where the supervised head sits.
func (s Spec) applied(b *nn.Builder, images nn.Map) outputs {
	return s.network(b, images, s.Selector, false)
}

// Predict computes any number of images, uint8 [n, H, W, 3] of the size that
// the network was trained on -> logits [n, Classes] (nil for a network without
// a supervised head) and the encoder's features [n, FeatureDim]. Moving
// statistics are used: an image's result does not depend on its company.
func (p *Predictor) Predict(images []uint8) (logits, features []float32, err error) {
	size := p.spec.ImageSize * p.spec.ImageSize * 3
	if len(images)%size != 0 {
		return nil, nil, fmt.Errorf("train: %d bytes of pixels are no whole number of images of %d x %d x 3", len(images), p.spec.ImageSize, p.spec.ImageSize)
	}
	for n := len(images) / size; n > 0; {
		k := min(n, p.batch)
		f, l, err := p.run(images[:k*size])
		if err != nil {
			return nil, nil, fmt.Errorf("train: cannot predict: %w", err)
		}
		features = append(features, f[:k*p.FeatureDim()]...)
		if l != nil {
			logits = append(logits, l[:k*p.spec.Classes]...)
		}
		images, n = images[k*size:], n-k
	}
	return logits, features, nil
}

// run computes up to one batch; what it lacks is filled with black images.
func (p *Predictor) run(images []uint8) (features, logits []float32, err error) {
	s := p.spec.ImageSize
	pixels := images
	if full := p.batch * s * s * 3; len(images) < full {
		pixels = append(make([]uint8, 0, full), images...)[:full]
	}
	err = guard(func() error {
		x := tensors.FromFlatDataAndDimensions(pixels, p.batch, s, s, 3)
		args := []any{x}
		if !p.constant {
			for _, w := range p.weights {
				args = append(args, w)
			}
		}
		out, err := p.exec.Call(args...)
		if err != nil {
			return outOfMemory(err)
		}
		defer prepared{tensors: append(out, x)}.release()
		if features, err = tensors.CopyFlatData[float32](out[0]); err != nil || len(out) == 1 {
			return err
		}
		logits, err = tensors.CopyFlatData[float32](out[1])
		return err
	})
	return features, logits, err
}
