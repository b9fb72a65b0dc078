package tfcheckpoint

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/checkpoint/tensorbundle/bundletest"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/model/train"
)

// TestArchitecturesAreRecognised: every depth and the widths of the paper, with
// both stems.
func TestArchitecturesAreRecognised(t *testing.T) {
	for _, depth := range resnet.Depths() {
		for _, width := range []float64{0.0625, 1, 2, 3} {
			for _, ratio := range []float64{0, 0.0625, 0.25} {
				if ratio > 0 && depth < 50 {
					continue // the reference cannot build these
				}
				for _, size := range []int{32, 224} {
					want := resnet.Config{Depth: depth, Width: width, SKRatio: ratio}
					shapes := map[string][]int{}
					for _, v := range want.Declaration(size).Variables {
						shapes[v.Name] = v.Shape
					}
					got, stem, err := recognise(shapes)
					if ratio == 0.25 && width < 1 { // squeezed to the least there is, as with 0.0625
						want.SKRatio = 0.0625
					}
					if err != nil || got != want || stem != size {
						t.Errorf("%s at %d pixels is taken for %+v at %d: %v", want, size, got, stem, err)
					}
				}
			}
		}
	}
}

func TestOtherNetworksAreRefused(t *testing.T) {
	shapes := map[string][]int{}
	for _, v := range (resnet.Config{Depth: 50, Width: 1}).Declaration(224).Variables {
		shapes[v.Name] = v.Shape
	}
	shapes["base_model/se/dense/kernel"] = []int{1, 1, 256, 16}
	if _, _, err := recognise(shapes); err == nil || !strings.Contains(err.Error(), "nearest to ResNet-50 1x, but base_model/se/dense/kernel[1 1 256 16] is one more") {
		t.Error(err)
	}
	delete(shapes, "base_model/se/dense/kernel")
	delete(shapes, "base_model/batch_normalization_3/beta")
	if _, _, err := recognise(shapes); err == nil || !strings.Contains(err.Error(), "base_model/batch_normalization_3/beta[64] is missing") {
		t.Error(err)
	}
	if _, _, err := recognise(nil); err == nil || !strings.Contains(err.Error(), "no convolutions") {
		t.Error(err)
	}
}

// small is a network with all that a released checkpoint has.
func small() train.Spec {
	return train.Spec{Arch: resnet.Config{Depth: 18, Width: 1. / 64}, ImageSize: 32, Objective: objective.NTXent, Temperature: 0.1,
		HeadLayers: 3, HeadDim: 4, Classes: 5}
}

// drawn are the variables of a specification with values that tell them apart.
func drawn(s train.Spec, seed uint64) map[string]bundletest.Tensor {
	all := map[string]bundletest.Tensor{}
	for _, v := range s.Declaration().Variables {
		v.Init.StdDev, v.Init.Mean = 1, 1
		all[v.Name] = bundletest.Tensor{Shape: v.Shape, Data: v.Draw(seed)}
	}
	return all
}

func write(t *testing.T, tensors map[string]bundletest.Tensor, variables ...bundletest.Variable) string {
	t.Helper()
	prefix := filepath.Join(t.TempDir(), "model.ckpt-7")
	if err := bundletest.Write(prefix, tensors, variables, 7); err != nil {
		t.Fatal(err)
	}
	return prefix
}

func holds(t *testing.T, c *checkpoint.Checkpoint, want map[string]bundletest.Tensor, n int) {
	t.Helper()
	if len(c.Weights) != n {
		t.Errorf("%d weights, want %d", len(c.Weights), n)
	}
	for _, w := range c.Weights {
		if !slices.Equal(w.Data, want[w.Name].Data) || !slices.Equal(w.Shape, want[w.Name].Shape) {
			t.Errorf("%s%v differs", w.Name, w.Shape)
		}
	}
}

func TestTF1(t *testing.T) {
	weights := drawn(small(), 1)
	all := map[string]bundletest.Tensor{}
	for name, w := range weights {
		all[name], all[name+"/Momentum"] = w, bundletest.Tensor{Shape: w.Shape, Data: make([]float32, len(w.Data))}
	}
	path := write(t, all)
	c, told, err := Import(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	holds(t, c, weights, len(weights)-2)
	if told.Outputs != 5 || c.Step != 7 || len(c.Classes) != 0 || told.Spec.Arch != small().Arch || told.Spec.ImageSize != 32 || told.Spec.HeadLayers != 3 || told.Spec.HeadDim != 4 {
		t.Errorf("%+v, step %d", told.Spec, c.Step)
	}
	if len(told.Left) != len(weights)+3 || !slices.Contains(told.Left, "global_step") || !slices.Contains(told.Left, "head_supervised/linear_layer/dense/kernel") {
		t.Errorf("left out: %d, %q", len(told.Left), told.Left[:3])
	}
}

func TestClassifier(t *testing.T) {
	weights := drawn(small(), 1)
	path := write(t, weights)
	for selector, layers := range []int{0, 1, 2} {
		c, told, err := Import(path, Options{Classifier: true, Selector: selector})
		if err != nil {
			t.Fatal(err)
		}
		holds(t, c, weights, len(small().Arch.Declaration(32).Variables)+5*layers+2)
		if !slices.Equal(c.Classes, []string{"0", "1", "2", "3", "4"}) || told.Spec.Selector != selector || told.Spec.Objective != objective.Supervised {
			t.Errorf("classes %q, %+v", c.Classes, told.Spec)
		}
	}
	for _, bad := range []struct {
		options Options
		want    string
	}{
		{Options{Classifier: true, Selector: 3}, "head_supervised/linear_layer/dense/kernel) has shape [8 5], the network wants [4 5]"},
		{Options{Classifier: true, Selector: 4}, "cannot sit on level 4"},
		{Options{Classifier: true, Classes: []string{"a"}}, "5 outputs, 1 classes are named"},
	} {
		if _, _, err := Import(path, bad.options); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%+v: %v", bad.options, err)
		}
	}
	delete(weights, "head_supervised/linear_layer/dense/kernel")
	if _, _, err := Import(write(t, weights), Options{Classifier: true}); err == nil || !strings.Contains(err.Error(), "no supervised head") {
		t.Error(err)
	}
}

