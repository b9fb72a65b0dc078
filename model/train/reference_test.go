package train

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/retort-ml/retort/internal/refdata"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/internal/modeltest"
	"github.com/retort-ml/retort/model/nn"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/optim"
	"github.com/retort-ml/retort/model/resnet"
)

type pair struct{ F64 float64 }

type stepVariable struct {
	modeltest.Variable
	Source string
}

type stepFile struct {
	Config struct {
		Batch       int
		Classes     int `json:"num_classes"`
		Temperature float64
		Rate        float64 `json:"learning_rate"`
		Decay       float64 `json:"weight_decay"`
		Momentum    float64
		Dim         int      `json:"proj_out_dim"`
		Layers      int      `json:"num_proj_layers"`
		Selector    int      `json:"ft_proj_selector"`
		Exclude     []string `json:"lars_exclude"`
	}
	Variables []stepVariable
	Steps     []struct {
		Contrast   pair `json:"contrast_loss"`
		Accuracy   pair `json:"contrast_acc"`
		Entropy    pair `json:"contrast_entropy"`
		Supervised pair `json:"supervised_loss"`
		Top1       pair `json:"supervised_acc"`
		Decay      pair `json:"weight_decay"`
		Variables  []struct {
			I        int
			Norm     float64
			Delta    float64 `json:"delta_norm_from_init"`
			Proj     float64 `json:"proj_delta"`
			Momentum float64 `json:"momentum_norm"`
		}
	}
}

// arch is the encoder's: the file names none itself, but its weights are those
// of a file of resnet's reference ("source"), which does.
func (f stepFile) arch(t *testing.T) resnet.Config {
	for _, v := range f.Variables {
		name, _, ok := strings.Cut(v.Source, "[")
		if !ok {
			continue
		}
		var c struct {
			Config struct {
				Depth int     `json:"resnet_depth"`
				Width float64 `json:"width_multiplier"`
				SK    float64 `json:"sk_ratio"`
			}
		}
		refdata.JSON(t, filepath.Join(refdata.Dir(t, filepath.Dir(name)), filepath.Base(name)), &c)
		return resnet.Config{Depth: c.Config.Depth, Width: c.Config.Width, SKRatio: c.Config.SK}
	}
	t.Skip("no variable of the reference set says what network it belongs to")
	return resnet.Config{}
}

// spec is the training that the file describes.
func (f stepFile) spec(size int, arch resnet.Config) Spec {
	c := f.Config
	return Spec{Arch: arch, ImageSize: size, Classes: c.Classes, Objective: objective.NTXent, HeadLayers: c.Layers, HeadDim: c.Dim, Selector: c.Selector,
		Temperature: c.Temperature, Optimizer: optim.Config{Name: optim.LARS, WeightDecay: c.Decay, Momentum: c.Momentum, Exclude: c.Exclude},
		Schedule: optim.Schedule{Base: c.Rate, Scaling: optim.FixedScaling, Constant: true}, Batch: c.Batch, Steps: len(f.Steps)}
}

