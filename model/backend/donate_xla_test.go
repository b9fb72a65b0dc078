//go:build xla

package backend

import (
	"os"
	"testing"
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// TestDonatedMemoryIsReused: a result lies where the donated input lay, what is
// not donated keeps its values, and a program that was compiled for a donated input
// does not touch one that is kept.
func TestDonatedMemoryIsReused(t *testing.T) {
	if os.Getenv("RETORT_BACKEND") != "xla:cpu" {
		t.Skip("needs XLA's plugin: make xla-test")
	}
	c, err := New("xla:cpu")
	if err != nil {
		t.Fatal(err)
	}
	const n = 1 << 16
	add := graph.MustNewExec(c.Backend, func(x, y *graph.Node) *graph.Node { return graph.Add(x, y) })
	on := func(value float32) *tensors.Tensor {
		flat := make([]float32, n)
		for i := range flat {
			flat[i] = value
		}
		x := tensors.FromFlatDataAndDimensions(flat, n)
		if err := x.MaterializeOnDevice(c.Backend, false, 0); err != nil {
			t.Fatal(err)
		}
		return x
	}
	where := func(x *tensors.Tensor) unsafe.Pointer {
		b, err := x.Buffer(c.Backend, 0)
		if err != nil {
			t.Fatal(err)
		}
		flat, err := b.Data()
		if err != nil {
			t.Fatal(err)
		}
		return unsafe.Pointer(&flat.([]float32)[0])
	}
	holds := func(x *tensors.Tensor, want float32) {
		t.Helper()
		for i, v := range tensors.MustCopyFlatData[float32](x) {
			if v != want {
				t.Fatalf("[%d] = %g, want %g", i, v, want)
			}
		}
	}
	state, kept := on(1), on(2)
	first := where(state)
	for step := range 3 {
		donated, err := graph.DonateTensorBuffer(state, c.Backend, compute.DeviceNum(0))
		if err != nil {
			t.Fatal(err)
		}
		out, err := add.Call(donated, kept)
		if err != nil {
			t.Fatal(err)
		}
		if state = out[0]; where(state) != first {
			t.Errorf("step %d: the result lies elsewhere than the donated input", step)
		}
		holds(kept, 2)
	}
	holds(state, 7)
	out, err := add.Call(state, kept)
	if err != nil {
		t.Fatal(err)
	}
	if where(out[0]) == first {
		t.Error("an input that was not donated was overwritten")
	}
	holds(state, 7)
	holds(out[0], 9)
}
