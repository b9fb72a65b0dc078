package train

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/retort-ml/retort/model/objective"
)

// Names of the figures that every training has; those of the objective come
// beside them.
const (
	lossName      = "loss"
	weightDecay   = "weight_decay"
	probeLoss     = "probe_loss"
	probeAccuracy = "probe_accuracy"
)

// reported are the names of what a step reports, in the order of its vector.
func (t task) reported() []string {
	names := []string{lossName, weightDecay, probeLoss, probeAccuracy}
	for _, f := range t.objective.Figures() {
		if f.Name != lossName {
			names = append(names, f.Name)
		}
	}
	return names
}

// figures are the loss and the objective's figures by name. It panics, as graph
// code does, where they are not those that the objective describes.
func (t task) figures(r objective.Result) map[string]*graph.Node {
	if r.Loss == nil || !r.Loss.IsScalar() || !r.Loss.DType().IsFloat() {
		panic(fmt.Errorf("objective %q: its loss is %v; want a scalar of floating point", t.Objective, r.Loss))
	}
	all := map[string]*graph.Node{lossName: r.Loss}
	for _, f := range t.objective.Figures() {
		n := r.Figures[f.Name]
		switch {
		case f.Name == lossName:
			continue
		case n == nil || !n.IsScalar():
			panic(fmt.Errorf("objective %q: it describes the figure %q, its result has %v for it; want a scalar", t.Objective, f.Name, n))
		}
		all[f.Name] = graph.ConvertDType(n, r.Loss.DType())
	}
	for _, name := range slices.Sorted(maps.Keys(r.Figures)) {
		if all[name] == nil || name == lossName {
			panic(fmt.Errorf("objective %q: its result has a figure %q that it does not describe", t.Objective, name))
		}
	}
	return all
}

// vector holds a step's figures in the order of their names; those that it does
// not have are 0.
func (t *Trainer) vector(f map[string]*graph.Node, like *graph.Node) *graph.Node {
	nodes := make([]*graph.Node, len(t.reported))
	for i, name := range t.reported {
		n := f[name]
		if n == nil {
			n = graph.ScalarZero(like.Graph(), like.DType())
		}
		nodes[i] = graph.Reshape(n, 1)
	}
	return graph.Concatenate(nodes, 0)
}

// metrics reads a step's vector.
func (t *Trainer) metrics(vector []float32) Metrics {
	m := Metrics{Step: t.step, Figures: map[string]float64{}}
	for i, name := range t.reported {
		switch v := float64(vector[i]); name {
		case lossName:
			m.Loss = v
		case weightDecay:
			m.WeightDecay = v
		case probeLoss:
			m.ProbeLoss = v
		case probeAccuracy:
			m.ProbeAccuracy = v
		default:
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				m.Figures[name] = v
			}
		}
	}
	return m
}
