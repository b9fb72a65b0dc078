package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// fuseNorms merges a batch normalisation for training with the ReLU that
// follows it, or with the residual addition and the ReLU after that; and a
// gradient of batch normalisation with the gradient of the ReLU before it.
//
// The merged ReLU is the one in the graph, x where x > 0, else 0.
func (g *graph) fuseNorms() {
	uses := g.uses()
	for _, n := range g.nodes {
		switch {
		case len(n.results) == 0 || n.results[0].DType != dtypes.Float32:
		case n.op == compute.OpTypeBatchNormForTraining:
			g.fuseForward(n, uses)
		case n.op == compute.OpTypeBatchNormGradient:
			g.fuseGradient(n, uses)
		}
	}
}

// only is the single user of n's memory; nil if there are others or n is an
// output.
func (g *graph) only(n *node, uses map[*node][]*node) *node {
	if len(uses[n]) != 1 || slices.ContainsFunc(g.outputs, func(o *node) bool { return root(o) == n }) {
		return nil
	}
	return uses[n][0]
}

// result is result i of an operation that has several, or nil if it is dead.
func result(n *node, i int, uses map[*node][]*node) *node {
	for _, u := range uses[n] {
		if u.op == opResult && u.attr.(int) == i {
			return u
		}
	}
	return nil
}

// withResidual matches Add(n, other), both of one shape, and returns other.
func withResidual(add, n *node) *node {
	if add == nil || add.op != compute.OpTypeAdd {
		return nil
	}
	for i := range 2 {
		other := add.inputs[1-i]
		if root(add.inputs[i]) == n && root(other) != n && other.op != compute.OpTypeBroadcastInDim {
			return other
		}
	}
	return nil
}

func (g *graph) fuseForward(n *node, uses map[*node][]*node) {
	attr := n.attr.(normAttr)
	y := result(n, 0, uses)
	if y == nil {
		return
	}
	user := g.only(y, uses)
	if user == nil {
		return
	}
	if other := withResidual(user, y); other != nil {
		relu := g.only(user, uses)
		if relu == nil || relu.op != opReLU {
			return
		}
		attr.residual = true
		n.inputs = append(slices.Clone(n.inputs), other)
		// other is read here now, so it must not take n in as its own residual
		kept := uses[root(other)]
		kept[slices.Index(kept, user)] = n
		delete(uses, user)
		user = relu
	}
	if user.op != opReLU {
		return
	}
	attr.relu = true
	n.attr = attr
	g.replace(user, y)
	uses[y] = uses[user]
	delete(uses, user)
}

// fuseGradient: where the gradient that the ReLU sees is itself computed
// elementwise, the ReLU's belongs to that kernel, not here.
func (g *graph) fuseGradient(n *node, uses map[*node][]*node) {
	dy := root(n.inputs[4])
	if dy.op != opReLUGrad || g.only(dy, uses) != n {
		return
	}
	from := root(dy.inputs[0])
	if isElementwise(from.op) && len(uses[from]) == 1 {
		return
	}
	attr := n.attr.(normAttr)
	attr.relu = true
	mask := dy.inputs[1]
	if offset := offsetOf(n, mask); offset != nil {
		attr.again, mask = true, offset
	}
	n.attr = attr
	n.inputs = append(slices.Clone(n.inputs), mask)
	n.inputs[4] = dy.inputs[0]
	uses[from] = append(uses[from], n)
}

// offsetOf is the offset of the normalisation whose gradient n is, if y is its result
// after ReLU, without a residual: x, which n reads anyway, tells then where y is
// positive.
func offsetOf(n, y *node) *node {
	if y.op != opResult || y.attr.(int) != 0 {
		return nil
	}
	of := y.inputs[0]
	if of.op != compute.OpTypeBatchNormForTraining {
		return nil
	}
	attr := of.attr.(normAttr)
	isResult := func(n *node, i int) bool { return n.op == opResult && n.inputs[0] == of && n.attr.(int) == i }
	if !attr.relu || attr.residual || attr.epsilon != n.attr.(normAttr).epsilon || n.inputs[0] != of.inputs[0] ||
		n.inputs[1] != of.inputs[1] || !isResult(n.inputs[2], 1) || !isResult(n.inputs[3], 2) {
		return nil
	}
	return of.inputs[2]
}
