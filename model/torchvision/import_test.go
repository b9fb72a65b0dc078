package torchvision

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/export"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/model/train"
)

// written is a drawn network's checkpoint, and the path of its export.
func written(t *testing.T, depth, size int, change func(map[string]string, *[]checkpoint.Tensor)) (*checkpoint.Checkpoint, string) {
	t.Helper()
	s := train.Spec{Arch: resnet.Config{Depth: depth, Width: 0.125}, ImageSize: size, Objective: objective.NTXent, Temperature: 0.1, HeadLayers: 2, HeadDim: 6}
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	c := &checkpoint.Checkpoint{State: checkpoint.State{Spec: raw}}
	for _, v := range s.Declaration().Variables {
		v.Init.Mean, v.Init.StdDev = 0.5, 0.2
		c.Weights = append(c.Weights, checkpoint.Tensor{Name: v.Name, Shape: v.Shape, Data: v.Draw(5)})
	}
	var b bytes.Buffer
	if err := export.Torchvision(&b, c); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "net.safetensors")
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	if change == nil {
		return c, path
	}
	f, err := checkpoint.ReadTensors(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []checkpoint.Tensor
	for _, name := range f.Names() {
		data, err := f.Floats(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, checkpoint.Tensor{Name: name, Shape: f.Shape(name), Data: data})
	}
	change(f.Meta, &all)
	b.Reset()
	if err := checkpoint.EncodeTensors(&b, f.Meta, all); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return c, path
}

// TestRoundTrip: what export writes comes back, tensor for tensor.
func TestRoundTrip(t *testing.T) {
	for _, depth := range []int{18, 34, 50, 101, 152} {
		for _, size := range []int{32, 224} {
			c, path := written(t, depth, size, nil)
			got, told, err := Import(path, Options{})
			if err != nil {
				t.Fatal(depth, size, err)
			}
			if !reflect.DeepEqual(got.Weights, c.Weights) || string(got.Spec) != string(c.Spec) || len(told.Left) > 0 {
				t.Errorf("ResNet-%d, %d pixels: another network came back: %s, left %v", depth, size, got.Spec, told.Left)
			}
		}
	}
}

// TestFold: a file that says nothing of its input wants normalised pixels: on an
// image of one colour the first normalised convolution gives the same.
func TestFold(t *testing.T) {
	c, path := written(t, 18, 32, func(meta map[string]string, _ *[]checkpoint.Tensor) { delete(meta, "input") })
	got, told, err := Import(path, Options{})
	if err != nil || len(told.Notes) != 1 {
		t.Fatal(err, told)
	}
	const kernel, mean = "base_model/conv2d/kernel", "base_model/batch_normalization/moving_mean"
	colour := [3]float64{0.1, 0.9, 0.4}
	out := func(c *checkpoint.Checkpoint, o int, x func(int) float64) float64 {
		k, n := c.Find(kernel).Data, len(c.Find(mean).Data)
		y := -float64(c.Find(mean).Data[o])
		for i := o; i < len(k); i += n {
			y += float64(k[i]) * x(i/n%3)
		}
		return y
	}
	for o := range c.Find(mean).Data {
		want := out(c, o, func(i int) float64 { return (colour[i] - Mean[i]) / Deviation[i] })
		have := out(got, o, func(i int) float64 { return colour[i] })
		if d := want - have; d > 1e-5 || d < -1e-5 {
			t.Errorf("channel %d: %v, want %v", o, have, want)
		}
	}
	if unit, _, err := Import(path, Options{UnitPixels: true}); err != nil || !reflect.DeepEqual(unit.Weights, c.Weights) {
		t.Error("with UnitPixels weights were changed", err)
	}
}

// TestNoProjection: torchvision's own ResNet-18 has none in its first block.
func TestNoProjection(t *testing.T) {
	_, path := written(t, 18, 224, func(_ map[string]string, all *[]checkpoint.Tensor) {
		var kept []checkpoint.Tensor
		for _, x := range *all {
			if !strings.HasPrefix(x.Name, "layer1.0.downsample") {
				kept = append(kept, x)
			}
		}
		*all = kept
	})
	c, told, err := Import(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	k := c.Find("base_model/conv2d_1/kernel")
	for i, v := range k.Data {
		if (v == 1) != (i/8 == i%8) {
			t.Fatalf("kernel %v is no identity", k.Data)
		}
	}
	if len(told.Notes) != 2 || !strings.Contains(told.Notes[0], "identity") || !strings.Contains(told.Notes[1], "225") && !strings.Contains(told.Notes[1], "pooling") {
		t.Error(told.Notes)
	}
}

func TestErrors(t *testing.T) {
	for want, change := range map[string]func(*[]checkpoint.Tensor){
		"network of another kind": func(all *[]checkpoint.Tensor) {
			*all = append(*all, checkpoint.Tensor{Name: "layer1.0.se.weight", Shape: []int{1}, Data: []float32{1}})
		},
		"there is no tensor":     func(all *[]checkpoint.Tensor) { rename(*all, "layer2.1.bn2.bias", "x") },
		"names of torchvision's": func(all *[]checkpoint.Tensor) { rename(*all, "conv1.weight", "x") },
		"no ResNet of a depth":   func(all *[]checkpoint.Tensor) { rename(*all, "layer2.1.conv1.weight", "x") },
	} {
		_, path := written(t, 18, 32, func(_ map[string]string, all *[]checkpoint.Tensor) { change(all) })
		if _, _, err := Import(path, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	_, path := written(t, 18, 32, nil)
	if _, _, err := Import(path, Options{ImageSize: 64}); err == nil || !strings.Contains(err.Error(), "stem") {
		t.Error(err)
	}
	data, _ := os.ReadFile(path)
	os.WriteFile(path, data[:len(data)/2], 0o666)
	if _, _, err := Import(path, Options{}); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Error(err)
	}
}

func rename(all []checkpoint.Tensor, from, to string) {
	for i := range all {
		if all[i].Name == from {
			all[i].Name = to
		}
	}
}
