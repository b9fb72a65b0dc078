package nn

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
)

// Options choose among forms of the same mathematics; all but BF16 are equal.
type Options struct {
	// Matmul writes convolutions as matrix products: for backends whose
	// convolution is slower than that.
	Matmul bool
	// FusedBatchNorm uses the backend's own batch normalisation for training.
	FusedBatchNorm bool

	// BF16 computes convolutions and what lies between them in bfloat16; batch
	// normalisation, pooling over all pixels and dense layers stay float32.
	BF16 bool
	// Remat keeps of a block's activations its input alone in training, and
	// computes the others again for the gradient.
	Remat bool

	// ReLU, if set, takes the place of the rectifier: for those who look at its
	// inputs.
	ReLU func(x *Node) *Node
}

// OptionsFor returns the forms that suit a backend.
func OptionsFor(b compute.Backend) Options {
	ops := b.Capabilities().Operations
	return Options{
		// GoMLX's Go backend: measured 6 to 20 times faster as matrix products.
		Matmul: b.Name() == "Go Backend" || b.Name() == "go",
		// XLA's takes the variance as E[x^2]-E[x]^2, which loses digits, and gathers
		// the whole batch where it is spread over devices; unfused is as fast.
		FusedBatchNorm: b.Name() != "xla" && ops[compute.OpTypeBatchNormForTraining] && ops[compute.OpTypeBatchNormGradient],
	}
}

// Map is a feature map as it passes through a network: Dims are its axes
// without the batch ([H, W, C] or [C]); Node is nil while a network is only
// declared.
type Map struct {
	Node *Node
	Dims []int
}

// Channels is the size of the last axis.
func (m Map) Channels() int { return m.Dims[len(m.Dims)-1] }

// Builder walks a network.
type Builder struct {
	Options
	vars     []Variable
	values   map[string]*Node
	updates  map[string]*Node
	training bool
	building bool
	scope    string
	layers   map[string]int
	flops    int64

	freeze, parts int  // parts to freeze, parts entered
	frozen, was   bool // inside of one; whether training was on outside
}

// Declaration is what a network is made of.
type Declaration struct {
	Variables []Variable // in creation order
	FLOPs     int64      // of one forward pass over one image: two for each multiply-add of convolutions and dense layers
}

// Params is the number of trainable values.
func (d Declaration) Params() int64 {
	var n int64
	for _, v := range d.Variables {
		if v.Trainable() {
			n += int64(v.Size())
		}
	}
	return n
}

// Declare walks a network without a graph.
func Declare(network func(b *Builder)) Declaration {
	b := &Builder{layers: map[string]int{}}
	network(b)
	return Declaration{Variables: b.vars, FLOPs: b.flops}
}

// Build returns a Builder over a graph. values holds one node for each variable
// of the network, by name. In training, batch normalisation uses the batch's
// statistics and leaves the new moving ones in [Builder.Updates].
func Build(values map[string]*Node, training bool, o Options) *Builder {
	return &Builder{Options: o, values: values, training: training, building: true,
		updates: map[string]*Node{}, layers: map[string]int{}}
}

// Updates are the new values of moving statistics, by variable name.
func (b *Builder) Updates() map[string]*Node { return b.updates }

// Training says whether batch normalisation uses the batch's statistics.
func (b *Builder) Training() bool { return b.training }

// Inference makes the layers that follow use moving statistics.
func (b *Builder) Inference() { b.training = false }

// Freeze leaves the first parts of a network as they are: no variable of them is
// trained, batch normalisation uses moving statistics, and no gradient goes in.
func (b *Builder) Freeze(parts int) { b.freeze = parts }

// Enter marks where the network's next part begins, and returns its input.
func (b *Builder) Enter(x Map) Map {
	inside := b.parts < b.freeze
	b.parts++
	switch {
	case inside && !b.frozen:
		b.was, b.training = b.training, false
	case !inside && b.frozen:
		b.training = b.was
		if x.Node != nil {
			x.Node = StopGradient(x.Node)
		}
	}
	b.frozen = inside
	return x
}

// Scope runs the layers of f under a name: "base_model", "head_contrastive/nl_0".
func (b *Builder) Scope(name string, f func()) {
	outer := b.scope
	b.scope = outer + name + "/"
	f()
	b.scope = outer
}

// layer names the next layer of a kind within the scope: conv2d, conv2d_1, …
func (b *Builder) layer(kind string) string {
	key := b.scope + kind
	n := b.layers[key]
	b.layers[key]++
	if n == 0 {
		return key
	}
	return fmt.Sprintf("%s_%d", key, n)
}

// variable declares a variable, or finds its node.
func (b *Builder) variable(layer string, kind Kind, init Init, shape ...int) *Node {
	v := Variable{Name: layer + "/" + string(kind), Shape: shape, Kind: kind, Init: init, Frozen: b.frozen}
	b.vars = append(b.vars, v)
	if !b.building {
		return nil
	}
	node := b.values[v.Name]
	if node == nil {
		panic(fmt.Errorf("the network has a variable %s, the given values have none of that name", v))
	}
	if !slices.Equal(node.Shape().Dimensions, shape) {
		panic(fmt.Errorf("variable %s: the given value has shape %v", v, node.Shape().Dimensions))
	}
	return node
}

// apply computes a layer's node, or only its dimensions while declaring.
func (b *Builder) apply(dims []int, f func() *Node) Map {
	m := Map{Dims: dims}
	if b.building {
		m.Node = f()
	}
	return m
}
