package objective_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/model/objective"
)

// pull draws two views of an image together.
type pull struct {
	Weight      float64 `json:"weight"`
	Power       int     `json:"power"`
	Note        string  `json:"note"`
	Temperature float64 `json:"temperature"`
	figures     []objective.Figure
}

func (o *pull) Validate() error {
	if !(o.Weight > 0) {
		return errors.New("weight must be above 0")
	}
	return nil
}
func (*pull) Needs() objective.Needs        { return objective.Needs{Views: 2, Projection: true} }
func (o *pull) Figures() []objective.Figure { return o.figures }
func (o *pull) Loss(x objective.Inputs) objective.Result {
	d := graph.Sub(x.View(x.Projection, 0), x.View(x.Projection, 1))
	return objective.Result{Loss: graph.MulScalar(graph.ReduceAllMean(graph.Square(d)), o.Weight)}
}

type figureless struct {
	pull
	Sensible bool
}

func (*figureless) Figures() []objective.Figure { return []objective.Figure{{Name: "probe_loss"}} }

func init() {
	objective.Register("pull", func() objective.Objective { return &pull{Weight: 2, Temperature: 0.3} })
	objective.Register("misnamed", func() objective.Objective { return &figureless{pull: pull{Weight: 1}} })
}

// inputs are random nodes for n images and 5 classes, the rows of a network's
// ends drawn from a graph of their own.
func inputs(g *graph.Graph, n objective.Needs, images int) objective.Inputs {
	rows := max(1, n.Views) * images
	draw := func(seed, rows, columns int) *graph.Node {
		x := make([][]float32, rows)
		for i := range x {
			for j := range columns {
				x[i] = append(x[i], float32(math.Sin(float64(seed+7*i+3*j*j))))
			}
		}
		return graph.Const(g, x)
	}
	x := objective.Inputs{Images: images, Features: draw(1, rows, 6), Labels: graph.Const(g, []int32{0, 4, -1, 2}[:images])}
	if n.Projection {
		x.Projection = draw(2, rows, 6)
	}
	if n.Classifier {
		x.Logits = draw(3, rows, 5)
	}
	if n.Targets {
		x.Targets = draw(4, images, 5)
	}
	return x
}

