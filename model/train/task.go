package train

import (
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/retort-ml/retort/model/nn"
	"github.com/retort-ml/retort/model/objective"
)

// task is a specification with the objective that it names.
type task struct {
	Spec
	objective objective.Objective
	needs     objective.Needs
	// evaluating makes batch normalisation use moving statistics, for tests.
	evaluating bool
}

// resolve makes the objective. Without one a task has no needs.
func (s Spec) resolve() (task, error) {
	o, err := objective.New(s.Objective, objective.Common{Temperature: s.Temperature, Alpha: s.Alpha, ScaleByTauSquared: s.ScaleByTauSquared}, s.ObjectiveSettings)
	if err != nil {
		return task{Spec: s, needs: objective.Needs{Views: 1}}, err
	}
	needs := o.Needs()
	needs.Views = max(1, needs.Views)
	return task{Spec: s, objective: o, needs: needs}, nil
}

// Needs are what the objective needs, if it is known.
func (s Spec) Needs() (objective.Needs, error) {
	t, err := s.resolve()
	return t.needs, err
}

// Figures describes what the objective reports, if it is known.
func (s Spec) Figures() []objective.Figure {
	t, err := s.resolve()
	if err != nil {
		return nil
	}
	return t.objective.Figures()
}

// Watched says whether the supervised head is an online probe: there are classes,
// and the objective does not train on them.
func (s Spec) Watched() bool {
	t, err := s.resolve()
	return err == nil && t.watched()
}

func (t task) watched() bool { return t.Classes > 0 && !t.needs.Classifier }

// rows is the number of images in a step, views counted.
func (t task) rows() int { return t.needs.Views * t.Batch }

// build builds the network as it is trained.
func (t task) build(b *nn.Builder, images nn.Map) outputs {
	if t.needs.HeadOnly || t.evaluating {
		b.Inference()
	}
	b.Freeze(t.Freeze)
	keep := t.Selector
	if t.needs.Projection {
		keep = t.HeadLayers
	}
	return t.network(b, images, keep, !t.needs.Classifier)
}

// trains says whether the optimiser changes a variable.
func (t task) trains(v nn.Variable) bool {
	switch {
	case !v.Trainable():
		return false
	case t.needs.HeadOnly:
		return supervised(v.Name)
	case t.FreezeHead && !t.needs.Projection:
		return !strings.HasPrefix(v.Name, "head_contrastive/")
	}
	return true
}

// changes says whether a step changes a variable: those that are trained, and
// the moving statistics that follow the batches.
func (t task) changes(v nn.Variable) bool {
	return t.trains(v) || !v.Frozen && !v.Trainable() && !t.needs.HeadOnly
}

// inputs are the objective's, of a step's nodes.
func (t task) inputs(o outputs, labels, targets *graph.Node) objective.Inputs {
	x := objective.Inputs{Images: t.Batch, Features: o.features.Node, Labels: labels, Targets: targets}
	if t.needs.Projection {
		x.Projection = o.projection.Node
	}
	if t.needs.Classifier {
		x.Logits = o.logits.Node
	}
	return x
}
