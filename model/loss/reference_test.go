package loss

import (
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/retort-ml/retort/internal/refdata"
	"github.com/retort-ml/retort/model/internal/modeltest"
)

type lossFile struct {
	Supervised []struct {
		Key, Logits string
		B, K        int
		Smoothing   float64 `json:"label_smoothing"`
		Weights     *string
		Loss        float64
		Accuracy    *float64 `json:"label_acc"`
	}
	Distillation []distillCase
}

type distillCase struct {
	Key   string
	B, K  int
	Tau   float64
	Class []int32 `json:"class_ids"`
	Mix   []struct {
		Alpha float64
		Form  string
		Loss  float64
		Grad  string
	}
	named map[string]any // fields whose names are sentences
}

func (c *distillCase) UnmarshalJSON(data []byte) error {
	type plain distillCase
	if err := json.Unmarshal(data, (*plain)(c)); err != nil {
		return err
	}
	return json.Unmarshal(data, &c.named)
}

func (c distillCase) number(prefix string) float64 {
	for name, v := range c.named {
		if f, ok := v.(float64); ok && strings.HasPrefix(name, prefix) {
			return f
		}
	}
	return math.NaN()
}

func read(t *testing.T) (lossFile, map[string]refdata.Array) {
	dir := refdata.Dir(t, "losses")
	var file lossFile
	refdata.JSON(t, filepath.Join(dir, "losses.json"), &file)
	return file, refdata.NPZ(t, filepath.Join(dir, "losses.npz"))
}

// classes turns one-hot rows into indices; a row without any becomes -1.
func classes(oneHot []float32, k int) []int32 {
	var ids []int32
	for i := 0; i < len(oneHot); i += k {
		id := int32(-1)
		for j, v := range oneHot[i : i+k] {
			if v > 0.5 {
				id = int32(j)
			}
		}
		ids = append(ids, id)
	}
	return ids
}

func TestReferenceCrossEntropy(t *testing.T) {
	file, arrays := read(t)
	b := modeltest.Backend(t)
	ran := 0
	for _, c := range file.Supervised {
		if c.Smoothing != 0 {
			continue // SimCLRv2's recipes have none
		}
		ran++
		t.Run(c.Key, func(t *testing.T) {
			base := c.Logits
			if base == "" {
				base = c.Key + "_logits"
			}
			oneHot := arrays[base[:len(base)-len("logits")]+"labels"].Data
			weights := make([]float32, c.B)
			for i := range weights {
				weights[i] = 1
			}
			if w, ok := arrays[c.Key+"_weights"]; ok {
				weights = w.Data
			}
			out := modeltest.Run(t, b, func(in []*graph.Node) []*graph.Node {
				labels := graph.Const(in[0].Graph(), classes(oneHot, c.K))
				l := Mean(CrossEntropy(in[0], labels), in[1])
				return []*graph.Node{l, Accuracy(in[0], labels), graph.Gradient(l, in[0])[0]}
			}, modeltest.Tensor(arrays[base].Data, c.B, c.K), modeltest.Tensor(weights, c.B))
			modeltest.NearNumber(t, "loss", float64(out[0][0]), c.Loss, 2e-6, 1e-7)
			if c.Accuracy != nil {
				modeltest.NearNumber(t, "accuracy", float64(out[1][0]), *c.Accuracy, 1e-6, 0)
			}
			if g, ok := arrays[c.Key+"_grad"]; ok {
				modeltest.NearRelative(t, "gradient", out[2], g.Data, 6e-6)
			}
		})
	}
	if ran == 0 {
		t.Skip("the reference has no case without label smoothing")
	}
}

func TestReferenceDistillation(t *testing.T) {
	file, arrays := read(t)
	b := modeltest.Backend(t)
	for _, c := range file.Distillation {
		student, teacher := arrays[c.Key+"_student"], arrays[c.Key+"_teacher"]
		check := func(name string, d Distillation, want float64, gradient string) {
			t.Run(c.Key+"/"+name, func(t *testing.T) {
				out := modeltest.Run(t, b, func(in []*graph.Node) []*graph.Node {
					l := d.Loss(in[0], in[1], graph.Const(in[0].Graph(), c.Class))
					return []*graph.Node{l, graph.Gradient(l, in[0])[0]}
				}, modeltest.Tensor(student.Data, c.B, c.K), modeltest.Tensor(teacher.Data, c.B, c.K))
				modeltest.NearNumber(t, "loss", float64(out[0][0]), want, 2e-6, 1e-7)
				if g, ok := arrays[gradient]; ok {
					modeltest.NearRelative(t, "gradient", out[1], g.Data, 6e-6)
				}
			})
		}
		check("paper", Distillation{c.Tau, 1, false}, c.number("paper_eq2"), c.Key+"_grad_paper")
		check("colab", Distillation{c.Tau, 1, true}, c.number("kd_colab_tf2"), c.Key+"_grad_kd")
		for _, m := range c.Mix {
			check("mix_"+m.Form, Distillation{c.Tau, m.Alpha, m.Form == "tau2"}, m.Loss, m.Grad)
		}
	}
}
