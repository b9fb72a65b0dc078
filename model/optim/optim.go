// Package optim holds the optimisers of SimCLRv2, as graph functions over one
// variable at a time: LARS (You et al. 2017, as the reference has it), momentum
// with Nesterov's form, Adam and AdamW; and the learning-rate schedule.
package optim

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
)

// The optimisers.
const (
	LARS     = "lars"
	Momentum = "momentum"
	Adam     = "adam"
	AdamW    = "adamw"
)

// Names are the optimisers there are.
func Names() []string { return []string{LARS, Momentum, Adam, AdamW} }

// DefaultExclude are the names (regular expressions, found anywhere) that LARS
// neither decays nor adapts.
func DefaultExclude() []string { return []string{"batch_normalization", "bias", "head_supervised"} }

// Config names an optimiser. The zero values of Momentum, Eta, Beta1, Beta2 and
// Epsilon are the reference's.
type Config struct {
	Name        string  `json:"name"`
	WeightDecay float64 `json:"weight_decay,omitempty"`
	Momentum    float64 `json:"momentum,omitempty"` // 0.9
	// Nesterov looks ahead. Off by default for LARS as in the reference, on for
	// "momentum": see [SGD].
	Nesterov bool    `json:"nesterov,omitempty"`
	Eta      float64 `json:"eta,omitempty"` // LARS's trust coefficient, 0.001
	// Popular puts the learning rate outside the momentum (LARS only).
	Popular bool `json:"popular,omitempty"`
	// Exclude and ExcludeFromAdaptation are LARS's lists of regular expressions.
	// Nil is [DefaultExclude]; an empty ExcludeFromAdaptation is Exclude.
	Exclude               []string `json:"exclude"`
	ExcludeFromAdaptation []string `json:"exclude_from_adaptation,omitempty"`
	Beta1                 float64  `json:"beta1,omitempty"` // Adam, 0.9
	Beta2                 float64  `json:"beta2,omitempty"` // Adam, 0.999
	// Epsilon of Adam, 1e-7 as in Keras; of AdamW 1e-8, as in PyTorch.
	Epsilon float64 `json:"epsilon,omitempty"`
	// ClipNorm scales all gradients down to this norm where theirs, taken over all
	// of them together, is larger ([ClipGradients]); 0 leaves them.
	ClipNorm float64 `json:"clip_norm,omitempty"`
}

// NewLARS is the optimiser of pretraining, fine-tuning and distillation.
func NewLARS(weightDecay float64) Config { return Config{Name: LARS, WeightDecay: weightDecay} }

// SGD is momentum 0.9 in Nesterov's form: that of linear evaluation and the
// supervised baseline.
func SGD(weightDecay float64) Config {
	return Config{Name: Momentum, WeightDecay: weightDecay, Nesterov: true}
}

// Validate says what is wrong with a configuration.
func (c Config) Validate() error {
	if !slices.Contains(Names(), c.Name) {
		return fmt.Errorf("optimizer: name = %q; want one of %s", c.Name, strings.Join(Names(), ", "))
	}
	for _, f := range []struct {
		name  string
		value float64
		below float64
	}{{"weight_decay", c.WeightDecay, 1e3}, {"momentum", c.Momentum, 1}, {"eta", c.Eta, 1e3},
		{"beta1", c.Beta1, 1}, {"beta2", c.Beta2, 1}, {"epsilon", c.Epsilon, 1e3}, {"clip_norm", c.ClipNorm, 1e9}} {
		if !(f.value >= 0) || f.value >= f.below {
			return fmt.Errorf("optimizer: %s = %v; want 0 or more, below %v", f.name, f.value, f.below)
		}
	}
	for _, list := range [][]string{c.Exclude, c.ExcludeFromAdaptation} {
		for _, pattern := range list {
			if _, err := regexp.Compile(pattern); err != nil {
				return fmt.Errorf("optimizer: exclude %q is no regular expression: %w", pattern, err)
			}
		}
	}
	return nil
}

func or(value, otherwise float64) float64 {
	if value == 0 {
		return otherwise
	}
	return value
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return regexp.MustCompile(p).MatchString(name) })
}

// Decays says whether the optimiser itself decays the variable: LARS adds weight
// decay to the gradient of what is not excluded, AdamW takes it off every variable
// but batch normalisation's.
func (c Config) Decays(name string) bool {
	if c.Name == AdamW {
		return c.WeightDecay > 0 && !strings.Contains(name, "batch_normalization")
	}
	return c.Name == LARS && c.WeightDecay > 0 && !matches(c.exclude(), name)
}

