package optim

import (
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/retort-ml/retort/model/internal/modeltest"
)

// TestAdamW follows PyTorch's torch.optim.AdamW, written out in float64: decayed
// variables first shrink by lr*wd, batch normalisation's do not.
func TestAdamW(t *testing.T) {
	b := modeltest.Backend(t)
	o := Config{Name: AdamW, WeightDecay: 0.05}
	for _, name := range []string{"base_model/conv2d/kernel", "base_model/batch_normalization/gamma", "head_supervised/linear_layer/dense/bias"} {
		exec, err := graph.NewExec(b, func(in []*graph.Node) []*graph.Node {
			w, s := o.Update(name, in[0], in[1], in[4:], in[2], in[3])
			return append([]*graph.Node{w}, s...)
		})
		if err != nil {
			t.Fatal(err)
		}
		w, m, v := []float32{0.5, -1, 2, 1e-3}, make([]float32, 4), make([]float32, 4)
		p, pm, pv := []float64{0.5, -1, 2, float64(float32(1e-3))}, make([]float64, 4), make([]float64, 4)
		for k := range 20 {
			g, lr := make([]float32, 4), 0.01*float64(k+1)
			for i := range g {
				g[i] = float32(math.Sin(float64(3*k+i))) * float32(math.Pow(10, float64(-i)))
			}
			out, err := exec.Call(modeltest.Tensor(w, 4), modeltest.Tensor(g, 4), float32(lr), float32(k), modeltest.Tensor(m, 4), modeltest.Tensor(v, 4))
			if err != nil {
				t.Fatalf("%+v", err)
			}
			w, m, v = flat(t, out[0]), flat(t, out[1]), flat(t, out[2])
			for i := range p {
				x := float64(g[i])
				if name != "base_model/batch_normalization/gamma" {
					p[i] *= 1 - lr*0.05
				}
				pm[i], pv[i] = 0.9*pm[i]+0.1*x, 0.999*pv[i]+0.001*x*x
				root := math.Sqrt(pv[i]) / math.Sqrt(1-math.Pow(0.999, float64(k+1)))
				p[i] -= lr / (1 - math.Pow(0.9, float64(k+1))) * pm[i] / (root + 1e-8)
				if d := math.Abs(p[i] - float64(w[i])); !(d <= 5e-5*math.Max(1, math.Abs(p[i]))) {
					t.Errorf("%s, step %d, value %d: %v; want %v", name, k, i, w[i], p[i])
				}
			}
		}
		if o.InLoss(name) {
			t.Errorf("%s is decayed in the loss, too", name)
		}
	}
}

// TestClipGradients: tf.clip_by_global_norm's results.
func TestClipGradients(t *testing.T) {
	b := modeltest.Backend(t)
	for _, c := range []struct{ norm, scale float64 }{{6.5, 0.5}, {13, 1}, {100, 1}, {1.3, 0.1}} {
		exec, err := graph.NewExec(b, func(in []*graph.Node) []*graph.Node { return ClipGradients(in, c.norm) })
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Call(modeltest.Tensor([]float32{3, 4}, 2), modeltest.Tensor([]float32{12}, 1, 1))
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range append(flat(t, out[0]), flat(t, out[1])...) {
			if want := []float64{3, 4, 12}[i] * c.scale; math.Abs(float64(x)-want) > 1e-5 {
				t.Errorf("norm 13 clipped to %v: value %d is %v, want %v", c.norm, i, x, want)
			}
		}
	}
}
