package contrast

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/retort-ml/retort/model/internal/modeltest"
)

// slow is WithMemory in float64, candidate by candidate.
func slow(z, past [][]float64, temperature float64) (loss float64) {
	dot := func(a, b []float64) (s float64) {
		for i := range a {
			s += a[i] * b[i]
		}
		return s
	}
	n := len(z) / 2
	for i := range z {
		partner := (i + n) % (2 * n)
		var sum float64
		for j := range z {
			if j != i {
				sum += math.Exp(dot(z[i], z[j]) / temperature)
			}
		}
		for _, p := range past {
			if dot(p, p) > 0 {
				sum += math.Exp(dot(z[i], p) / temperature)
			}
		}
		loss += (math.Log(sum) - dot(z[i], z[partner])/temperature) / float64(n)
	}
	return loss
}

func rows(r *rand.Rand, n, d, zeros int) (flat []float32, unit [][]float64) {
	for i := range n {
		row, norm := make([]float64, d), 0.0
		for k := range row {
			if i < n-zeros {
				row[k] = float64(float32(r.NormFloat64()))
			}
			norm += row[k] * row[k]
		}
		for k := range row {
			row[k] /= math.Sqrt(max(norm, 1e-12))
			flat = append(flat, float32(row[k]))
		}
		unit = append(unit, row)
	}
	return flat, unit
}

// TestMemory: the loss is that of a slow twin, for memories that are empty, partly
// filled and full; without any it is NT-Xent.
func TestMemory(t *testing.T) {
	b := modeltest.Backend(t)
	r := rand.New(rand.NewPCG(1, 2))
	z, unit := rows(r, 8, 5, 0)
	for _, zeros := range []int{11, 4, 0} {
		past, pastUnit := rows(r, 11, 5, zeros)
		exec, err := graph.NewExec(b, func(z, past *graph.Node) (*graph.Node, *graph.Node) {
			l, _ := WithMemory(z, past, 0.2)
			plain, _ := NTXent(z, 0.2)
			return l, plain
		})
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Call(modeltest.Tensor(z, 8, 5), modeltest.Tensor(past, 11, 5))
		if err != nil {
			t.Fatalf("%+v", err)
		}
		got, want := tensors.ToScalar[float32](out[0]), slow(unit, pastUnit, 0.2)
		if math.Abs(float64(got)-want) > 1e-5*want {
			t.Errorf("%d of 11 not there: %v; want %v", zeros, got, want)
		}
		if plain := tensors.ToScalar[float32](out[1]); (zeros == 11) != (plain == got) {
			t.Errorf("%d of 11 not there: %v with memory, %v without", zeros, got, plain)
		}
	}
}

// TestRemember: new rows come first, normalised; the oldest go.
func TestRemember(t *testing.T) {
	b := modeltest.Backend(t)
	for q, want := range map[int][]float32{5: {1, 0, 0, 1, 9, 9, 8, 8, 7, 7}, 2: {1, 0, 0, 1}, 1: {1, 0}} {
		exec, err := graph.NewExec(b, Remember)
		if err != nil {
			t.Fatal(err)
		}
		past := []float32{9, 9, 8, 8, 7, 7, 6, 6, 5, 5}
		out, err := exec.Call(modeltest.Tensor(past[:2*q], q, 2), modeltest.Tensor([]float32{2, 0, 0, 4}, 2, 2))
		if err != nil {
			t.Fatalf("%+v", err)
		}
		if got, err := tensors.CopyFlatData[float32](out[0]); err != nil || !slices.Equal(got, want) {
			t.Errorf("memory of %d: %v, %v; want %v", q, got, err, want)
		}
	}
}