// Adapts says whether LARS scales the variable's learning rate by the trust
// ratio (it does so without weight decay, too).
func (c Config) Adapts(name string) bool {
	list := c.ExcludeFromAdaptation
	if len(list) == 0 {
		list = c.exclude()
	}
	return c.Name == LARS && !matches(list, name)
}

func (c Config) exclude() []string {
	if c.Exclude == nil {
		return DefaultExclude()
	}
	return c.Exclude
}

// InLoss says whether weight decay takes the variable in through the loss, as
// WeightDecay/2 times its squared norm: with LARS the supervised head's kernel
// only, with momentum and Adam every trainable variable but batch
// normalisation's, with AdamW none.
func (c Config) InLoss(name string) bool {
	if c.WeightDecay == 0 || c.Name == AdamW {
		return false
	}
	if c.Name == LARS {
		return strings.Contains(name, "head_supervised") && !strings.Contains(name, "bias")
	}
	return !strings.Contains(name, "batch_normalization")
}

// Slots are the names of the state that each variable has: they follow the
// variable's name in a checkpoint ("base_model/conv2d/kernel/Momentum").
func (c Config) Slots() []string {
	if c.Name == Adam || c.Name == AdamW {
		return []string{"Adam", "Adam_1"}
	}
	return []string{"Momentum"}
}

// Update takes one step on a variable: w and gradient of one shape, slots as
// [Config.Slots] (zeros at first), lr a scalar, step a float32 scalar counting
// from 0. It returns the new w and slots.
func (c Config) Update(name string, w, gradient *Node, slots []*Node, lr, step *Node) (*Node, []*Node) {
	switch c.Name {
	case LARS:
		w, v := c.lars(name, w, gradient, slots[0], lr)
		return w, []*Node{v}
	case Momentum:
		w, v := c.sgd(w, gradient, slots[0], lr)
		return w, []*Node{v}
	case Adam:
		return c.adam(w, gradient, slots, lr, step)
	case AdamW:
		return c.adamW(name, w, gradient, slots, lr, step)
	}
	panic(fmt.Errorf("optimizer %q is not known", c.Name))
}

func (c Config) lars(name string, w, g, v, lr *Node) (*Node, *Node) {
	momentum := or(c.Momentum, 0.9)
	if c.Decays(name) {
		g = Add(g, MulScalar(w, c.WeightDecay))
	}
	if c.Popular {
		v = Add(MulScalar(v, momentum), g)
		update := v
		if c.Nesterov {
			update = Add(MulScalar(v, momentum), g)
		}
		return Sub(w, Mul(Mul(c.trust(name, w, update), lr), update)), v
	}
	scaled := Mul(Mul(c.trust(name, w, g), lr), g)
	v = Add(MulScalar(v, momentum), scaled)
	update := v
	if c.Nesterov {
		update = Add(MulScalar(v, momentum), scaled)
	}
	return Sub(w, update), v
}

// trust is eta |w| / |g|, or 1 where either norm is 0: a scalar.
func (c Config) trust(name string, w, g *Node) *Node {
	one := ScalarOne(w.Graph(), w.DType())
	if !c.Adapts(name) {
		return one
	}
	wNorm, gNorm := Sqrt(ReduceAllSum(Square(w))), Sqrt(ReduceAllSum(Square(g)))
	ratio := Div(MulScalar(wNorm, or(c.Eta, 0.001)), Where(IsPositive(gNorm), gNorm, one))
	return Where(LogicalAnd(IsPositive(wNorm), IsPositive(gNorm)), ratio, one)
}

func (c Config) sgd(w, g, v, lr *Node) (*Node, *Node) {
	momentum, step := or(c.Momentum, 0.9), Mul(g, lr)
	v = Sub(MulScalar(v, momentum), step)
	if c.Nesterov {
		return Add(w, Sub(MulScalar(v, momentum), step)), v
	}
	return Add(w, v), v
}

func (c Config) adam(w, g *Node, slots []*Node, lr, step *Node) (*Node, []*Node) {
	beta1, beta2 := or(c.Beta1, 0.9), or(c.Beta2, 0.999)
	m := Add(slots[0], MulScalar(Sub(g, slots[0]), 1-beta1))
	v := Add(slots[1], MulScalar(Sub(Square(g), slots[1]), 1-beta2))
	t := AddScalar(step, 1)
	correction := func(beta float64) *Node {
		return OneMinus(Pow(Scalar(w.Graph(), w.DType(), beta), t))
	}
	alpha := Div(Mul(lr, Sqrt(correction(beta2))), correction(beta1))
	return Sub(w, Div(Mul(m, alpha), AddScalar(Sqrt(v), or(c.Epsilon, 1e-7)))), []*Node{m, v}
}