// TestEveryObjective builds each registered objective on the CPU engine from
// nothing but what it says it needs: the loss is finite and has a gradient, and
// its figures are those that it describes, shares within 0 and 1.
func TestEveryObjective(t *testing.T) {
	b, err := backend.New("cpu")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range objective.Names() {
		t.Run(string(name), func(t *testing.T) {
			o, err := objective.New(name, objective.Common{Temperature: 0.5, Alpha: 0.5, ScaleByTauSquared: true}, nil)
			if name == "misnamed" {
				if err == nil || !strings.Contains(err.Error(), `a figure is named "probe_loss"`) {
					t.Error(err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var described []objective.Figure
			for _, f := range o.Figures() {
				if f.Name != "loss" {
					described = append(described, f)
				}
			}
			out, err := graph.CallOnceN(b.Backend, func(g *graph.Graph) []*graph.Node {
				x := inputs(g, o.Needs(), 4)
				r := o.Loss(x)
				end := x.Projection
				if end == nil {
					end = x.Logits
				}
				nodes := []*graph.Node{r.Loss, graph.ReduceAllSum(graph.Abs(graph.Gradient(r.Loss, end)[0]))}
				for _, f := range described {
					nodes = append(nodes, r.Figures[f.Name])
				}
				if len(r.Figures) != len(described) {
					t.Errorf("%d figures, described are %v", len(r.Figures), described)
				}
				return nodes
			})
			if err != nil {
				t.Fatal(err)
			}
			for i, x := range out {
				v := float64(tensors.ToScalar[float32](x))
				if math.IsNaN(v) || math.IsInf(v, 0) || i < 2 && v <= 0 {
					t.Errorf("value %d is %v", i, v)
				}
				if i >= 2 && described[i-2].Unit == objective.Share && (v < 0 || v > 1) {
					t.Errorf("%s = %v; want 0 to 1", described[i-2].Name, v)
				}
			}
		})
	}
}

// TestNamesKeepTheirWords: what was written before objectives had names is read,
// and written as before.
func TestNamesKeepTheirWords(t *testing.T) {
	for name, word := range map[objective.Name]string{objective.NTXent: "contrast", objective.Supervised: "supervised",
		objective.Linear: "linear", objective.Distill: "distill", "pull": "pull"} {
		data, err := json.Marshal(name)
		if err != nil || string(data) != `"`+word+`"` {
			t.Errorf("%s is written %s, %v", name, data, err)
		}
		var back objective.Name
		if err := json.Unmarshal(data, &back); err != nil || back != name {
			t.Errorf("%s is read as %s, %v", data, back, err)
		}
	}
	if got := fmt.Sprint(objective.Unlabelled()); got != "[misnamed ntxent pull]" {
		t.Error(got)
	}
}

func TestSettings(t *testing.T) {
	common := objective.Common{Temperature: 0.5}
	for own, want := range map[string]string{
		``:                              "",
		`{}`:                            "",
		`{"weight":3,"note":"x"}`:       "",
		`{"wieght":3}`:                  `objective "pull": unknown setting "wieght"; did you mean "weight"?`,
		`{"figures":3}`:                 `unknown setting "figures"`,
		`{"weight":"3"}`:                `objective "pull": weight is a string; want a number`,
		`{"power":0.5}`:                 `power is a number 0.5; want a whole number`,
		`{"note":true}`:                 `note is a bool; want text`,
		`{"temperature":1}`:             `temperature is no setting of its own`,
		`[1]`:                           `its settings are [1]; want keys with values`,
		`{"weight":-1}`:                 `weight must be above 0`,
		`{"weight":3,"weight":0,"x":1}`: `unknown setting "x"`,
	} {
		o, err := objective.New("pull", common, json.RawMessage(own))
		if want == "" && (err != nil || o.(*pull).Temperature != 0.5) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", own, err, want)
		}
	}
	for name, want := range map[objective.Name]string{
		"pul":  `objective = "pul" is not registered; did you mean "pull"?`,
		"":     `objective = "" is not registered; known: distill, linear, misnamed, ntxent, pull, supervised`,
		"moco": "is not registered",
	} {
		if _, err := objective.New(name, common, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", name, err, want)
		}
	}
	if _, err := objective.New("pull", objective.Common{Temperature: math.NaN()}, nil); err == nil {
		t.Error("a temperature that is no number went through")
	}
}

// TestChoices: a choice holds all settings of its own section, so that another
// default is another choice.
func TestChoices(t *testing.T) {
	all := `{"note":"","power":2,"weight":2}`
	c, err := objective.Choose("pull", map[string]any{"power": 2})
	if err != nil || string(c.Settings) != all {
		t.Errorf("%s, %v", c.Settings, err)
	}
	of := objective.Of(&pull{Weight: 2, Power: 2, Temperature: 9})
	if of.Name != "pull" || string(of.Settings) != all {
		t.Errorf("%+v", of)
	}
	if c, err := objective.Choose(objective.NTXent, nil); err != nil || c.Settings != nil {
		t.Errorf("ntxent has settings of its own: %s, %v", c.Settings, err)
	}
	if _, err := objective.Choose("pull", map[string]any{"pwer": 2}); err == nil || !strings.Contains(err.Error(), `did you mean "power"?`) {
		t.Error(err)
	}
	for _, c := range []objective.Choice{objective.Of(&pull{Weight: math.NaN()}), objective.Of(&struct{ objective.Objective }{})} {
		if _, err := objective.New(c.Name, objective.Common{}, c.Settings); err == nil {
			t.Errorf("%+v went through", c)
		}
	}
	data, err := json.Marshal(struct {
		O objective.Choice `json:",omitzero"`
	}{})
	if err != nil || string(data) != "{}" {
		t.Errorf("no choice is written as %s, %v", data, err)
	}
}

func TestRegisterRefuses(t *testing.T) {
	good := func() objective.Objective { return &pull{} }
	for name, fresh := range map[string]func() objective.Objective{
		"pull": good, "Pull": good, "": good, "a b": good, "contrast": good, // which stands for ntxent
		"value": func() objective.Objective { return struct{ objective.Objective }{} },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q was registered", name)
				}
			}()
			objective.Register(name, fresh)
		}()
	}
}
