package train

import (
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/retort-ml/retort/model/nn"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/optim"
)

// inputs are the nodes of one training step.
type inputs struct {
	weights []*graph.Node // of all variables, in creation order
	slots   []*graph.Node // all that is carried, see carry
	lr      *graph.Node   // float32 scalar
	step    *graph.Node   // float32 scalar
	images  *graph.Node   // [rows, H, W, 3] uint8
	labels  *graph.Node   // [Batch] int32, -1 unknown
	targets *graph.Node   // [Batch, Classes] float32; nil unless the objective needs them
}

// split sorts the inputs of the step's graph.
func (t *Trainer) split(in []*graph.Node) inputs {
	n, m := len(t.vars), len(t.carried)
	x := inputs{weights: in[:n], slots: in[n : n+m]}
	rest := in[n+m:]
	x.lr, x.step, x.images, x.labels = rest[0], rest[1], rest[2], rest[3]
	if t.task.needs.Targets {
		x.targets = rest[4]
	}
	return x
}

// stepGraph is one training step: its outputs are the new values of the
// changed variables, the new slots, and the metrics vector.
func (t *Trainer) stepGraph(in []*graph.Node) []*graph.Node {
	defer traced()
	t.traffic.Compilations++
	return t.stepNodes(t.split(in))
}

func (t *Trainer) stepNodes(x inputs) []*graph.Node {
	values := t.named(x.weights)
	b := nn.Build(values, true, t.options)
	images := nn.Map{Node: nn.Images(x.images), Dims: x.images.Shape().Dimensions[1:]}
	o := t.task.build(b, images)
	_, _, follows, states := parts(t, x.slots)
	in := t.task.inputs(o, x.labels, x.targets)
	in.Keys, in.State = t.keys(values, follows, images), t.objectiveState(states)
	r := t.task.objective.Loss(in)
	total, f := t.losses(o, r, x)
	if decay := t.weightDecay(values); decay != nil {
		total, f[weightDecay] = graph.Add(total, decay), decay
	}
	total.AssertScalar()
	gradients := graph.Gradient(total, t.trainedOf(values)...)
	return append(t.finish(values, x, gradients, b.Updates(), r.State), t.vector(f, total))
}

// named are variables' nodes by name.
func (t *Trainer) named(weights []*graph.Node) map[string]*graph.Node {
	values := map[string]*graph.Node{}
	for i, v := range t.vars {
		values[v.Name] = weights[i]
	}
	return values
}

// trainedOf are the nodes of the trained variables.
func (t *Trainer) trainedOf(values map[string]*graph.Node) []*graph.Node {
	weights := make([]*graph.Node, len(t.trained))
	for k, i := range t.trained {
		weights[k] = values[t.vars[i].Name]
	}
	return weights
}

// finish is the end of a step: the changed variables and all that is carried.
// updated are the moving statistics, state is the objective's.
func (t *Trainer) finish(values map[string]*graph.Node, x inputs, gradients []*graph.Node, updated, state map[string]*graph.Node) (out []*graph.Node) {
	slots := t.optimize(values, x, gradients, updated)
	for _, i := range t.changed {
		out = append(out, updated[t.vars[i].Name])
	}
	return append(append(out, slots...), t.carryOn(x, updated, state)...)
}

// losses is the objective's loss, with that of the probe where there is one, and
// what the step reports of them.
func (t *Trainer) losses(o outputs, r objective.Result, x inputs) (total *graph.Node, f map[string]*graph.Node) {
	f = t.task.figures(r)
	total = r.Loss
	if t.task.watched() {
		labels := x.labels
		if n := t.task.needs.Views; n > 1 {
			labels = graph.Concatenate(slices.Repeat([]*graph.Node{labels}, n), 0)
		}
		f[probeLoss], f[probeAccuracy] = objective.CrossEntropy(o.logits.Node, labels)
		total = graph.Add(total, f[probeLoss])
	}
	return total, f
}

// weightDecay is the part of weight decay that goes through the loss, nil when
// there is none.
func (t *Trainer) weightDecay(values map[string]*graph.Node) (sum *graph.Node) {
	for _, i := range t.trained {
		name := t.vars[i].Name
		if !t.task.Optimizer.InLoss(name) {
			continue
		}
		term := graph.MulScalar(graph.ReduceAllSum(graph.Square(values[name])), t.task.Optimizer.WeightDecay/2)
		if sum == nil {
			sum = term
		} else {
			sum = graph.Add(sum, term)
		}
	}
	return sum
}

// optimize adds the trained variables' new values to updated and returns the
// new slots.
func (t *Trainer) optimize(values map[string]*graph.Node, x inputs, gradients []*graph.Node, updated map[string]*graph.Node) (slots []*graph.Node) {
	weights := t.trainedOf(values)
	gradients = t.clip(gradients)
	n := len(t.slotNames)
	for k, i := range t.trained {
		name := t.vars[i].Name
		w, s := t.task.Optimizer.Update(name, weights[k], gradients[k], x.slots[k*n:(k+1)*n], x.lr, x.step)
		updated[name] = w
		slots = append(slots, s...)
	}
	return slots
}

// clip clips the gradients by their norm. A probe's are no part of it: what it sees
// must not change the network.
func (t *Trainer) clip(gradients []*graph.Node) []*graph.Node {
	if t.task.Optimizer.ClipNorm == 0 {
		return gradients
	}
	var part []*graph.Node
	var at []int
	for k, i := range t.trained {
		if !t.task.watched() || !supervised(t.vars[i].Name) {
			part, at = append(part, gradients[k]), append(at, k)
		}
	}
	for k, g := range optim.ClipGradients(part, t.task.Optimizer.ClipNorm) {
		gradients[at[k]] = g
	}
	return gradients
}
