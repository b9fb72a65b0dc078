// Package modeltest is what the tests of model's packages share: a backend to
// run on, and the reference's variables and tolerances.
package modeltest

import (
	"math"
	"os"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/retort-ml/retort/internal/refdata"
	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/model/nn"
)

// Backend opens the backend that tests run on: $RETORT_BACKEND, else what the
// machine has.
func Backend(t testing.TB) compute.Backend {
	t.Helper()
	c, err := backend.New(os.Getenv("RETORT_BACKEND"))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("backend: %s", c)
	return c.Backend
}

// Variable is one variable in the reference's JSON files.
type Variable struct {
	Index     int
	Name      string
	TF1Name   string `json:"tf1_name"`
	Shape     []int
	Kind      string
	Trainable bool
	Seed      uint64
	Base      float64
	Scale     float64
	SignSeed  *uint64 `json:"sign_seed"`
	Value     string
}

// Values are the variable's numbers: generated, or stored under key in arrays.
func (v Variable) Values(t testing.TB, arrays map[string]refdata.Array, key string) []float32 {
	t.Helper()
	n := 1
	for _, d := range v.Shape {
		n *= d
	}
	if v.Value == "" {
		return refdata.Gen(v.Seed, v.Base, v.Scale, v.SignSeed, n)
	}
	a, ok := arrays[key]
	if !ok || len(a.Data) != n {
		t.Fatalf("variable %d (%s): no array %q of %d values", v.Index, v.Name, key, n)
	}
	return a.Data
}

// Match checks that our variables are the reference's, in its order.
func Match(t testing.TB, ours []nn.Variable, theirs []Variable) {
	t.Helper()
	if len(ours) != len(theirs) {
		t.Fatalf("%d variables, the reference has %d", len(ours), len(theirs))
	}
	for i, v := range theirs {
		if !slices.Equal(ours[i].Shape, v.Shape) || string(ours[i].Kind) != v.Kind || v.TF1Name != "" && ours[i].Name != v.TF1Name {
			t.Fatalf("variable %d is %s (%s), the reference's is %s%v (%s)", i, ours[i], ours[i].Kind, v.TF1Name, v.Shape, v.Kind)
		}
	}
}

// Tensor makes a tensor of float32 values.
func Tensor(data []float32, shape ...int) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(data, shape...)
}

// Run builds and runs a graph once and returns its outputs' values.
func Run(t testing.TB, b compute.Backend, f func(in []*graph.Node) []*graph.Node, in ...*tensors.Tensor) [][]float32 {
	t.Helper()
	args := make([]any, len(in))
	for i, x := range in {
		args[i] = x
	}
	exec, err := graph.NewExec(b, f)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Call(args...)
	if err != nil {
		t.Fatalf("%+v", err)
	}
	values := make([][]float32, len(out))
	for i, o := range out {
		if values[i], err = tensors.CopyFlatData[float32](o); err != nil {
			t.Fatal(err)
		}
	}
	return values
}

// Norm is the Euclidean norm.
func Norm(x []float32) float64 {
	s := 0.0
	for _, v := range x {
		s += float64(v) * float64(v)
	}
	return math.Sqrt(s)
}

// Dot is the inner product.
func Dot(x, y []float32) float64 {
	s := 0.0
	for i, v := range x {
		s += float64(v) * float64(y[i])
	}
	return s
}

// Sum adds all values.
func Sum(x []float32) float64 {
	s := 0.0
	for _, v := range x {
		s += float64(v)
	}
	return s
}

// MaxAbs is the largest magnitude.
func MaxAbs(x []float32) float64 {
	m := 0.0
	for _, v := range x {
		m = math.Max(m, math.Abs(float64(v)))
	}
	return m
}

// Distance is the norm of the difference.
func Distance(x, y []float32) float64 {
	s := 0.0
	for i, v := range x {
		d := float64(v) - float64(y[i])
		s += d * d
	}
	return math.Sqrt(s)
}

// Near fails where got is further from want than tolerance (absolute), or not
// a number.
func Near(t testing.TB, what string, got, want []float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", what, len(got), len(want))
		return
	}
	size, largest := MaxAbs(want), 0.0
	defer func() { Deviates(t, what, over(largest, size), over(largest, tolerance)) }()
	for i := range got {
		d := math.Abs(float64(got[i]) - float64(want[i]))
		largest = max(largest, d)
		if !(d <= tolerance) {
			t.Errorf("%s: value %d is %v, want %v: %.3g apart, %.3g allowed", what, i, got[i], want[i], d, tolerance)
			return
		}
	}
}

// NearRelative is Near with a tolerance relative to want's largest magnitude.
func NearRelative(t testing.TB, what string, got, want []float32, tolerance float64) {
	t.Helper()
	Near(t, what, got, want, tolerance*MaxAbs(want))
}

// NearNumber compares two numbers, relative to want, plus an absolute part.
func NearNumber(t testing.TB, what string, got, want, relative, absolute float64) {
	t.Helper()
	d, allowed := math.Abs(got-want), relative*math.Abs(want)+absolute
	size := math.Abs(want)
	if relative*size < absolute { // it may be near 0
		size = 0
	}
	Deviates(t, what, over(d, size), over(d, allowed))
	if !(d <= allowed) {
		t.Errorf("%s = %v, want %v: %.3g apart, %.3g allowed", what, got, want, d, allowed)
	}
}

// over is a quotient, -1 where there is nothing to divide by.
func over(d, by float64) float64 {
	if by == 0 {
		return -1
	}
	return d / by
}
