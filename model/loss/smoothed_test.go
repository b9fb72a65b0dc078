package loss

import (
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/retort-ml/retort/model/internal/modeltest"
)

// TestSmoothed: the cross entropy with the smoothed target, as PyTorch's and
// TensorFlow's label_smoothing have it; unknown labels count nothing.
func TestSmoothed(t *testing.T) {
	logits := []float32{1, 2, -3, 0.5, 0, 4, 2, 2, 2}
	labels := []int32{1, 0, -1}
	exec, err := graph.NewExec(modeltest.Backend(t), func(l, y *graph.Node) *graph.Node { return Smoothed(l, y, 0.1) })
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Call(modeltest.Tensor(logits, 3, 3), tensors.FromFlatDataAndDimensions(labels, 3))
	if err != nil {
		t.Fatalf("%+v", err)
	}
	got, err := tensors.CopyFlatData[float32](out[0])
	if err != nil {
		t.Fatal(err)
	}
	for i, label := range labels {
		var sum, want float64
		for _, x := range logits[3*i : 3*i+3] {
			sum += math.Exp(float64(x))
		}
		for k, x := range logits[3*i : 3*i+3] {
			q := 0.1 / 3
			if k == int(label) {
				q += 0.9
			}
			want -= q * (float64(x) - math.Log(sum))
		}
		if label < 0 {
			want = 0
		}
		if math.Abs(float64(got[i])-want) > 1e-6 {
			t.Errorf("row %d: %v; want %v", i, got[i], want)
		}
	}
}
