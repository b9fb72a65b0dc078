package resnet

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/retort-ml/retort/internal/refdata"
	"github.com/retort-ml/retort/model/internal/modeltest"
	"github.com/retort-ml/retort/model/nn"
)

// resnetCase is one file of the reference: an encoder with its weights, run in
// evaluation and in training mode.
type resnetCase struct {
	Case, Scheme string
	Config       struct {
		Depth  int     `json:"resnet_depth"`
		Width  float64 `json:"width_multiplier"`
		SK     float64 `json:"sk_ratio"`
		Stem   bool    `json:"cifar_stem"`
		Shape  []int   `json:"input_shape"`
		Global bool    `json:"global_bn"`
	}
	Params    int64  `json:"num_trainable_params"`
	Loss      string // "… R = vgen(seed=50194000, …"
	Modes     map[string]resnetMode
	Variables []modeltest.Variable
	arrays    map[string]refdata.Array
}

type resnetMode struct {
	Training   bool
	Loss       float64 `json:"loss_f64"`
	GlobalNorm float64 `json:"global_grad_norm_f64"`
	Endpoints  map[string]struct{ Shape []int }
	GradInput  struct {
		Norm float64 `json:"norm_f64"`
	} `json:"grad_input"`
	Grads []struct {
		Index int
		Norm  float64 `json:"norm_f64"`
		Sum   float64 `json:"sum_f64"`
		Proj  float64 `json:"proj_f64"`
		Zero  bool    `json:"structurally_zero"`
	}
}

func (c *resnetCase) ours() Config {
	return Config{Depth: c.Config.Depth, Width: c.Config.Width, SKRatio: c.Config.SK}
}

// tolerances of the reference's README, relative to the largest value.
func (c *resnetCase) tolerances(training bool) (features, gradients float64) {
	sk := c.Config.SK > 0
	pick := func(plain, withSK float64) float64 {
		if sk {
			return withSK
		}
		return plain
	}
	switch {
	case training && c.Scheme == "margin":
		return pick(1e-4, 5e-4), pick(5e-4, 1e-2)
	case training:
		return pick(1e-4, 5e-4), 5e-2
	case c.Scheme == "margin":
		return pick(3e-6, 3e-5), pick(1e-5, 1e-3)
	}
	return pick(3e-5, 3e-4), 5e-2
}

func TestReferenceEncoder(t *testing.T) {
	dir := refdata.Dir(t, "resnet")
	files, _ := filepath.Glob(filepath.Join(dir, "*.json"))
	b := modeltest.Backend(t)
	ran := 0
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		var c resnetCase
		refdata.JSON(t, file, &c)
		if len(c.Variables) == 0 {
			continue
		}
		ran++
		for mode, m := range c.Modes {
			t.Run(name+"/"+mode, func(t *testing.T) {
				if testing.Short() && (c.Config.Depth >= 50 || c.Scheme != "margin") {
					t.Skip("long: run without -short")
				}
				if c.arrays == nil {
					c.arrays = refdata.NPZ(t, filepath.Join(dir, name+".npz"))
				}
				c.check(t, b, mode, m)
			})
		}
	}
	if ran == 0 {
		t.Skip("no encoder among the reference vectors")
	}
}

// lossSeed is that of R in loss = sum(features * R).
func (c *resnetCase) lossSeed(t *testing.T) (seed uint64) {
	_, after, ok := strings.Cut(c.Loss, "vgen(seed=")
	if _, err := fmt.Sscan(strings.Split(after, ",")[0], &seed); !ok || err != nil {
		t.Fatalf("the case's loss says no seed: %q", c.Loss)
	}
	return seed
}

// result is what a run of a case gives.
type result struct {
	loss      float64
	features  []float32
	input     []float32         // gradient of the images
	endpoints map[string]nn.Map // shapes
	maps      map[string][]float32
	gradients map[int][]float32
	updates   map[int][]float32
}

var endpointNames = []string{"initial_conv", "initial_max_pool", "block_group1", "block_group2", "block_group3", "block_group4"}

func (e Endpoints) list() []nn.Map {
	return append([]nn.Map{e.InitialConv, e.Stem}, e.Groups[:]...)
}

