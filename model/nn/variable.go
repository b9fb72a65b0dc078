// Package nn holds the layers that Retort's networks are made of, as functions
// over a Builder: convolution with the reference's padding, batch
// normalisation, dense layers and pooling.
//
// A network is written once, as a function that walks a Builder. Walked without
// a graph ([Declare]) it yields the network's variables, in creation order, and
// its cost; walked over a graph ([Build]) it yields the nodes. Feature maps are
// NHWC, convolution kernels HWIO, dense kernels [in, out].
//
// Graph functions panic on misuse, as GoMLX's do; [model/train] catches that
// once and returns errors.
package nn

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
)

// Kind tells what a variable is to its layer.
type Kind string

// The kinds of variables.
const (
	Kernel         Kind = "kernel"
	Bias           Kind = "bias"
	Gamma          Kind = "gamma"
	Beta           Kind = "beta"
	MovingMean     Kind = "moving_mean"
	MovingVariance Kind = "moving_variance"
)

// Variable is one array of a network: weights or moving statistics.
type Variable struct {
	Name  string // as in the released SimCLRv2 checkpoints: "base_model/conv2d_1/kernel"
	Shape []int
	Kind  Kind
	Init  Init
	// Frozen is set where the variable is in a part that is not trained
	// ([Builder.Freeze]): moving statistics stay, too.
	Frozen bool
}

// Trainable says whether the optimiser changes the variable (moving statistics
// follow the batches instead).
func (v Variable) Trainable() bool {
	return !v.Frozen && v.Kind != MovingMean && v.Kind != MovingVariance
}

// Size is the number of values.
func (v Variable) Size() int {
	n := 1
	for _, d := range v.Shape {
		n *= d
	}
	return n
}

// Init says how a variable starts. The zero value fills it with zeros.
type Init struct {
	Mean   float64
	StdDev float64
	// Truncated redraws what lies beyond two standard deviations.
	Truncated bool
}

// Constant fills with one value.
func Constant(value float64) Init { return Init{Mean: value} }

// Normal draws from a normal distribution about 0.
func Normal(stdDev float64) Init { return Init{StdDev: stdDev} }

// truncatedStdDev is the standard deviation of the unit normal distribution cut
// at two standard deviations.
const truncatedStdDev = 0.87962566103423978

// VarianceScaling draws with variance 1/fanIn from a truncated normal
// distribution (the reference's kernel initialiser: scale 1, fan-in).
func VarianceScaling(fanIn int) Init {
	return Init{StdDev: math.Sqrt(1/math.Max(1, float64(fanIn))) / truncatedStdDev, Truncated: true}
}

// Draw returns the variable's first values. They depend on the seed and the
// variable's name alone, so that a network's variables start the same whatever
// else it has, on every backend.
func (v Variable) Draw(seed uint64) []float32 {
	values := make([]float32, v.Size())
	if v.Init.StdDev == 0 {
		for i := range values {
			values[i] = float32(v.Init.Mean)
		}
		return values
	}
	h := fnv.New64a()
	h.Write([]byte(v.Name))
	r := rand.New(rand.NewPCG(seed, h.Sum64()))
	for i := range values {
		x := r.NormFloat64()
		for v.Init.Truncated && math.Abs(x) > 2 {
			x = r.NormFloat64()
		}
		values[i] = float32(v.Init.Mean + v.Init.StdDev*x)
	}
	return values
}

// String is the name and the shape.
func (v Variable) String() string { return fmt.Sprintf("%s%v", v.Name, v.Shape) }