// TestReferenceTrainStep takes complete pretraining steps: encoder, heads, both
// losses, weight decay, LARS.
func TestReferenceTrainStep(t *testing.T) {
	if testing.Short() {
		t.Skip("long on a slow backend: run without -short")
	}
	dir := refdata.Dir(t, "train_step")
	var file stepFile
	refdata.JSON(t, filepath.Join(dir, "train_step.json"), &file)
	arrays := refdata.NPZ(t, filepath.Join(dir, "train_step.npz"))
	images := arrays["input"]
	tr, err := New(open(t), file.spec(images.Shape[1], file.arch(t)))
	if err != nil {
		t.Fatal(err)
	}
	var theirs []modeltest.Variable
	for _, v := range file.Variables {
		theirs = append(theirs, v.Variable)
	}
	modeltest.Match(t, tr.vars, theirs)
	first := file.weights(t, tr.Spec(), arrays)
	if err := tr.start(func(v nn.Variable) ([]float32, error) { return first[v.Name], nil }); err != nil {
		t.Fatal(err)
	}
	for k, want := range file.Steps {
		steps, err := tr.run(file.batch(arrays))
		if err != nil {
			t.Fatal(err)
		}
		m := steps[0]
		tolerance := 5e-5 * math.Pow(10, math.Min(2, float64(k))/2)
		near := func(what string, got float64, want pair) {
			modeltest.NearNumber(t, fmt.Sprintf("step %d: %s", k, what), got, want.F64, tolerance, 1e-7)
		}
		near("contrastive loss", m.Loss, want.Contrast)
		near("contrastive accuracy", m.Figures["accuracy"], want.Accuracy)
		near("contrastive entropy", m.Figures["entropy"], want.Entropy)
		near("supervised loss", m.ProbeLoss, want.Supervised)
		near("supervised accuracy", m.ProbeAccuracy, want.Top1)
		near("weight decay", m.WeightDecay, want.Decay)
		c, err := tr.Checkpoint()
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range want.Variables {
			w, start := c.Weights[v.I], first[c.Weights[v.I].Name]
			delta := make([]float32, len(start))
			for i := range delta {
				delta[i] = w.Data[i] - start[i]
			}
			allowed := 5e-2*v.Delta + 2e-6*v.Norm
			modeltest.NearNumber(t, fmt.Sprintf("step %d: change of %s", k, w.Name), modeltest.Norm(delta), v.Delta, 0, allowed)
			proj := modeltest.Dot(delta, refdata.V(file.Variables[v.I].Seed+50000, len(delta)))
			modeltest.NearNumber(t, fmt.Sprintf("step %d: projected change of %s", k, w.Name), proj, v.Proj, 0, 3*allowed)
			momentumNear(t, c, w.Name, v.Momentum, allowed)
		}
	}
	c, _ := tr.Checkpoint()
	for i, w := range c.Weights {
		if a, ok := arrays[fmt.Sprintf("final/%d", i)]; ok {
			d, moved := modeltest.Distance(w.Data, a.Data), modeltest.Distance(a.Data, first[w.Name])
			allowed := 5e-2*moved + 2e-6*modeltest.Norm(a.Data)
			modeltest.Deviates(t, "final "+w.Name, -1, d/allowed)
			if !(d <= allowed) {
				t.Errorf("final %s: %.3g apart, having moved %.3g", w.Name, d, moved)
			}
		}
	}
}

func momentumNear(t *testing.T, c *checkpoint.Checkpoint, name string, want, allowed float64) {
	i := slices.IndexFunc(c.Optimizer, func(x checkpoint.Tensor) bool { return x.Name == name+"/Momentum" })
	if i >= 0 && want > 0 {
		modeltest.NearNumber(t, "momentum of "+name, modeltest.Norm(c.Optimizer[i].Data), want, 5e-2, allowed)
	}
}

// weights reads the first values of all variables, by our names. Moving
// statistics without a formula are those of the file that the JSON names.
func (f stepFile) weights(t *testing.T, spec Spec, arrays map[string]refdata.Array) map[string][]float32 {
	others := map[string]map[string]refdata.Array{}
	values := map[string][]float32{}
	for i, v := range spec.Declaration().Variables {
		from := arrays
		if file := source(f.Variables[i]); file != "" {
			if others[file] == nil {
				others[file] = refdata.NPZ(t, filepath.Join(refdata.Dir(t, filepath.Dir(file)), filepath.Base(file)))
			}
			from = others[file]
		}
		values[v.Name] = f.Variables[i].Values(t, from, fmt.Sprintf("init/%d", i))
	}
	return values
}

// source names the .npz that a variable's stored value lies in: the JSON says
// "resnet/r18_cifar_margin.json[3]".
func source(v stepVariable) string {
	name, _, ok := strings.Cut(v.Source, ".json[")
	if !ok || v.Value == "" {
		return ""
	}
	return name + ".npz"
}

// batch sorts the stored images [B, H, W, 6] into first and second views. They
// are floats: augmented, not rounded to bytes.
func (f stepFile) batch(arrays map[string]refdata.Array) prepared {
	x, n := arrays["input"], f.Config.Batch
	size := x.Shape[1] * x.Shape[2]
	images := make([]float32, 2*n*size*3)
	for p := range n * size {
		copy(images[3*p:], x.Data[6*p:6*p+3])
		copy(images[3*(n*size+p):], x.Data[6*p+3:6*p+6])
	}
	var labels []int32
	for i := range n {
		row := arrays["labels"].Data[i*f.Config.Classes : (i+1)*f.Config.Classes]
		labels = append(labels, int32(slices.Index(row, 1)))
	}
	return prepared{n: 1, tensors: []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(images, 2*n, x.Shape[1], x.Shape[2], 3), tensors.FromFlatDataAndDimensions(labels, n)}}
}