func (c *resnetCase) run(t *testing.T, b compute.Backend, training bool, vars []nn.Variable) result {
	shape := c.Config.Shape
	in := []*tensors.Tensor{modeltest.Tensor(c.arrays["input"].Data, shape...),
		modeltest.Tensor(refdata.V(c.lossSeed(t), shape[0]*c.ours().Features()), shape[0], c.ours().Features())}
	for i, v := range c.Variables {
		in = append(in, modeltest.Tensor(v.Values(t, c.arrays, fmt.Sprintf("init/%d", i)), v.Shape...))
	}
	r := result{endpoints: map[string]nn.Map{}, maps: map[string][]float32{}, gradients: map[int][]float32{}, updates: map[int][]float32{}}
	var wrt, moving []int
	out := modeltest.Run(t, b, func(in []*graph.Node) []*graph.Node {
		wrt, moving = nil, nil
		values, gradients := map[string]*graph.Node{}, []*graph.Node{in[0]}
		for i, v := range vars {
			values[v.Name] = in[2+i]
			if v.Trainable() {
				wrt, gradients = append(wrt, i), append(gradients, in[2+i])
			}
		}
		nb := nn.Build(values, training, nn.OptionsFor(b))
		h, e := c.ours().EncodeEndpoints(nb, nn.Map{Node: in[0], Dims: shape[1:]})
		loss := graph.ReduceAllSum(graph.Mul(h.Node, in[1]))
		out := []*graph.Node{loss, h.Node}
		for k, m := range e.list() {
			r.endpoints[endpointNames[k]] = m
			out = append(out, m.Node)
		}
		out = append(out, graph.Gradient(loss, gradients...)...)
		for i, v := range vars {
			if u := nb.Updates()[v.Name]; u != nil {
				moving, out = append(moving, i), append(out, u)
			}
		}
		return out
	}, in...)
	r.loss, r.features = float64(out[0][0]), out[1]
	for k, name := range endpointNames {
		r.maps[name] = out[2+k]
	}
	out = out[2+len(endpointNames):]
	r.input, out = out[0], out[1:]
	for k, i := range wrt {
		r.gradients[i] = out[k]
	}
	for k, i := range moving {
		r.updates[i] = out[len(wrt)+k]
	}
	return r
}

func (c *resnetCase) check(t *testing.T, b compute.Backend, mode string, m resnetMode) {
	d := nn.Declare(func(nb *nn.Builder) { c.ours().Encode(nb, nn.Map{Dims: c.Config.Shape[1:]}) })
	modeltest.Match(t, d.Variables, c.Variables)
	if d.Params() != c.Params {
		t.Errorf("%d parameters, want %d", d.Params(), c.Params)
	}
	r := c.run(t, b, m.Training, d.Variables)
	features, gradients := c.tolerances(m.Training)
	want := c.arrays[mode+"/features_f64"].Data
	modeltest.NearRelative(t, "features", r.features, want, features)
	modeltest.NearNumber(t, "loss", r.loss, m.Loss, 0, features*modeltest.MaxAbs(want)*math.Sqrt(float64(len(want))))
	for name := range m.Endpoints {
		c.checkEndpoint(t, mode+"/"+name+"/", r.endpoints[name].Dims, r.maps[name], features)
	}
	if m.Training {
		c.checkMoving(t, r)
	}
	c.checkGradients(t, mode, m, r, d.Variables, gradients)
}

