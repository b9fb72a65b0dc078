package train

import (
	"github.com/gomlx/gomlx/core/graph"
	"github.com/retort-ml/retort/model/contrast"
	"github.com/retort-ml/retort/model/loss"
	"github.com/retort-ml/retort/model/nn"
)

var stopGradient = graph.StopGradient

// inputs are the nodes of one training step.
type inputs struct {
	weights []*graph.Node // of all variables, in creation order
	slots   []*graph.Node // of the trained variables, slot by slot
	lr      *graph.Node   // float32 scalar
	step    *graph.Node   // float32 scalar
	images  *graph.Node   // [rows, H, W, 3] uint8
	labels  *graph.Node   // [Batch] int32, -1 unknown
	targets *graph.Node   // [Batch, Classes] float32; nil unless Distill
}

// figures are what a step reports, in the order of its metrics vector.
type figures struct {
	total, task, decay, probe        *graph.Node
	accuracy, entropy, probeAccuracy *graph.Node
}

func (f figures) vector(g *graph.Graph) *graph.Node {
	nodes := []*graph.Node{f.total, f.task, f.decay, f.probe, f.accuracy, f.entropy, f.probeAccuracy}
	for i, n := range nodes {
		if n == nil {
			n = graph.ScalarZero(g, f.total.DType())
		}
		nodes[i] = graph.Reshape(n, 1)
	}
	return graph.Concatenate(nodes, 0)
}

const numFigures = 7

// split sorts the inputs of the step's graph.
func (t *Trainer) split(in []*graph.Node) inputs {
	n, m := len(t.vars), len(t.trained)*len(t.slotNames)
	x := inputs{weights: in[:n], slots: in[n : n+m]}
	rest := in[n+m:]
	x.lr, x.step, x.images, x.labels = rest[0], rest[1], rest[2], rest[3]
	if t.spec.Task == Distill {
		x.targets = rest[4]
	}
	return x
}

// stepGraph is one training step: its outputs are the new values of the
// changed variables, the new slots, and the metrics vector.
func (t *Trainer) stepGraph(in []*graph.Node) []*graph.Node {
	x := t.split(in)
	values := map[string]*graph.Node{}
	for i, v := range t.vars {
		values[v.Name] = x.weights[i]
	}
	b := nn.Build(values, true, t.options)
	o := t.spec.network(b, nn.Map{Node: nn.Images(x.images), Dims: x.images.Shape().Dimensions[1:]})
	f := t.losses(o, x)
	f.total = f.task
	if f.probe != nil {
		f.total = graph.Add(f.total, f.probe)
	}
	if f.decay = t.weightDecay(values); f.decay != nil {
		f.total = graph.Add(f.total, f.decay)
	}
	f.total.AssertScalar()
	updated := b.Updates()
	slots := t.optimize(values, x, f.total, updated)
	var out []*graph.Node
	for _, i := range t.changed {
		out = append(out, updated[t.vars[i].Name])
	}
	return append(append(out, slots...), f.vector(in[0].Graph()))
}

// losses computes the task's loss and metrics.
func (t *Trainer) losses(o outputs, x inputs) (f figures) {
	s := t.spec
	switch s.Task {
	case Contrast:
		var m contrast.Metrics
		f.task, m = contrast.NTXent(o.projection.Node, s.Temperature)
		f.accuracy, f.entropy = m.Accuracy, m.Entropy
		if s.Classes > 0 {
			both := graph.Concatenate([]*graph.Node{x.labels, x.labels}, 0)
			f.probe, f.probeAccuracy = crossEntropy(o.logits.Node, both)
		}
	case Supervised, Linear:
		f.task, f.accuracy = crossEntropy(o.logits.Node, x.labels)
		f.entropy = loss.Entropy(o.logits.Node)
	case Distill:
		f.task = s.distillation().Loss(o.logits.Node, x.targets, x.labels)
		f.accuracy = loss.Accuracy(o.logits.Node, graph.ArgMax(x.targets, 1, x.labels.DType()))
		f.entropy = loss.Entropy(o.logits.Node)
	}
	return f
}

// crossEntropy is the mean over the labelled rows.
func crossEntropy(logits, labels *graph.Node) (l, accuracy *graph.Node) {
	each := loss.CrossEntropy(logits, labels)
	return loss.Mean(each, loss.Labelled(labels, each.DType())), loss.Accuracy(logits, labels)
}

// weightDecay is the part of weight decay that goes through the loss, nil when
// there is none.
func (t *Trainer) weightDecay(values map[string]*graph.Node) (sum *graph.Node) {
	for _, i := range t.trained {
		name := t.vars[i].Name
		if !t.spec.Optimizer.InLoss(name) {
			continue
		}
		term := graph.MulScalar(graph.ReduceAllSum(graph.Square(values[name])), t.spec.Optimizer.WeightDecay/2)
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
func (t *Trainer) optimize(values map[string]*graph.Node, x inputs, total *graph.Node, updated map[string]*graph.Node) (slots []*graph.Node) {
	weights := make([]*graph.Node, len(t.trained))
	for k, i := range t.trained {
		weights[k] = values[t.vars[i].Name]
	}
	gradients := graph.Gradient(total, weights...)
	n := len(t.slotNames)
	for k, i := range t.trained {
		name := t.vars[i].Name
		w, s := t.spec.Optimizer.Update(name, weights[k], gradients[k], x.slots[k*n:(k+1)*n], x.lr, x.step)
		updated[name] = w
		slots = append(slots, s...)
	}
	return slots
}
