package cpu

import (
	"fmt"
	"math"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	_ "github.com/gomlx/compute/gobackend"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// slow is GoMLX's Go backend, the second opinion.
func slow(t testing.TB) compute.Backend {
	b, err := compute.NewWithConfig("go:ops_sequential")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func fast(t testing.TB) compute.Backend {
	b, err := New("")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// noise is n reproducible values of about unit size.
func noise(n int, seed uint32) []float32 {
	out := make([]float32, n)
	s := seed*2654435761 + 12345
	for i := range out {
		s = s*1664525 + 1013904223
		out[i] = float32(int32(s)) / (1 << 30)
	}
	return out
}

func noiseTensor(seed uint32, dims ...int) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(noise(shapes.Make(dtypes.Float32, dims...).Size(), seed), dims...)
}

// run executes fn on a backend and returns the float32 values of its results.
func run[F ExecGraphFn](t testing.TB, b compute.Backend, fn F, args ...*tensors.Tensor) [][]float32 {
	t.Helper()
	exec := MustNewExec(b, fn)
	defer exec.Finalize()
	in := make([]any, len(args))
	for i, a := range args {
		c, err := a.Clone()
		if err != nil {
			t.Fatal(err)
		}
		in[i] = c
	}
	var out [][]float32
	for _, r := range exec.MustCall(in...) {
		out = append(out, tensors.MustCopyFlatData[float32](r))
	}
	return out
}

// compare runs fn on both backends.
func compare[F ExecGraphFn](t *testing.T, tolerance float64, fn F, args ...*tensors.Tensor) {
	t.Helper()
	want, got := run(t, slow(t), fn, args...), run(t, fast(t), fn, args...)
	for i := range want {
		if err := near(got[i], want[i], tolerance); err != nil {
			t.Errorf("result %d: %v", i, err)
		}
	}
}

// near compares relative to the largest value.
func near(got, want []float32, tolerance float64) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d values, want %d", len(got), len(want))
	}
	scale := 1e-3
	for _, w := range want {
		if a := math.Abs(float64(w)); a > scale && !math.IsInf(a, 0) {
			scale = a
		}
	}
	for i, w := range want {
		g := got[i]
		same := g == w || g != g && w != w
		if !same && !(math.Abs(float64(g)-float64(w)) <= tolerance*scale) {
			return fmt.Errorf("value %d is %v, want %v (scale %.3g)", i, g, w, scale)
		}
	}
	return nil
}