// checkEndpoint compares the stored parts of a feature map [B, H, W, C].
func (c *resnetCase) checkEndpoint(t *testing.T, key string, dims []int, x []float32, tolerance float64) {
	n, h, w, ch := c.Config.Shape[0], dims[0], dims[1], dims[2]
	at := func(b, i, j, k int) float32 { return x[((b*h+i)*w+j)*ch+k] }
	block := func(b0, b1, i0, i1, j0, j1, k0, k1 int) (part []float32) {
		for b := b0; b < b1; b++ {
			for i := i0; i < i1; i++ {
				for j := j0; j < j1; j++ {
					for k := k0; k < k1; k++ {
						part = append(part, at(b, i, j, k))
					}
				}
			}
		}
		return part
	}
	// The stored map is float32 in places: its own error counts, too.
	near := tolerance*modeltest.MaxAbs(x) + 2e-6*modeltest.MaxAbs(x)
	if a, ok := c.arrays[key+"slice"]; ok {
		modeltest.Near(t, key+"slice", block(0, min(2, n), 0, min(4, h), 0, min(4, w), 0, min(8, ch)), a.Data, near)
	}
	if a, ok := c.arrays[key+"corner"]; ok {
		modeltest.Near(t, key+"corner", block(n-1, n, max(0, h-2), h, max(0, w-2), w, max(0, ch-8), ch), a.Data, near)
	}
	mean, spatial := make([]float32, ch), make([]float32, h*w)
	for k := range mean {
		s := 0.0
		for p := k; p < len(x); p += ch {
			s += float64(x[p])
		}
		mean[k] = float32(s / float64(n*h*w))
	}
	for p := range spatial {
		spatial[p] = float32(modeltest.Sum(x[p*ch : (p+1)*ch]))
	}
	if a, ok := c.arrays[key+"channel_mean"]; ok {
		modeltest.Near(t, key+"channel_mean", mean, a.Data, near)
	}
	if a, ok := c.arrays[key+"spatial_sum_sample0"]; ok {
		modeltest.Near(t, key+"spatial_sum", spatial, a.Data, near*math.Sqrt(float64(ch)))
	}
}

func (c *resnetCase) checkMoving(t *testing.T, r result) {
	tolerance := 5e-5
	if c.Config.SK > 0 {
		tolerance = 3e-4
	}
	for i, got := range r.updates {
		if want, ok := c.arrays[fmt.Sprintf("train/moving_after/%d", i)]; ok {
			modeltest.NearRelative(t, "moving statistics of "+c.Variables[i].TF1Name, got, want.Data, tolerance)
		}
	}
}

// checkGradients compares each gradient's norm, its inner product with a known
// vector and, where they are stored, its values.
func (c *resnetCase) checkGradients(t *testing.T, mode string, m resnetMode, r result, vars []nn.Variable, tolerance float64) {
	apart := func(what string, got []float32, want []float32, norm float64) {
		d, allowed := modeltest.Distance(got, want), tolerance*norm+1e-6*m.GlobalNorm
		relative := d / norm
		if tolerance*norm < 1e-6*m.GlobalNorm { // it nearly cancels
			relative = -1
		}
		modeltest.Deviates(t, "gradient of "+what, relative, d/allowed)
		if !(d <= allowed) {
			t.Errorf("gradient of %s: %.3g of its norm %.3g apart, %.3g allowed", what, d/norm, norm, tolerance)
		}
	}
	for _, g := range m.Grads {
		got, name := r.gradients[g.Index], vars[g.Index].Name
		allowed := tolerance*g.Norm + 1e-6*m.GlobalNorm
		if g.Zero {
			allowed = 1e-5 * m.GlobalNorm
		}
		if d := math.Abs(modeltest.Norm(got) - g.Norm); !(d <= allowed) {
			t.Errorf("norm of the gradient of %s is %v, want %v", name, modeltest.Norm(got), g.Norm)
		}
		// The error's direction is random, so a vector of uniform numbers in [-1, 1)
		// sees about 0.6 of its norm.
		proj := modeltest.Dot(got, refdata.V(c.Variables[g.Index].Seed+50000, len(got)))
		if d := math.Abs(proj - g.Proj); !(d <= 3*allowed) {
			t.Errorf("projection of the gradient of %s is %v, want %v", name, proj, g.Proj)
		}
		if a, ok := c.arrays[fmt.Sprintf("%s/grad/%d", mode, g.Index)]; ok && !g.Zero {
			apart(name, got, a.Data, g.Norm)
		}
		if a, ok := c.arrays[fmt.Sprintf("%s/grad_head/%d", mode, g.Index)]; ok && !g.Zero {
			apart(name+" (its head)", got[:len(a.Data)], a.Data, g.Norm)
		}
	}
	if a, ok := c.arrays[mode+"/grad_input_sample0"]; ok {
		apart("the images", r.input[:len(a.Data)], a.Data, m.GradInput.Norm)
	}
}
