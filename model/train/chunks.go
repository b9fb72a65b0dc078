package train

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/retort-ml/retort/model/nn"
)

// chunked does a step whose batch need not fit ([Spec.Chunk]), as GradCache does
// (Gao et al. 2021, arXiv:2101.06983): the network's outputs for all rows chunk by
// chunk, without what a gradient would need; loss and its gradient by these
// outputs over the whole batch; then chunk by chunk the outputs again, and the
// gradient of the weights by the chain rule; one update. These are graphs of
// their own, since in a single one XLA would see that the first and the third
// compute the same, and keep it.
type chunked struct {
	t                               *Trainer
	outputs, loss, gradient, update *graph.Exec
}

func newChunked(t *Trainer) (*chunked, error) {
	c := &chunked{t: t}
	for _, x := range []struct {
		exec  **graph.Exec
		build func(in []*graph.Node) []*graph.Node
	}{{&c.outputs, c.outputsGraph}, {&c.loss, c.lossGraph}, {&c.gradient, c.gradientGraph}, {&c.update, c.updateGraph}} {
		build := func(in []*graph.Node) []*graph.Node {
			defer traced()
			t.traffic.Compilations++
			return x.build(in)
		}
		var err error
		if *x.exec, err = graph.NewExec(t.backend, build); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *chunked) count() int { return c.t.task.Batch / c.t.task.Chunk }

// statistics are the variables that follow the batches without being trained.
func (c *chunked) statistics() (list []int) {
	for _, i := range c.t.changed {
		if !slices.Contains(c.t.trained, i) {
			list = append(list, i)
		}
	}
	return list
}

// cut is the chunk that begins with image start, an int32 scalar: all its views,
// in the order that a batch has: [Views*B, …] -> [Views*Chunk, …].
func (c *chunked) cut(images, start *graph.Node) nn.Map {
	t, dims := c.t.task, images.Shape().Dimensions[1:]
	images = graph.Reshape(images, append([]int{t.needs.Views, t.Batch}, dims...)...)
	zero := graph.ScalarZero(images.Graph(), dtypes.Int32)
	starts, sizes := slices.Repeat([]*graph.Node{zero}, images.Rank()), slices.Clone(images.Shape().Dimensions)
	starts[1], sizes[1] = start, t.Chunk
	images = graph.Reshape(graph.DynamicSlice(images, starts, sizes), append([]int{t.needs.Views * t.Chunk}, dims...)...)
	return nn.Map{Node: nn.Images(images), Dims: dims}
}

// ends are those outputs that a loss is made of.
func (t task) ends(o outputs) []*graph.Node {
	list := []*graph.Node{o.features.Node}
	if t.needs.Projection {
		list = append(list, o.projection.Node)
	}
	if t.Classes > 0 {
		list = append(list, o.logits.Node)
	}
	return list
}

// fromEnds is the reverse of ends.
func (t task) fromEnds(list []*graph.Node) (o outputs) {
	o.features.Node, list = list[0], list[1:]
	if t.needs.Projection {
		o.projection.Node, list = list[0], list[1:]
	}
	if t.Classes > 0 {
		o.logits.Node = list[0]
	}
	return o
}

// outputsGraph: weights, the network that follows, images, start -> ends of the
// chunk, and its keys where there are some. Moving statistics stay.
func (c *chunked) outputsGraph(in []*graph.Node) []*graph.Node {
	t, n := c.t, len(c.t.vars)
	follows, images := in[n:len(in)-2], c.cut(in[len(in)-2], in[len(in)-1])
	values, options := t.named(in[:n]), t.options
	options.Remat = false // there is no gradient
	out := t.task.ends(t.task.build(nn.Build(values, true, options), images))
	if keys := t.keys(values, follows, images); keys != nil {
		out = append(out, keys)
	}
	return out
}

// lossGraph: the outputs of all chunks, the objective's state, labels, targets ->
// gradients by the ends of all chunks, the next state, zeros for what
// gradientGraph sums up, figures.
func (c *chunked) lossGraph(in []*graph.Node) []*graph.Node {
	t, k := c.t, c.count()
	states := t.task.states()
	x := inputs{labels: in[len(in)-1]}
	if t.task.needs.Targets {
		x.labels, x.targets = in[len(in)-2], in[len(in)-1]
	}
	per := len(t.task.ends(outputs{}))
	all := per
	if len(t.following()) > 0 {
		all++
	}
	whole := make([]*graph.Node, all)
	for e := range whole {
		parts := make([]*graph.Node, k)
		for j := range parts {
			parts[j] = c.views(in[j*all+e], t.task.Chunk)
		}
		rows := graph.Concatenate(parts, 1)
		whole[e] = graph.Reshape(rows, t.task.rows(), rows.Shape().Dim(2))
	}
	o := t.task.fromEnds(whole[:per])
	y := t.task.inputs(o, x.labels, x.targets)
	y.State = t.objectiveState(in[k*all : k*all+len(states)])
	if all > per {
		y.Keys = graph.StopGradient(whole[per])
	}
	r := t.task.objective.Loss(y)
	total, figures := t.losses(o, r, x)
	by := graph.Gradient(total, whole[:per]...)
	var out []*graph.Node
	for j := range k {
		for _, g := range by {
			g = graph.SliceAxis(c.views(g, t.task.Batch), 1, graph.AxisRange(j*t.task.Chunk, (j+1)*t.task.Chunk))
			out = append(out, graph.Reshape(g, t.task.needs.Views*t.task.Chunk, g.Shape().Dim(2)))
		}
	}
	out = append(out, t.nextState(y.State, r.State)...)
	for _, i := range append(slices.Clone(t.trained), c.statistics()...) {
		out = append(out, graph.BroadcastToDims(graph.ScalarZero(total.Graph(), total.DType()), t.vars[i].Shape...))
	}
	return append(out, t.vector(figures, total))
}

// views: [Views*n, D] -> [Views, n, D].
func (c *chunked) views(x *graph.Node, n int) *graph.Node {
	return graph.Reshape(x, c.t.task.needs.Views, n, x.Shape().Dim(1))
}

// gradientGraph: weights, images, start, gradients by the chunk's ends, sums ->
// sums with this chunk's part: gradients of the trained variables, and the mean
// over chunks of the moving statistics that each would make of the old ones.
func (c *chunked) gradientGraph(in []*graph.Node) []*graph.Node {
	t, n := c.t, len(c.t.vars)
	values, images := t.named(in[:n]), c.cut(in[n], in[n+1])
	b := nn.Build(values, true, t.options)
	ends := t.task.ends(t.task.build(b, images))
	by, sums := in[n+2:n+2+len(ends)], in[n+2+len(ends):]
	var product *graph.Node // its gradient is that of the loss, by the chain rule
	for e, end := range ends {
		term := graph.ReduceAllSum(graph.Mul(end, graph.StopGradient(by[e])))
		if product == nil {
			product = term
		} else {
			product = graph.Add(product, term)
		}
	}
	part := graph.Gradient(product, t.trainedOf(values)...)
	for _, i := range c.statistics() {
		part = append(part, graph.DivScalar(b.Updates()[t.vars[i].Name], float64(c.count())))
	}
	for i := range part {
		part[i] = graph.Add(sums[i], part[i])
	}
	return part
}

// updateGraph: weights, what is carried (the objective's part of it is the next
// one already), learning rate, step, sums, figures -> as the step's graph.
func (c *chunked) updateGraph(in []*graph.Node) []*graph.Node {
	t, n, m := c.t, len(c.t.vars), len(c.t.carried)
	x := inputs{weights: in[:n], slots: in[n : n+m], lr: in[n+m], step: in[n+m+1]}
	gradients, figures := in[n+m+2:len(in)-1], in[len(in)-1]
	values, updated := t.named(x.weights), map[string]*graph.Node{}
	for k, i := range c.statistics() {
		updated[t.vars[i].Name] = gradients[len(t.trained)+k]
	}
	gradients = slices.Clone(gradients[:len(t.trained)])
	if decay := t.weightDecay(values); decay != nil {
		for k, g := range graph.Gradient(decay, t.trainedOf(values)...) {
			gradients[k] = graph.Add(gradients[k], g)
		}
		at := slices.Index(t.reported, weightDecay)
		figures = graph.Concatenate([]*graph.Node{graph.Slice(figures, graph.AxisRange(0, at)),
			graph.Reshape(decay, 1), graph.Slice(figures, graph.AxisRange(at+1))}, 0)
	}
	return append(t.finish(values, x, gradients, updated, nil), figures)
}

// step does a step and returns what the step's graph would.
func (c *chunked) step(p prepared, rate float64) ([]*tensors.Tensor, error) {
	t, r := c.t, c.t.replicas[0]
	_, _, follows, states := parts(t, r.slots)
	weights := arguments(r.weights)
	for _, x := range append(slices.Clone(r.weights), r.slots...) {
		t.moved(x)
	}
	var ends []*tensors.Tensor
	for j := range c.count() {
		out, err := c.outputs.Call(slices.Concat(weights, arguments(follows), []any{p.tensors[0], c.start(j)})...)
		if err != nil {
			return nil, fmt.Errorf("outputs of chunk %d: %w", j, err)
		}
		ends = append(ends, out...)
	}
	old, err := t.donated(states)
	if err != nil {
		return nil, err
	}
	out, err := c.loss.Call(slices.Concat(arguments(ends), old, arguments(p.tensors[1:]))...)
	if err != nil {
		return nil, fmt.Errorf("loss: %w", err)
	}
	release(ends)
	n := c.count() * len(t.task.ends(outputs{}))
	by, next, sums, figures := out[:n], out[n:n+len(states)], out[n+len(states):len(out)-1], out[len(out)-1]
	for j := range c.count() {
		mine := by[j*n/c.count() : (j+1)*n/c.count()]
		before, err := t.donated(sums)
		if err != nil {
			return nil, err
		}
		if sums, err = c.gradient.Call(slices.Concat(weights, []any{p.tensors[0], c.start(j)}, arguments(mine), before)...); err != nil {
			return nil, fmt.Errorf("gradient of chunk %d: %w", j, err)
		}
		release(mine)
	}
	carried := append(slices.Clone(r.slots[:len(r.slots)-len(states)]), next...)
	slots, err := t.donated(slices.Concat(carried, sums, []*tensors.Tensor{figures}))
	if err != nil {
		return nil, err
	}
	for _, i := range t.changed {
		one, err := t.donated(r.weights[i : i+1])
		if err != nil {
			return nil, err
		}
		weights[i] = one[0]
	}
	m := len(carried)
	return c.update.Call(slices.Concat(weights, slots[:m], []any{float32(rate), float32(t.step)}, slots[m:])...)
}

// start is where chunk j begins.
func (c *chunked) start(j int) int32 { return int32(j * c.t.task.Chunk) }

// donated gives tensors to an execution.
func (t *Trainer) donated(list []*tensors.Tensor) ([]any, error) {
	all := make([]any, len(list))
	for i, x := range list {
		var err error
		if all[i], err = graph.DonateTensorBuffer(x, t.backend, 0); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func arguments(list []*tensors.Tensor) []any {
	all := make([]any, len(list))
	for i, x := range list {
		all[i] = x
	}
	return all
}

func release(list []*tensors.Tensor) {
	for _, x := range list {
		_ = x.FinalizeAll() // memory only
	}
}
