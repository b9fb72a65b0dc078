package train

import (
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
)

// stepsGraph is several training steps: a loop whose state are the changed
// variables, the slots and the figures. Its inputs are those of one step, with
// learning rates [K], the first step, how many steps there are (1 to K), and
// batches [K, …]. The figures are [K, figures]; those of steps that are not
// there are 0.
func (t *Trainer) stepsGraph(in []*graph.Node) []*graph.Node {
	defer traced()
	t.traffic.Compilations++
	n, m := len(t.vars), len(t.carried)
	k := t.compute.steps()
	rates, first, count, batches := in[n+m], in[n+m+1], in[n+m+2], in[n+m+3:]
	// The zeros that the loop begins with are made of inputs: GoMLX keeps one node
	// for each constant of a graph, and XLA's loops cannot use one from outside.
	zero := graph.Sub(first, first)
	state := []*graph.Node{graph.ConvertDType(zero, dtypes.Int32)}
	for _, i := range t.changed {
		state = append(state, in[i])
	}
	state = append(state, in[n:n+m]...)
	state = append(state, graph.BroadcastToDims(zero, k, len(t.reported)))
	// What the loop only reads is part of its state, too: not every backend's
	// loops see what is around them.
	read := append(slices.Clone(batches), rates, first, count)
	var fixed []int
	for i := range t.vars {
		if !slices.Contains(t.changed, i) {
			fixed, read = append(fixed, i), append(read, in[i])
		}
	}
	all := append(slices.Clone(state), read...)
	parameters := func(g *graph.Graph) []*graph.Node {
		p := make([]*graph.Node, len(all))
		for i, x := range all {
			p[i] = graph.Parameter(g, "", x.Shape())
		}
		return p
	}
	condition := graph.NewClosure(zero.Graph(), func(g *graph.Graph) []*graph.Node {
		p := parameters(g)
		return []*graph.Node{graph.LessThan(p[0], p[len(state)+len(batches)+2])}
	})
	body := graph.NewClosure(zero.Graph(), func(g *graph.Graph) []*graph.Node {
		defer traced()
		p := parameters(g)
		return append(t.turn(p[:len(state)], p[len(state):], len(batches), fixed), p[len(state):]...)
	})
	return graph.While(condition, body, all...)[1:len(state)]
}

// turn is one turn of the loop: the state after it.
func (t *Trainer) turn(state, read []*graph.Node, batches int, fixed []int) []*graph.Node {
	i, figures := state[0], state[len(state)-1]
	zero := graph.ScalarZero(i.Graph(), dtypes.Int32)
	at := func(x *graph.Node) *graph.Node { // row i of [K, …]
		starts, sizes := slices.Repeat([]*graph.Node{zero}, x.Rank()), slices.Clone(x.Shape().Dimensions)
		starts[0], sizes[0] = i, 1
		row := graph.DynamicSlice(x, starts, sizes)
		return graph.Reshape(row, sizes[1:]...)
	}
	x := inputs{weights: make([]*graph.Node, len(t.vars)), slots: state[1+len(t.changed) : len(state)-1]}
	for k, v := range t.changed {
		x.weights[v] = state[1+k]
	}
	for k, v := range fixed {
		x.weights[v] = read[batches+3+k]
	}
	x.images, x.labels, x.lr = at(read[0]), at(read[1]), at(read[batches])
	if t.task.needs.Targets {
		x.targets = at(read[2])
	}
	x.step = graph.Add(read[batches+1], graph.ConvertDType(i, dtypes.Float32))
	out := t.stepNodes(x)
	vector := graph.Reshape(out[len(out)-1], 1, len(t.reported))
	next := append([]*graph.Node{graph.AddScalar(i, 1)}, out[:len(out)-1]...)
	return append(next, graph.DynamicUpdateSlice(figures, vector, []*graph.Node{i, zero}))
}
