package optim

import (
	"path/filepath"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/retort-ml/retort/internal/refdata"
	"github.com/retort-ml/retort/model/internal/modeltest"
)

type larsFile struct {
	Steps     int
	Variables []struct {
		Name  string
		Shape []int
	}
	Configs []larsConfig
	Decay   struct {
		Rows []struct {
			Optimizer   string
			WeightDecay float64 `json:"weight_decay"`
			Loss        float64
		}
	} `json:"weight_decay_loss"`
}

type larsConfig struct {
	Tag         string
	Momentum    float64
	Nesterov    bool    `json:"use_nesterov"`
	Classic     bool    `json:"classic_momentum"`
	WeightDecay float64 `json:"weight_decay"`
	Eeta        float64
	Exclude     []string  `json:"exclude_from_weight_decay"`
	Adaptation  []string  `json:"exclude_from_layer_adaptation_arg"`
	Rates       []float64 `json:"lr_per_step"`
	PerVariable map[string]struct {
		Decay bool `json:"weight_decay_applied"`
		Adapt bool `json:"layer_adaptation"`
	} `json:"per_variable"`
	LR    float64
	Keras *struct {
		Name     string
		Momentum float64
		Nesterov bool
		Beta1    float64 `json:"beta_1"`
		Beta2    float64 `json:"beta_2"`
		Epsilon  float64
	} `json:"keras_config"`
}

func (c larsConfig) ours() Config {
	if c.Keras != nil {
		name := map[string]string{"SGD": Momentum, "Adam": Adam}[c.Keras.Name]
		return Config{Name: name, Momentum: c.Keras.Momentum, Nesterov: c.Keras.Nesterov, Beta1: c.Keras.Beta1, Beta2: c.Keras.Beta2, Epsilon: c.Keras.Epsilon}
	}
	exclude := c.Exclude
	if exclude == nil {
		exclude = []string{}
	}
	return Config{Name: LARS, Momentum: c.Momentum, Nesterov: c.Nesterov, Popular: !c.Classic, WeightDecay: c.WeightDecay, Eta: c.Eeta,
		Exclude: exclude, ExcludeFromAdaptation: c.Adaptation}
}

func TestReferenceOptimizers(t *testing.T) {
	dir := refdata.Dir(t, "lars")
	var file larsFile
	refdata.JSON(t, filepath.Join(dir, "lars.json"), &file)
	arrays := refdata.NPZ(t, filepath.Join(dir, "lars.npz"))
	b := modeltest.Backend(t)
	for _, c := range file.Configs {
		t.Run(c.Tag, func(t *testing.T) {
			if err := c.ours().Validate(); err != nil {
				t.Fatal(err)
			}
			for _, v := range file.Variables {
				if want, ok := c.PerVariable[v.Name]; ok {
					if o := c.ours(); o.Adapts(v.Name) != want.Adapt || o.Decays(v.Name) != (want.Decay && c.WeightDecay > 0) {
						t.Errorf("%s: adapts %v, decays %v; want %v", v.Name, o.Adapts(v.Name), o.Decays(v.Name), want)
					}
				}
				follow(t, b, c, file.Steps, v.Name, v.Shape, arrays)
			}
		})
	}
}

