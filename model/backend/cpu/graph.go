package cpu

import (
	"container/heap"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
)

// Operations that only the compiler makes.
const (
	// opReLU is Where(x > 0, x, 0).
	opReLU = compute.OpTypeLast + 2 + iota
	// opReLUGrad is Where(y > 0, x, 0) for operands x, y.
	opReLUGrad
	// opConv is a convolution that a kernel computes: its attr is a convStep.
	opConv
	// opNormAgain is the result of a batch normalisation with ReLU, computed again.
	opNormAgain
	// opNormApply is the result of a batch normalisation whose moments are given.
	opNormApply
)

// graph is a copy of the live part of a function that the compiler rewrites.
type graph struct {
	fn      *function
	nodes   []*node // operands come before their users
	inputs  []*node
	outputs []*node
	known   map[string]*node
}

// importGraph copies what the outputs of f need, simplifying as it goes.
func importGraph(f *function) *graph {
	g := &graph{fn: f, known: map[string]*node{}}
	live := liveNodes(f)
	clones := make([]*node, len(f.nodes))
	for _, n := range f.nodes {
		if !live[n.id] {
			continue
		}
		inputs := make([]*node, len(n.inputs))
		for i, in := range n.inputs {
			inputs[i] = clones[in.id]
		}
		clones[n.id] = g.importNode(n, inputs)
	}
	for _, n := range slices.Concat(f.params, f.captures) {
		g.inputs = append(g.inputs, clones[n.id])
	}
	for _, n := range f.returned {
		g.outputs = append(g.outputs, clones[n.id])
	}
	return g
}

func liveNodes(f *function) []bool {
	live := make([]bool, len(f.nodes))
	for _, n := range slices.Concat(f.returned, f.params, f.captures) {
		live[n.id] = true
	}
	for i := len(f.nodes) - 1; i >= 0; i-- {
		if live[i] {
			for _, in := range f.nodes[i].inputs {
				live[in.id] = true
			}
		}
	}
	return live
}

// importNode copies a node. What has no identity of its own is simplified and
// joined with an equal one.
func (g *graph) importNode(n *node, inputs []*node) *node {
	switch n.op {
	case compute.OpTypeParameter, compute.OpTypeCapturedValue, compute.OpTypeConstant,
		compute.OpTypeOptimizationBarrier, compute.OpTypeSchedulingBarrier:
		return g.append(&node{op: n.op, shape: n.shape, attr: n.attr, inputs: inputs})
	}
	if len(n.results) > 0 {
		return g.append(&node{op: n.op, shape: n.shape, attr: n.attr, inputs: inputs, results: n.results})
	}
	return g.add(n.op, n.shape, n.attr, inputs...)
}

func (g *graph) append(n *node) *node {
	n.fn, n.id = g.fn, len(g.nodes)
	g.nodes = append(g.nodes, n)
	return n
}

// add returns the simplest node that computes the operation.
func (g *graph) add(op compute.OpType, shape shapes.Shape, attr any, inputs ...*node) *node {
	n := &node{op: op, shape: shape, attr: attr, inputs: inputs}
	if s := g.simplify(n); s != nil {
		return s
	}
	key := subexpressionKey(op, shape, attr, inputs)
	if old, ok := g.known[key]; ok {
		return old
	}
	g.known[key] = n
	return g.append(n)
}

// find returns the node of an operation if there is one already.
func (g *graph) find(op compute.OpType, shape shapes.Shape, attr any, inputs ...*node) *node {
	return g.known[subexpressionKey(op, shape, attr, inputs)]
}

// readyQueue holds nodes whose operands are all placed, by their old order.
type readyQueue []*node

func (q readyQueue) Len() int           { return len(q) }
func (q readyQueue) Less(i, j int) bool { return q[i].id < q[j].id }
func (q readyQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *readyQueue) Push(x any)        { *q = append(*q, x.(*node)) }
func (q *readyQueue) Pop() any {
	old := *q
	n := old[len(old)-1]
	*q = old[:len(old)-1]
	return n
}

// order drops dead nodes and sorts the others such that operands come first,
// keeping the old order where it can.
func (g *graph) order() {
	live := map[*node]bool{}
	var mark func(n *node)
	mark = func(n *node) {
		if live[n] {
			return
		}
		live[n] = true
		for _, in := range n.inputs {
			mark(in)
		}
	}
	for _, n := range slices.Concat(g.outputs, g.inputs) {
		mark(n)
	}
	missing, users := map[*node]int{}, map[*node][]*node{}
	queue := &readyQueue{}
	for n := range live {
		missing[n] = len(n.inputs)
		for _, in := range n.inputs {
			users[in] = append(users[in], n)
		}
		if len(n.inputs) == 0 {
			*queue = append(*queue, n)
		}
	}
	heap.Init(queue)
	var sorted []*node
	for queue.Len() > 0 {
		n := heap.Pop(queue).(*node)
		sorted = append(sorted, n)
		for _, u := range users[n] {
			if missing[u]--; missing[u] == 0 {
				heap.Push(queue, u)
			}
		}
	}
	if len(sorted) < len(live) {
		panic("a rewrite made the graph circular")
	}
	g.nodes = sorted
	for i, n := range sorted {
		n.id = i
	}
}

// uses lists the users of each node's memory: views are looked through.
func (g *graph) uses() map[*node][]*node {
	uses := map[*node][]*node{}
	for _, n := range g.nodes {
		if isView(n.op) {
			continue
		}
		for _, in := range n.inputs {
			uses[root(in)] = append(uses[root(in)], n)
		}
	}
	return uses
}

// replace makes all users of old use new, which has the same shape.
func (g *graph) replace(old, new *node) {
	swap := func(list []*node) {
		for i, n := range list {
			if n == old {
				list[i] = new
			}
		}
	}
	for _, n := range g.nodes {
		if n != new {
			swap(n.inputs)
		}
	}
	swap(g.outputs)
}
