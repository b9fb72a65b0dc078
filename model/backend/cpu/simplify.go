package cpu

import (
	"bytes"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// simplify returns a simpler node that computes the same as n, or nil. No rule
// changes a single bit of a result.
func (g *graph) simplify(n *node) *node {
	switch n.op {
	case compute.OpTypeReshape:
		if r := n.inputs[0]; sameShape(r.shape, n.shape) {
			return r
		} else if r.op == compute.OpTypeReshape {
			return g.add(compute.OpTypeReshape, n.shape, nil, r.inputs[0])
		}
	case compute.OpTypeTranspose:
		if keepsOrder(n.inputs[0].shape.Dimensions, n.attr.([]int)) {
			return g.add(compute.OpTypeReshape, n.shape, nil, n.inputs[0])
		}
	case compute.OpTypeBroadcastInDim:
		if n.shape.Size() == n.inputs[0].shape.Size() {
			return g.add(compute.OpTypeReshape, n.shape, nil, n.inputs[0])
		}
	case compute.OpTypeSlice:
		if slices.Equal(n.shape.Dimensions, n.inputs[0].shape.Dimensions) {
			return n.inputs[0]
		}
	case compute.OpTypeReduceSum, compute.OpTypeReduceMax, compute.OpTypeReduceMin, compute.OpTypeReduceProduct:
		if n.shape.Size() == n.inputs[0].shape.Size() && n.shape.Size() > 0 {
			return g.add(compute.OpTypeReshape, n.shape, nil, n.inputs[0])
		}
	case compute.OpTypeWhere:
		return g.simplifyWhere(n)
	}
	return nil
}

// keepsOrder says whether a transposition only moves axes of size 1.
func keepsOrder(dims, permutation []int) bool {
	last := -1
	for _, a := range permutation {
		if dims[a] == 1 {
			continue
		}
		if a < last {
			return false
		}
		last = a
	}
	return true
}

// simplifyWhere finds ReLU and its gradient: Where(x > 0, a, 0). The gradient
// asks the result of the ReLU instead of its operand, which need not be kept.
func (g *graph) simplifyWhere(n *node) *node {
	cond, a, b := n.inputs[0], n.inputs[1], n.inputs[2]
	if n.shape.DType != dtypes.Float32 || cond.op != compute.OpTypeGreaterThan || !isZero(b) || !isZero(cond.inputs[1]) ||
		cond.inputs[0].shape.DType != dtypes.Float32 {
		return nil
	}
	x := cond.inputs[0]
	if x == a {
		return g.add(opReLU, n.shape, nil, x)
	}
	if y := g.find(opReLU, x.shape, nil, x); y != nil {
		x = y
	}
	return g.add(opReLUGrad, n.shape, nil, a, x)
}

// isZero says whether n is +0 everywhere.
func isZero(n *node) bool {
	for n.op == compute.OpTypeBroadcastInDim || n.op == compute.OpTypeReshape {
		n = n.inputs[0]
	}
	data, ok := constantBytes(n)
	return ok && len(data) <= smallConstant && len(bytes.Trim(data, "\x00")) == 0
}

func constantBytes(n *node) ([]byte, bool) {
	if n.op != compute.OpTypeConstant {
		return nil, false
	}
	return view[byte](n.attr.(*literal).mem.p, byteSize(n.shape)), true
}

// foldable bounds the results that are computed at compile time.
const foldable = 1 << 12

// foldConstants computes what depends on constants only and is small.
func (g *graph) foldConstants(b *backend) {
	for i, n := range g.nodes {
		// In 8 bits a scale or bias must be seen as one however small the batch is.
		if !canFold(n) || b.bytes && n.op == compute.OpTypeBroadcastInDim {
			continue
		}
		if mem := evaluate(b, g.fn, n); mem != nil {
			g.nodes[i].op, g.nodes[i].attr, g.nodes[i].inputs = compute.OpTypeConstant, &literal{mem}, nil
		}
	}
}

func canFold(n *node) bool {
	if len(n.inputs) == 0 || len(n.results) > 0 || n.op == opResult || isView(n.op) && n.op != compute.OpTypeReshape || byteSize(n.shape) > foldable {
		return false
	}
	if n.op == compute.OpTypeBroadcastInDim && n.inputs[0].shape.Size() == 1 {
		return false // cheaper to read as it is
	}
	for _, in := range n.inputs {
		if in.op != compute.OpTypeConstant || byteSize(in.shape) > 16*foldable {
			return false
		}
	}
	return true
}

// evaluate runs one operation on constants; nil if it cannot.
func evaluate(b *backend, f *function, n *node) *block {
	sub := &graph{fn: f, known: map[string]*node{}}
	inputs := make([]*node, len(n.inputs))
	for i, in := range n.inputs {
		inputs[i] = sub.append(&node{op: in.op, shape: in.shape, attr: in.attr})
	}
	out := sub.append(&node{op: n.op, shape: n.shape, attr: n.attr, inputs: inputs})
	sub.outputs = []*node{out}
	p, err := compileGraph(b, sub)
	if err != nil {
		return nil
	}
	fr := p.newFrame()
	mem := newBlock(byteSize(n.shape))
	fr.ptr[p.outputSlots[0]] = mem.p
	fr.run()
	return mem
}
