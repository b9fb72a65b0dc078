package train

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/nn"
)

// inference is a trained network that is applied, some of its outputs at once. Moving
// statistics are used: an image's outputs do not depend on its company.
type inference struct {
	backend  compute.Backend
	spec     Spec
	batch    int
	compute  Compute
	build    func(b *nn.Builder, images nn.Map) []nn.Map // outputs [B, …]; those without a node are none
	exec     *graph.Exec
	vars     []nn.Variable
	weights  []*tensors.Tensor
	constant bool // the backend wants weights as constants of the graph
}

// newInference prepares what build makes of images; batch is the number of images
// computed at once, and how, at most one, says how. It has no weights yet.
func newInference(b compute.Backend, spec Spec, batch int, how []Compute, build func(*nn.Builder, nn.Map) []nn.Map) (*inference, error) {
	if batch < 1 {
		return nil, fmt.Errorf("train: batch = %d; want at least 1", batch)
	}
	n := &inference{backend: b, spec: spec, batch: batch, build: build,
		vars:     nn.Declare(func(b *nn.Builder) { build(b, spec.declared()) }).Variables,
		constant: b.Capabilities().PreferConstantsForVariables}
	for _, c := range how {
		n.compute = c
	}
	return n, nil
}

// load takes the weights of a checkpoint: the averages, where it has them.
func (n *inference) load(c *checkpoint.Checkpoint) error {
	c = Averaged(c)
	weights := make([]*tensors.Tensor, len(n.vars))
	for i, v := range n.vars {
		data, err := values(c.Weights, v.Name, v.Shape)
		if err != nil {
			return err
		}
		weights[i] = tensors.FromFlatDataAndDimensions(data, v.Shape...)
	}
	prepared{tensors: n.weights}.release()
	n.weights = weights
	if n.exec != nil && !n.constant {
		return nil
	}
	exec, err := graph.NewExec(n.backend, n.graph)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	n.exec = exec
	return nil
}

// graph: images and, unless they are constants, weights -> outputs.
func (n *inference) graph(in []*graph.Node) (out []*graph.Node) {
	defer traced()
	images, values := in[0], map[string]*graph.Node{}
	for i, v := range n.vars {
		if n.constant {
			values[v.Name] = graph.ConstTensor(images.Graph(), n.weights[i])
		} else {
			values[v.Name] = in[1+i]
		}
	}
	b := nn.Build(values, false, n.compute.options(n.backend))
	for _, m := range n.build(b, nn.Map{Node: nn.Images(images), Dims: images.Shape().Dimensions[1:]}) {
		if m.Node != nil {
			out = append(out, m.Node)
		}
	}
	return out
}

// apply computes any number of images, uint8 [n, H, W, 3] of the network's size ->
// each output of all of them, flat.
func (n *inference) apply(images []uint8) (all [][]float32, err error) {
	s := n.spec.ImageSize
	size := 3 * s * s
	if len(images)%size != 0 {
		return nil, fmt.Errorf("%d bytes of pixels are no whole number of images of %d x %d x 3", len(images), s, s)
	}
	for left := len(images) / size; left > 0; {
		k := min(left, n.batch)
		out, err := n.run(images[:k*size])
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = make([][]float32, len(out))
		}
		for i, values := range out {
			all[i] = append(all[i], values[:k*len(values)/n.batch]...)
		}
		images, left = images[k*size:], left-k
	}
	return all, nil
}

// run computes up to one batch; what it lacks is filled with black images.
func (n *inference) run(images []uint8) (out [][]float32, err error) {
	s := n.spec.ImageSize
	pixels := images
	if full := n.batch * s * s * 3; len(images) < full {
		pixels = append(make([]uint8, 0, full), images...)[:full]
	}
	err = guard(func() error {
		x := tensors.FromFlatDataAndDimensions(pixels, n.batch, s, s, 3)
		args := []any{x}
		if !n.constant {
			for _, w := range n.weights {
				args = append(args, w)
			}
		}
		results, err := n.exec.Call(args...)
		if err != nil {
			return outOfMemory(err)
		}
		defer prepared{tensors: append(results, x)}.release()
		for _, r := range results {
			values, err := tensors.CopyFlatData[float32](r)
			if err != nil {
				return err
			}
			out = append(out, values)
		}
		return nil
	})
	return out, err
}