// TestMovingAverages: in both forms that there are; moving statistics that have
// none of their own are taken as they are, weights are not.
func TestMovingAverages(t *testing.T) {
	weights, averages := drawn(small(), 1), drawn(small(), 2)
	for form, name := range map[string]func(string) string{
		"a second model": func(n string) string { return "ema_model/" + n },
		"behind each":    func(n string) string { return n + "/ExponentialMovingAverage" },
	} {
		all, want := map[string]bundletest.Tensor{}, map[string]bundletest.Tensor{}
		for n, w := range weights {
			all[n], want[n] = w, w
			if form == "a second model" || !strings.Contains(n, "moving_") {
				all[name(n)], want[n] = averages[n], averages[n]
			}
		}
		path := write(t, all)
		c, _, err := Import(path, Options{EMA: true})
		if err != nil {
			t.Fatal(form, err)
		}
		holds(t, c, want, len(weights)-2)
		if c, _, err = Import(path, Options{}); err != nil {
			t.Fatal(form, err)
		}
		holds(t, c, weights, len(weights)-2)
		delete(all, name("base_model/conv2d_3/kernel"))
		if _, _, err := Import(write(t, all), Options{EMA: true}); err == nil || !strings.Contains(err.Error(), "conv2d_3") && !strings.Contains(err.Error(), "no convolutions") {
			t.Errorf("%s: a missing average: %v", form, err)
		}
	}
	if _, _, err := Import(write(t, weights), Options{EMA: true}); err == nil || !strings.Contains(err.Error(), "it holds no moving averages of weights") {
		t.Errorf("no averages at all: %v", err)
	}
}

// TestTF2 maps names of layers whose numbers begin anywhere.
func TestTF2(t *testing.T) {
	weights := drawn(small(), 1)
	all := map[string]bundletest.Tensor{}
	var variables []bundletest.Variable
	for i, v := range small().Declaration().Variables {
		key := fmt.Sprintf("model/variables/%d/.ATTRIBUTES/VARIABLE_VALUE", i)
		slot := fmt.Sprintf("model/variables/%d/.OPTIMIZER_SLOT/optimizer/Momentum/.ATTRIBUTES/VARIABLE_VALUE", i)
		all[key], all[slot] = weights[v.Name], weights[v.Name]
		variables = append(variables, bundletest.Variable{Name: tf2(v.Name), Key: key}, bundletest.Variable{Name: "LARSOptimizer/" + tf2(v.Name) + "/Momentum", Key: slot})
	}
	path := write(t, all, variables...)
	c, told, err := Import(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	holds(t, c, weights, len(weights)-2)
	if c.Step != 7 || told.Outputs != 5 {
		t.Errorf("step %d, %d outputs", c.Step, told.Outputs)
	}
	if _, _, err := Import(path, Options{EMA: true}); err == nil || !strings.Contains(err.Error(), "--ema") {
		t.Errorf("averages of TF2: %v", err)
	}
}

// tf2 is the name that TF2 gives a variable, in a process that had made 70 layers
// of a kind before.
func tf2(name string) string {
	parts := strings.Split(name, "/")
	kind, last := parts[len(parts)-2], parts[len(parts)-1]
	switch parts[0] {
	case "base_model":
		n := 70
		if i := strings.LastIndexByte(kind, '_'); i >= 0 && kind != "batch_normalization" {
			var k int
			fmt.Sscan(kind[i+1:], &k)
			kind, n = kind[:i], n+k
		}
		if kind == "batch_normalization" {
			kind = "sync_" + kind
		}
		return fmt.Sprintf("resnet/block_group1/residual_block/some_%d/%s_%d/%s", n, kind, n, last)
	case "head_contrastive":
		if kind == "batch_normalization" {
			kind = "batch_norm_relu_91/sync_" + kind
		}
		return fmt.Sprintf("projection_head/%s/%s_91/%s", parts[1], kind, last)
	}
	return "head_supervised/linear_layer/dense_9/" + last
}

func TestWhatIsNoWeightIsRefused(t *testing.T) {
	weights := drawn(small(), 1)
	weights["base_model/conv2d_2/kernel"].Data[3] = float32(math.NaN())
	if _, _, err := Import(write(t, weights), Options{}); err == nil || !strings.Contains(err.Error(), "base_model/conv2d_2/kernel: value 3 is NaN") {
		t.Error(err)
	}
	other := map[string]bundletest.Tensor{"bert/embeddings": {Shape: []int{1}, Data: []float32{1}}}
	if _, _, err := Import(write(t, other), Options{}); err == nil || !strings.Contains(err.Error(), "no checkpoint of SimCLR or SimCLRv2") {
		t.Error(err)
	}
}
