package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"

	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/objective"
)

// gather is an objective as another module would write it: three views, a
// setting of its own, figures of its own. fault makes it misbehave.
type gather struct {
	Weight float64 `json:"weight"`
	Fault  string  `json:"fault"`
}

func init() { objective.Register("gather", func() objective.Objective { return &gather{Weight: 1} }) }

func (*gather) Needs() objective.Needs { return objective.Needs{Views: 3, Projection: true} }
func (*gather) Figures() []objective.Figure {
	return []objective.Figure{{Name: "loss", Title: "spread"}, {Name: "reach"}, {Name: "nothing"}}
}

func (o *gather) Loss(x objective.Inputs) objective.Result {
	a, b, c := x.View(x.Projection, 0), x.View(x.Projection, 1), x.View(x.Projection, 2)
	l := graph.ReduceAllMean(graph.Add(graph.Square(graph.Sub(a, b)), graph.Square(graph.Sub(b, c))))
	zero := graph.ScalarZero(l.Graph(), l.DType())
	r := objective.Result{Loss: graph.MulScalar(l, o.Weight), Figures: map[string]*graph.Node{
		"reach": graph.ReduceAllMax(graph.Abs(x.Projection)), "nothing": graph.Div(zero, zero)}}
	switch o.Fault {
	case "missing":
		delete(r.Figures, "reach")
	case "unasked":
		r.Figures["extra"] = zero
	case "vector":
		r.Loss = a
	case "shapes":
		r.Loss = graph.Add(a, x.Features)
	case "bug":
		r.Loss = []*graph.Node{l}[len(o.Fault)]
	}
	return r
}

// TestFiguresTravelByName: those of another module's objective come out as it
// names them, and one that is no number is left out.
func TestFiguresTravelByName(t *testing.T) {
	var last Metrics
	for _, weight := range []float64{1, 3} {
		s := tiny("gather")
		s.ObjectiveSettings = fmt.Appendf(nil, `{"weight":%v}`, weight)
		tr := started(t, s)
		for b := range random(s)(0) {
			m, err := tr.TrainStep(b)
			if err != nil {
				t.Fatal(err)
			}
			if _, has := m.Figures["nothing"]; has || len(m.Figures) != 1 || !(m.Figures["reach"] > 0) || !(m.ProbeLoss > 0) {
				t.Errorf("%+v", m)
			}
			if last.Loss > 0 && math.Abs(m.Loss/last.Loss-3) > 1e-5 {
				t.Errorf("three times the weight is a loss of %v, not %v", m.Loss, last.Loss)
			}
			last = m
			break
		}
	}
}

// TestFaultyObjectives: what an objective does wrong is an error that names it,
// or the line; a panic's stack is kept.
func TestFaultyObjectives(t *testing.T) {
	for fault, want := range map[string]string{
		"missing": `objective "gather": it describes the figure "reach", its result has`,
		"unasked": `its result has a figure "extra" that it does not describe`,
		"vector":  `want a scalar of floating point`,
		"shapes":  "objective_test.go:",
		"bug":     "this is a bug at ",
	} {
		s := tiny("gather")
		s.ObjectiveSettings = fmt.Appendf(nil, `{"fault":%q}`, fault)
		err := started(t, s).Fit(context.Background(), random(s), Hooks{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "train: step 0: ") {
			t.Errorf("%s: want %q in: %v", fault, want, err)
			continue
		}
		var p *Panic
		if !errors.As(err, &p) || !strings.Contains(fmt.Sprintf("%+v", p), ".(*gather).Loss(") && fault != "missing" && fault != "unasked" && fault != "vector" {
			t.Errorf("%s: no stack in %+v", fault, p)
		}
		if hasStack := strings.Contains(err.Error(), "goroutine "); hasStack != (fault == "bug") {
			t.Errorf("%s: a stack in the message: %v", fault, hasStack)
		}
	}
}

// TestSpecsOfBefore: specifications from before objectives had names are read
// and written to the same bytes, so that their trainings are resumed and kept.
func TestSpecsOfBefore(t *testing.T) {
	for _, old := range []string{
		`{"arch":{"depth":18,"width":0.25},"image_size":32,"classes":0,"task":"contrast","head_layers":3,"head_dim":128,"selector":0,"temperature":0.2,"optimizer":{"name":"lars","weight_decay":0.0001,"momentum":0.9,"exclude":["batch_normalization","bias","head_supervised"]},"schedule":{"base":0.1,"scaling":"sqrt","warmup_steps":10},"batch":64,"steps":100,"seed":7}`,
		`{"arch":{"depth":50,"width":1,"sk_ratio":0.0625},"image_size":224,"classes":10,"task":"distill","head_layers":0,"head_dim":0,"selector":0,"temperature":0.1,"alpha":0.5,"scale_by_tau_squared":true,"optimizer":{"name":"adam","exclude":null},"schedule":{"base":0.1},"batch":64,"steps":100,"seed":7}`,
		`{"arch":{"depth":18,"width":1},"image_size":32,"classes":10,"task":"linear","head_layers":3,"head_dim":128,"selector":1,"freeze_head":true,"optimizer":{"name":"momentum","exclude":null},"schedule":{"base":0.1},"batch":64,"steps":100,"seed":7}`,
	} {
		var s Spec
		if err := json.Unmarshal([]byte(old), &s); err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(); err != nil {
			t.Error(err)
		}
		if again, err := json.Marshal(s); err != nil || string(again) != old {
			t.Errorf("%v\nread    %s\nwritten %s", err, old, again)
		}
	}
}

// TestObjectivesThatAreNotThere: a network can be applied and started from where
// nobody knows what it was trained for.
func TestObjectivesThatAreNotThere(t *testing.T) {
	s := tiny("gather")
	c, err := started(t, s).Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	c.Spec = json.RawMessage(strings.Replace(string(c.Spec), `"gather"`, `"of-another-module"`, 1))
	p, err := NewPredictor(open(t), c, 2)
	if err != nil {
		t.Fatal(err)
	}
	if logits, features, err := p.Predict(make([]uint8, 3*8*8*3)); err != nil || len(logits) != 9 || len(features) != 3*p.FeatureDim() {
		t.Error(len(logits), len(features), err)
	}
	tr, err := New(open(t), tiny(objective.Supervised))
	if err == nil {
		err = tr.InitFrom(c)
	}
	if err != nil {
		t.Error(err)
	}
	if err := WithoutProbe(&checkpoint.Checkpoint{State: c.State}); err != nil {
		t.Error(err)
	}
	if s.Objective = "of-another-module"; s.Watched() || s.Figures() != nil || s.StepFLOPs() <= 0 {
		t.Error("an objective that is not known has needs")
	}
	if _, err := New(open(t), s); err == nil || !strings.Contains(err.Error(), `objective = "of-another-module" is not registered`) {
		t.Error(err)
	}
}
