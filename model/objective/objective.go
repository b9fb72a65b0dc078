// Package objective holds what networks are trained for. An objective is a
// struct whose exported fields are its settings: Needs says what a step of it is
// made of, Figures what it reports, Loss builds the loss. It goes by the name
// that it is registered under, in configs and in specifications; the training
// loop knows none of them. Those of other modules are written as those here:
//
//	type Invariance struct {
//		Weight float64 `json:"weight"`
//	}
//
//	func init() {
//		objective.Register("invariance", func() objective.Objective { return &Invariance{Weight: 1} })
//	}
//
//	func (*Invariance) Needs() objective.Needs      { return objective.Needs{Views: 2, Projection: true} }
//	func (*Invariance) Figures() []objective.Figure { return nil }
//
//	func (o *Invariance) Loss(x objective.Inputs) objective.Result {
//		a, b := x.View(x.Projection, 0), x.View(x.Projection, 1)
//		return objective.Result{Loss: MulScalar(ReduceAllMean(Square(Sub(a, b))), o.Weight)}
//	}
//
// (This one collapses; examples/barlowtwins has one that does not.)
package objective

import "github.com/gomlx/gomlx/core/graph"

// Objective is what a network is trained for. One with a method Validate() error
// says there what is wrong with its settings.
type Objective interface {
	Needs() Needs
	// Figures describes what Loss reports beside the loss. One named "loss"
	// describes the loss itself.
	Figures() []Figure
	// Loss builds the loss, once for a training. Like all graph code it may panic.
	Loss(x Inputs) Result
}

// Needs is what a step of an objective is made of.
type Needs struct {
	// Views of every image in a step; 0 is 1. A batch of B images has Views*B
	// rows: all first views, then all second ones, …
	Views int
	// Projection keeps the whole projection head and trains it; without it the
	// network ends at the specification's selector.
	Projection bool
	// Classifier trains the supervised head with the loss. Without it the head, if
	// labels are there to watch, is an online probe whose gradient ends at its
	// input.
	Classifier bool
	// HeadOnly trains the supervised head alone. All else is frozen, batch
	// normalisation included.
	HeadOnly bool
	Labels   bool // at least one image of every batch has a label
	Targets  bool // a teacher's logits
	// Momentum, where it is above 0, is the decay of a second network, whose
	// weights follow those of the trained one after every step
	// (Momentum*old + (1-Momentum)*new) and which has no gradient: Inputs.Keys.
	Momentum float64
}

// Stateful is an objective that keeps tensors from step to step. They rest in
// the training's checkpoints.
type Stateful interface {
	Objective
	// State describes them, for a training of certain sizes.
	State(Sizes) []State
}

// Sizes are those of a training: what the shapes of a state depend on.
type Sizes struct {
	Rows       int // of a step: Needs.Views times its images
	Features   int // the encoder's width
	Projection int // the projection head's
	Classes    int
}

// State describes a float32 tensor that begins with zeros.
type State struct {
	Name  string // lower case letters, digits, _
	Shape []int
}

// Unlabelled says whether nothing but images is needed: an encoder can be
// pretrained for such an objective.
func (n Needs) Unlabelled() bool { return !n.Classifier && !n.Labels && !n.Targets }

// Inputs are the nodes that a loss is made of: B images, of which a step has
// Needs.Views each. What an objective does not need is nil.
type Inputs struct {
	Images     int         // B
	Features   *graph.Node // [Views*B, F], the encoder's output
	Projection *graph.Node // [Views*B, D], the projection head's
	Logits     *graph.Node // [Views*B, classes], the supervised head's
	Labels     *graph.Node // [B] int32, -1 unknown; always there
	Targets    *graph.Node // [B, classes], a teacher's logits
	Keys       *graph.Node // [Views*B, D], the projection by the network that follows (Needs.Momentum)

	State map[string]*graph.Node // of a [Stateful] objective, as the step before left it
}

// View is the part of rows [Views*B, …] that belongs to view k: [B, …].
func (x Inputs) View(rows *graph.Node, k int) *graph.Node {
	return graph.Slice(rows, graph.AxisRange(k*x.Images, (k+1)*x.Images))
}

// Result is what a step comes to: the loss, and a scalar for each figure that
// the objective describes, by name.
type Result struct {
	Loss    *graph.Node
	Figures map[string]*graph.Node
	State   map[string]*graph.Node // for the next step; what is left out stays
}

// Figure describes a figure of a step. It is taken before the step's update, over
// the step's batch.
type Figure struct {
	Name  string // in curves, TensorBoard and checkpoints: lower case letters, digits, _
	Title string // for people; empty: the name
	Unit  Unit
}

// Unit is how a figure is shown.
type Unit string

// The units.
const (
	Plain Unit = ""
	Share Unit = "share" // 0 to 1, shown in percent
	Nats  Unit = "nats"
)

// Shown is what people read.
func (f Figure) Shown() string {
	if f.Title != "" {
		return f.Title
	}
	return f.Name
}
