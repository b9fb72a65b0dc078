package contrast

import (
	"math"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/retort-ml/retort/internal/refdata"
	"github.com/retort-ml/retort/model/internal/modeltest"
)

type contrastCase struct {
	Key         string
	N, D        int
	Temperature float64
	HiddenNorm  bool    `json:"hidden_norm"`
	Loss        float64 `json:"loss_reference_in_float64"`
	GradError   float64 `json:"max_abs_err_grad_f32_vs_f64"`
	Accuracy    float64 `json:"contrast_acc"`
	Entropy     float64 `json:"contrast_entropy"`
	Kind        string
}

func TestReferenceNTXent(t *testing.T) {
	dir := refdata.Dir(t, "losses")
	var file struct{ Contrastive []contrastCase }
	refdata.JSON(t, filepath.Join(dir, "losses.json"), &file)
	arrays := refdata.NPZ(t, filepath.Join(dir, "losses.npz"))
	b := modeltest.Backend(t)
	for _, c := range file.Contrastive {
		t.Run(c.Key, func(t *testing.T) {
			hidden := arrays[c.Key+"_hidden"]
			out := modeltest.Run(t, b, func(in []*graph.Node) []*graph.Node {
				loss := NTXent
				if !c.HiddenNorm {
					loss = FromNormalized
				}
				l, m := loss(in[0], c.Temperature)
				return []*graph.Node{l, m.Accuracy, m.Entropy, graph.Gradient(l, in[0])[0], similarities(in[0], c)}
			}, modeltest.Tensor(hidden.Data, hidden.Shape...))
			modeltest.NearNumber(t, "loss", float64(out[0][0]), c.Loss, 2e-6, 1e-7)
			modeltest.NearNumber(t, "accuracy", float64(out[1][0]), c.Accuracy, 1e-6, 0)
			modeltest.NearNumber(t, "entropy", float64(out[2][0]), c.Entropy, 1e-5, 1e-5)
			modeltest.NearRelative(t, "similarities", out[4], arrays[c.Key+"_logits_ab"].Data, 2e-6)
			gradientNear(t, c, out[3], arrays[c.Key+"_grad_f64"].Data)
		})
	}
}

func similarities(z *graph.Node, c contrastCase) *graph.Node {
	if c.HiddenNorm {
		z = Normalize(z)
	}
	a, b := graph.Slice(z, graph.AxisRange(0, c.N)), graph.Slice(z, graph.AxisRange(c.N))
	return graph.DivScalar(graph.DotGeneral(a, []int{1}, nil, b, []int{1}, nil), c.Temperature)
}

// gradientNear compares row by row: a row that is nearly zero has a gradient
// many orders larger than the others.
func gradientNear(t *testing.T, c contrastCase, got, want []float32) {
	all := 0.0
	if c.Kind != "zero_row" {
		all = 3e-6*modeltest.MaxAbs(want) + 3*c.GradError
	}
	for i := 0; i < len(want); i += c.D {
		w := want[i : i+c.D]
		modeltest.Near(t, "gradient", got[i:i+c.D], w, math.Max(all, 3e-6*modeltest.MaxAbs(w)))
	}
}

// TestReferenceReplicas: the loss of a batch that is spread over devices is the
// mean of the devices' own over all similarities; gathered, it is one batch.
func TestReferenceReplicas(t *testing.T) {
	dir := refdata.Dir(t, "losses")
	var file struct {
		Replicas    int
		PerReplica  int `json:"per_replica_N"`
		D           int
		Temperature float64
		Mean        float64 `json:"mean_of_replica_losses"`
	}
	refdata.JSON(t, filepath.Join(dir, "multi_replica.json"), &file)
	arrays := refdata.NPZ(t, filepath.Join(dir, "multi_replica.npz"))
	half := file.PerReplica * file.D
	gather := func(key string) (all []float32) {
		for view := range 2 {
			for r := range file.Replicas {
				all = append(all, arrays[key+strconv.Itoa(r)].Data[view*half:(view+1)*half]...)
			}
		}
		return all
	}
	n := file.Replicas * file.PerReplica
	out := modeltest.Run(t, modeltest.Backend(t), func(in []*graph.Node) []*graph.Node {
		l, _ := NTXent(in[0], file.Temperature)
		return []*graph.Node{l, graph.Gradient(l, in[0])[0]}
	}, modeltest.Tensor(gather("mr_hidden_"), 2*n, file.D))
	modeltest.NearNumber(t, "loss", float64(out[0][0]), file.Mean, 2e-6, 1e-7)
	modeltest.NearRelative(t, "gradient", out[1], gather("mr_grad_"), 1e-5)
}
