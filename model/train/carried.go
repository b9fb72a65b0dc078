package train

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/nn"
	"github.com/retort-ml/retort/model/objective"
)

// carried is a tensor that lives from step to step beside the weights: the
// optimiser's, averages of weights, the network that follows, the objective's
// own. In a checkpoint they are all with the optimiser's.
type carried struct {
	name  string
	shape []int
	from  int // the variable whose first value it begins with; -1: zeros
}

// Ends of names in checkpoints, after the variable's.
const (
	averageSlot   = "ExponentialMovingAverage"
	trainedSlot   = "Trained" // in a finished network, whose weights are the averages
	followsSlot   = "MomentumEncoder"
	objectiveSlot = "objective/"
)

// carry lists what is carried, in the order of the step's inputs: slots of each
// trained variable, averages of the changed ones, the network that follows, the
// objective's state.
func (t *Trainer) carry() (all []carried) {
	for _, i := range t.trained {
		for _, slot := range t.slotNames {
			all = append(all, carried{t.vars[i].Name + "/" + slot, t.vars[i].Shape, -1})
		}
	}
	if t.task.Average > 0 {
		for _, i := range t.changed {
			all = append(all, carried{t.vars[i].Name + "/" + averageSlot, t.vars[i].Shape, i})
		}
	}
	for _, i := range t.following() {
		all = append(all, carried{t.vars[i].Name + "/" + followsSlot, t.vars[i].Shape, i})
	}
	for _, s := range t.task.states() {
		all = append(all, carried{objectiveSlot + s.Name, s.Shape, -1})
	}
	return all
}

// following are the variables of which the network that follows has its own.
func (t *Trainer) following() (list []int) {
	if t.task.needs.Momentum == 0 {
		return nil
	}
	for _, i := range t.trained {
		if !supervised(t.vars[i].Name) {
			list = append(list, i)
		}
	}
	return list
}

// states describes the objective's state.
func (t task) states() []objective.State {
	s, ok := t.objective.(objective.Stateful)
	if !ok {
		return nil
	}
	return s.State(objective.Sizes{Rows: t.rows(), Features: t.Arch.Features(), Projection: t.HeadDim, Classes: t.Classes})
}

// parts of all that is carried, nodes or tensors.
func parts[T any](t *Trainer, all []T) (slots, averages, follows, state []T) {
	n := len(t.trained) * len(t.slotNames)
	slots, all = all[:n], all[n:]
	if t.task.Average > 0 {
		averages, all = all[:len(t.changed)], all[len(t.changed):]
	}
	n = len(t.following())
	return slots, averages, all[:n], all[n:]
}

// keys is the projection by the network that follows, nil where there is none.
// Like the trained one it normalises with the batch's statistics.
func (t *Trainer) keys(values map[string]*graph.Node, follows []*graph.Node, images nn.Map) *graph.Node {
	if len(follows) == 0 {
		return nil
	}
	own := make(map[string]*graph.Node, len(values))
	for name, v := range values {
		own[name] = graph.StopGradient(v)
	}
	for k, i := range t.following() {
		own[t.vars[i].Name] = graph.StopGradient(follows[k])
	}
	options := t.options
	options.Remat = false // there is no gradient
	return graph.StopGradient(t.task.build(nn.Build(own, true, options), images).projection.Node)
}

// average: old*decay + now*(1-decay).
func average(old, now, decay *graph.Node) *graph.Node {
	return graph.Add(graph.Mul(old, decay), graph.Mul(now, graph.OneMinus(decay)))
}

// carryOn is what is carried to the next step beside the optimiser's slots.
func (t *Trainer) carryOn(x inputs, updated, state map[string]*graph.Node) (next []*graph.Node) {
	_, averages, follows, states := parts(t, x.slots)
	for k, i := range t.changed[:len(averages)] {
		next = append(next, average(averages[k], updated[t.vars[i].Name], averageDecay(x.step, t.task.Average)))
	}
	for k, i := range t.following() {
		decay := graph.Scalar(follows[k].Graph(), follows[k].DType(), t.task.needs.Momentum)
		next = append(next, average(follows[k], updated[t.vars[i].Name], decay))
	}
	return append(next, t.nextState(t.objectiveState(states), state)...)
}

// nextState are the objective's tensors for the next step; what it left out stays.
func (t *Trainer) nextState(old, state map[string]*graph.Node) (next []*graph.Node) {
	for _, s := range t.task.states() {
		value := state[s.Name]
		if value == nil {
			value = old[s.Name]
		}
		value.AssertDims(s.Shape...)
		next = append(next, graph.StopGradient(value))
	}
	return next
}

// averageDecay is the decay of averages at a step, from 0: less in the first ones,
// min(decay, (1+step)/(10+step)), as TensorFlow's num_updates has it.
func averageDecay(step *graph.Node, decay float64) *graph.Node {
	return graph.MinScalar(graph.Div(graph.AddScalar(step, 1), graph.AddScalar(step, 10)), decay)
}

// objectiveState are the objective's tensors by name.
func (t *Trainer) objectiveState(states []*graph.Node) map[string]*graph.Node {
	if len(states) == 0 {
		return nil
	}
	m := map[string]*graph.Node{}
	for k, s := range t.task.states() {
		m[s.Name] = states[k]
	}
	return m
}

// Averaged is the network that is to be used of a checkpoint: where weights were
// averaged over steps ([Spec.Average]) the averages are its weights, and what was
// trained is beside them (VARIABLE/Trained). Without averages it is c itself.
func Averaged(c *checkpoint.Checkpoint) *checkpoint.Checkpoint {
	averages := map[string][]float32{}
	for _, x := range c.Optimizer {
		if name, ok := strings.CutSuffix(x.Name, "/"+averageSlot); ok {
			averages[name] = x.Data
		}
	}
	if len(averages) == 0 {
		return c
	}
	out := *c
	out.Weights, out.Optimizer = slices.Clone(c.Weights), nil
	for i, w := range out.Weights {
		if data, ok := averages[w.Name]; ok {
			out.Optimizer = append(out.Optimizer, checkpoint.Tensor{Name: w.Name + "/" + trainedSlot, Shape: w.Shape, Data: w.Data})
			out.Weights[i].Data = data
		}
	}
	return &out
}

// Finished is a checkpoint of a training that has ended: [Averaged], and without
// what only a training that goes on needs.
func Finished(c *checkpoint.Checkpoint) *checkpoint.Checkpoint {
	if a := Averaged(c); a != c {
		return a
	}
	out := *c
	out.Optimizer = nil
	return &out
}

// validateCarried says what is wrong with the options of the training itself.
func (t task) validateCarried() (errs []error) {
	if !(t.Average >= 0 && t.Average < 1) {
		errs = append(errs, fmt.Errorf("average = %v; want 0 (none) or more, below 1 (usual is 0.999)", t.Average))
	}
	if t.needs.Momentum != 0 && (!(t.needs.Momentum > 0 && t.needs.Momentum < 1) || !t.needs.Projection) {
		errs = append(errs, fmt.Errorf("the objective %q needs a network that follows with decay %v; want above 0, below 1, and a projection", t.Objective, t.needs.Momentum))
	}
	return errs
}
