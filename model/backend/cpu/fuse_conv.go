package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"github.com/retort-ml/retort/model/backend/cpu/internal/kernels"
)

// convStep is a convolution that a kernel computes: operands are the two
// tensors of the form, then what the epilogue has.
type convStep struct {
	form                        convForm
	geometry                    kernels.Conv
	scale, bias, residual, relu bool
	moments                     bool // of the result: see takeMomentsInConvs
}

// recogniseConvs replaces convolutions by the pass of training that they are,
// and merges into a forward pass the scale, bias, residual and ReLU after it.
func (g *graph) recogniseConvs() {
	for _, n := range g.nodes {
		if n.op != compute.OpTypeConvGeneral {
			continue
		}
		form, geometry, kernel := recognise(n)
		if form == formOther {
			continue
		}
		n.op, n.attr = opConv, convStep{form: form, geometry: geometry}
		n.inputs = []*node{n.inputs[0], kernel}
	}
	for _, n := range slices.Clone(g.nodes) {
		if n.op == opConv && n.attr.(convStep).form == formForward {
			g.fuseEpilogue(n)
		}
	}
}

// fuseEpilogue follows the chain of single users from a forward convolution.
func (g *graph) fuseEpilogue(n *node) {
	uses := g.uses()
	step := n.attr.(convStep)
	inputs := slices.Clone(n.inputs)
	last, channels := n, n.shape.Dimensions[3]
	if user := g.only(last, uses); user != nil && user.op == compute.OpTypeBatchNormForInference {
		// The normalisation has one result.
		if y := result(user, 0, uses); y != nil {
			scale, bias := g.inferenceVectors(user)
			inputs, step.scale, step.bias, last = append(inputs, scale, bias), true, true, y
		}
	}
	if v, user := g.vectorOperand(compute.OpTypeMul, last, channels, uses); v != nil && !step.scale {
		inputs, step.scale, last = append(inputs, v), true, user
	}
	if v, user := g.vectorOperand(compute.OpTypeAdd, last, channels, uses); v != nil && !step.bias {
		inputs, step.bias, last = append(inputs, v), true, user
	}
	if other := withResidual(g.only(last, uses), last); other != nil && sameShape(other.shape, n.shape) {
		inputs, step.residual, last = append(inputs, other), true, uses[last][0]
	}
	if user := g.only(last, uses); user != nil && user.op == opReLU {
		step.relu, last = true, user
	}
	if last == n {
		return
	}
	merged := &node{fn: g.fn, id: last.id, op: opConv, shape: n.shape, attr: step, inputs: inputs}
	g.nodes = append(g.nodes, merged)
	g.replace(last, merged)
}

// vectorOperand matches op(n, v) where v is one value for each channel, and
// returns v and the user.
func (g *graph) vectorOperand(op compute.OpType, n *node, channels int, uses map[*node][]*node) (v, user *node) {
	user = g.only(n, uses)
	if user == nil || user.op != op {
		return nil, nil
	}
	for i := range 2 {
		b := user.inputs[1-i]
		if root(user.inputs[i]) != n || b.op != compute.OpTypeBroadcastInDim || b.inputs[0].shape.Size() != channels {
			continue
		}
		p := broadcastPattern(b).merged()
		if len(p.dims) == 2 && p.strides[0] == 0 && p.strides[1] == 1 && p.dims[1] == channels {
			return b.inputs[0], user
		}
	}
	return nil, nil
}

// inferenceVectors are the scale and bias that a batch normalisation for
// inference comes to: scale/√(variance+ε) and offset - mean·that.
func (g *graph) inferenceVectors(n *node) (scale, bias *node) {
	gamma, beta, mean, variance := n.inputs[1], n.inputs[2], n.inputs[3], n.inputs[4]
	vector := gamma.shape
	eps := newBlock(4)
	view[float32](eps.p, 1)[0] = n.attr.(normAttr).epsilon
	constant := g.append(&node{op: compute.OpTypeConstant, shape: shapes.Make(dtypes.Float32), attr: &literal{eps}})
	add := func(op compute.OpType, in ...*node) *node { return g.add(op, vector, nil, in...) }
	spread := g.add(compute.OpTypeBroadcastInDim, vector, []int{}, constant)
	if vector.Size() == 1 {
		spread = g.add(compute.OpTypeReshape, vector, nil, constant)
	}
	scale = add(compute.OpTypeDiv, gamma, add(compute.OpTypeSqrt, add(compute.OpTypeAdd, variance, spread)))
	return scale, add(compute.OpTypeSub, beta, add(compute.OpTypeMul, mean, scale))
}

func lowerConvStep(c *compiler, n *node) error {
	step, slots := n.attr.(convStep), c.slotsOf(n.inputs)
	sizes := make([]int, len(n.inputs))
	for i, in := range n.inputs {
		sizes[i] = in.shape.Size()
	}
	if count := n.shape.Size(); step.moments {
		c.emit(step.bound(slots, sizes, c.resultSlots(n), count))
	} else {
		c.emit(step.bound(slots, sizes, []int{c.newSlot(n)}, count))
	}
	return nil
}

// reuse is the residual's slot if the result can take over its memory, which
// neither is read nor fetched then beside the result.
func (s convStep) reuse(slots []int) []int {
	last := len(slots) - 1
	if !s.residual || !s.geometry.AddsInPlace() || slices.Contains(slots[:last], slots[last]) {
		return nil
	}
	return slots[last:]
}

// bound is the step that runs the kernel.
func (s convStep) bound(slots, sizes, out []int, count int) step {
	return step{op: s.form.String(), reads: slots, writes: out, reuse: s.reuse(slots), bind: func(fr *frame) func() {
		return func() {
			next := 2
			operand := func(has bool) []float32 {
				if !has {
					return nil
				}
				next++
				return fr.f32(slots[next-1], sizes[next-1])
			}
			a, b, y := fr.f32(slots[0], sizes[0]), fr.f32(slots[1], sizes[1]), fr.f32(out[0], count)
			switch s.form {
			case formForward:
				e := kernels.Epilogue{ReLU: s.relu}
				e.Scale, e.Bias, e.Residual = operand(s.scale), operand(s.bias), operand(s.residual)
				if s.moments {
					e.Mean, e.Variance = fr.f32(out[1], s.geometry.Co), fr.f32(out[2], s.geometry.Co)
				}
				kernels.ConvForward(y, a, b, s.geometry, e)
			case formInputGrad:
				kernels.ConvInputGrad(y, a, b, s.geometry)
			case formKernelGrad:
				kernels.ConvKernelGrad(y, a, b, s.geometry)
			}
		}
	}}
}
