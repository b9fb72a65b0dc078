package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// keepNorms turns it off: for tests.
var keepNorms bool

// computeNormsAgain has the result of a normalisation with ReLU, which costs
// one pass over its operand, computed again for the gradient instead of kept
// from the forward pass until then: its operand is kept anyway, for the
// gradient of the normalisation. The bits are the same.
func (g *graph) computeNormsAgain() {
	if keepNorms {
		return
	}
	uses := g.uses()
	for _, n := range slices.Clone(g.nodes) {
		if n.op != compute.OpTypeBatchNormForTraining || n.results[0].DType != dtypes.Float32 {
			continue
		}
		attr := n.attr.(normAttr)
		y, mean, variance := result(n, 0, uses), result(n, 1, uses), result(n, 2, uses)
		if !attr.relu || attr.residual || y == nil || mean == nil || variance == nil {
			continue
		}
		late := lateUsers(y, uses)
		if len(late) == 0 || len(late) == len(uses[y]) {
			continue
		}
		again := g.append(&node{op: opNormAgain, shape: y.shape, attr: attr,
			inputs: []*node{n.inputs[0], n.inputs[1], n.inputs[2], mean, variance}})
		again.id = late[0].id // as late as it can be
		for _, u := range late {
			again.id = min(again.id, u.id)
			for i, in := range u.inputs {
				if in == y {
					u.inputs[i] = again
				}
			}
		}
	}
}

// lateUsers are the users of y in the backward pass; none where y has to be
// kept for another one: for one that reads it through a view, or for the gradient
// of a ReLU, as that of a stem whose result a shortcut reads, too.
func lateUsers(y *node, uses map[*node][]*node) []*node {
	var late []*node
	kernel := false
	for _, u := range uses[y] {
		if u.op == opReLUGrad {
			return nil
		}
		step, conv := u.attr.(convStep)
		isKernel := conv && step.form == formKernelGrad
		kernel = kernel || isKernel
		if !isKernel && u.op != compute.OpTypeBatchNormGradient {
			continue
		}
		if !slices.Contains(u.inputs, y) {
			return nil
		}
		if !slices.Contains(late, u) {
			late = append(late, u)
		}
	}
	if !kernel {
		return nil
	}
	return late
}