// follow takes all steps on one variable.
func follow(t *testing.T, b compute.Backend, c larsConfig, steps int, name string, shape []int, arrays map[string]refdata.Array) {
	o := c.ours()
	w := arrays["init/"+name].Data
	slots := make([][]float32, len(o.Slots()))
	for i := range slots {
		slots[i] = make([]float32, len(w))
	}
	exec, err := graph.NewExec(b, func(in []*graph.Node) []*graph.Node {
		w, s := o.Update(name, in[0], in[1], in[4:], in[2], in[3])
		return append([]*graph.Node{w, graph.Identity(c.ours().trust(name, in[0], larsGradient(o, name, in[0], in[1])))}, s...)
	})
	if err != nil {
		t.Fatal(err)
	}
	for k := range steps {
		lr := c.LR
		if c.Rates != nil {
			lr = c.Rates[k]
		}
		gradient := arrays["grads/"+name].Data[k*len(w) : (k+1)*len(w)]
		args := []any{modeltest.Tensor(w, shape...), modeltest.Tensor(gradient, shape...), float32(lr), float32(k)}
		for _, s := range slots {
			args = append(args, modeltest.Tensor(s, shape...))
		}
		out, err := exec.Call(args...)
		if err != nil {
			t.Fatalf("%+v", err)
		}
		w = flat(t, out[0])
		want := arrays[c.Tag+"/param/"+name].Data[k*len(w) : (k+1)*len(w)]
		modeltest.NearRelative(t, name+": parameter", w, want, 2e-6)
		for i := range slots {
			slots[i] = flat(t, out[2+i])
		}
		if m, ok := arrays[c.Tag+"/momentum/"+name]; ok {
			// Relative to the largest that it has been so far: it is a sum of what it
			// was, and where the terms nearly cancel their rounding remains (XLA, which
			// contracts a product and a sum, is 7e-6 of a scalar's 5.8e-5 off).
			want, sofar := m.Data[k*len(w):(k+1)*len(w)], m.Data[:(k+1)*len(w)]
			modeltest.Near(t, name+": momentum", slots[0], want, 5e-6*modeltest.MaxAbs(sofar))
		}
		if r, ok := arrays[c.Tag+"/trust/"+name]; ok && !o.Popular {
			modeltest.NearRelative(t, name+": trust", flat(t, out[1]), r.Data[k:k+1], 1e-6)
		}
		if t.Failed() {
			t.Fatalf("%s: step %d", name, k)
		}
	}
}

// larsGradient is what the trust ratio of classic momentum is taken of.
func larsGradient(o Config, name string, w, g *graph.Node) *graph.Node {
	if o.Decays(name) {
		return graph.Add(g, graph.MulScalar(w, o.WeightDecay))
	}
	return g
}

func TestReferenceWeightDecayLoss(t *testing.T) {
	dir := refdata.Dir(t, "lars")
	var file larsFile
	refdata.JSON(t, filepath.Join(dir, "lars.json"), &file)
	arrays := refdata.NPZ(t, filepath.Join(dir, "lars.npz"))
	for _, row := range file.Decay.Rows {
		o := Config{Name: row.Optimizer, WeightDecay: row.WeightDecay}
		sum := 0.0
		for _, v := range file.Variables {
			if o.InLoss(v.Name) {
				n := modeltest.Norm(arrays["init/"+v.Name].Data)
				sum += row.WeightDecay / 2 * n * n
			}
		}
		modeltest.NearNumber(t, row.Optimizer, sum, row.Loss, 1e-6, 0)
	}
}

func TestReferenceSchedule(t *testing.T) {
	var file struct {
		Rows []struct {
			Rate    float64 `json:"learning_rate"`
			Scaling string  `json:"learning_rate_scaling"`
			Batch   int     `json:"train_batch_size"`
			Epochs  int     `json:"train_epochs"`
			Warmup  float64 `json:"warmup_epochs"`
			Fixed   int     `json:"train_steps_flag"`
			N       int     `json:"num_examples"`
			WSteps  int     `json:"warmup_steps"`
			Total   int     `json:"total_steps"`
			Steps   []int
			LR      []float64
		}
	}
	refdata.JSON(t, filepath.Join(refdata.Dir(t, "lr_schedule"), "lr_schedule.json"), &file)
	for _, r := range file.Rows {
		warmup, total := WarmupSteps(r.Warmup, r.N, r.Batch), TotalSteps(r.Epochs, r.N, r.Batch)
		if r.Fixed > 0 {
			total = r.Fixed
		}
		if warmup != r.WSteps || total != r.Total {
			t.Errorf("%d warmup and %d total steps; want %d and %d", warmup, total, r.WSteps, r.Total)
		}
		s := Schedule{Base: r.Rate, Scaling: r.Scaling, WarmupSteps: warmup}
		if err := s.Validate(total); err != nil {
			t.Error(err)
		}
		for i, step := range r.Steps {
			modeltest.NearNumber(t, "learning rate", s.At(step, r.Batch, total), r.LR[i], 0, 1e-6*s.Peak(r.Batch))
		}
	}
}
