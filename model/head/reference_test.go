package head

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/retort-ml/retort/internal/refdata"
	"github.com/retort-ml/retort/model/internal/modeltest"
	"github.com/retort-ml/retort/model/nn"
)

type headCase struct {
	Case      string
	Batch     int
	In        int `json:"in_dim"`
	Layers    int `json:"num_proj_layers"`
	Out       int `json:"proj_out_dim"`
	Classes   int `json:"num_classes"`
	Selector  int `json:"ft_proj_selector"`
	Variables []modeltest.Variable
	Modes     map[string]struct {
		Loss  float64 `json:"loss_f64"`
		Grads []struct {
			Index int
			Norm  float64 `json:"norm_f64"`
			Proj  float64 `json:"proj_f64"`
		}
	}
}

func TestReferenceProjectionHead(t *testing.T) {
	dir := refdata.Dir(t, "projection_head")
	var file struct{ Cases []headCase }
	refdata.JSON(t, filepath.Join(dir, "projection_head.json"), &file)
	arrays := refdata.NPZ(t, filepath.Join(dir, "projection_head.npz"))
	b := modeltest.Backend(t)
	for _, c := range file.Cases {
		for mode := range c.Modes {
			t.Run(c.Case+"/"+mode, func(t *testing.T) { runHead(t, b, c, mode, arrays) })
		}
	}
}

// runHead: the loss is sum(projection * R1) + sum(logits on level 1 * R2), with
// the generator's R1 and R2.
func runHead(t *testing.T, b compute.Backend, c headCase, mode string, arrays map[string]refdata.Array) {
	p := Projection{Layers: c.Layers, Dim: c.Out}
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	network := func(b *nn.Builder, x nn.Map) (levels []nn.Map, logits nn.Map) {
		levels = p.Project(b, x, c.Layers)
		return levels, Supervised(b, levels[1], c.Classes, false)
	}
	vars := nn.Declare(func(b *nn.Builder) { network(b, nn.Map{Dims: []int{c.In}}) }).Variables
	modeltest.Match(t, vars, c.Variables)
	in := []*tensors.Tensor{modeltest.Tensor(arrays[c.Case+"/input"].Data, c.Batch, c.In)}
	for i, v := range c.Variables {
		in = append(in, modeltest.Tensor(v.Values(t, arrays, fmt.Sprintf("%s/init/%d", c.Case, i)), v.Shape...))
	}
	seed := c.Variables[0].Seed + 900
	r1 := modeltest.Tensor(refdata.V(seed+1, c.Batch*c.Out), c.Batch, c.Out)
	r2 := modeltest.Tensor(refdata.V(seed+2, c.Batch*c.Classes), c.Batch, c.Classes)
	var wrt, moving []int
	out := modeltest.Run(t, b, func(in []*graph.Node) (out []*graph.Node) {
		wrt, moving = nil, nil
		n := len(vars)
		x, weights, r1, r2 := in[0], in[1:1+n], in[1+n], in[2+n]
		values, gradients := map[string]*graph.Node{}, []*graph.Node{x}
		for i, v := range vars {
			values[v.Name] = weights[i]
			if v.Trainable() {
				gradients, wrt = append(gradients, weights[i]), append(wrt, i)
			}
		}
		nb := nn.Build(values, mode == "train", nn.OptionsFor(b))
		levels, logits := network(nb, nn.Map{Node: x, Dims: []int{c.In}})
		loss := graph.Add(graph.ReduceAllSum(graph.Mul(levels[c.Layers].Node, r1)), graph.ReduceAllSum(graph.Mul(logits.Node, r2)))
		out = append(out, loss, logits.Node)
		for _, l := range levels[1:] {
			out = append(out, l.Node)
		}
		out = append(out, graph.Gradient(loss, gradients...)...)
		for i, v := range vars {
			if u := nb.Updates()[v.Name]; u != nil {
				out, moving = append(out, u), append(moving, i)
			}
		}
		return out
	}, append(in, r1, r2)...)
	key := c.Case + "/" + mode + "/"
	modeltest.NearNumber(t, "loss", float64(out[0][0]), c.Modes[mode].Loss, 1e-5, 1e-4)
	modeltest.Near(t, "logits", out[1], arrays[key+"sup_logits"].Data, 1e-5*modeltest.MaxAbs(out[1])+1e-5)
	for k := 1; k <= c.Layers; k++ {
		modeltest.Near(t, fmt.Sprintf("h%d", k), out[1+k], arrays[fmt.Sprintf("%sh%d_f64", key, k)].Data, 1e-5)
	}
	grads := out[2+c.Layers:]
	modeltest.NearRelative(t, "input gradient", grads[0], arrays[key+"grad_input"].Data, 2e-5)
	for k, i := range wrt {
		if want, ok := arrays[fmt.Sprintf("%sgrad/%d", key, i)]; ok {
			d, n := modeltest.Distance(grads[1+k], want.Data), modeltest.Norm(want.Data)
			modeltest.Deviates(t, "gradient of "+vars[i].Name, d/n, d/(1e-5*n))
			if d > 1e-5*n {
				t.Errorf("gradient of %s: %.3g of its norm apart", vars[i], d/n)
			}
		}
	}
	for k, i := range moving {
		if want, ok := arrays[fmt.Sprintf("%smoving_after/%d", key, i)]; ok {
			modeltest.NearRelative(t, vars[i].Name, grads[1+len(wrt)+k], want.Data, 1e-5)
		}
	}
}
