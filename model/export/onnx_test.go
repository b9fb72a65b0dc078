package export

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/internal/modeltest"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/model/train"
)

// drawn is a checkpoint of a network whose values, moving statistics among them,
// are far from where they start.
func drawn(t testing.TB, s train.Spec) *checkpoint.Checkpoint {
	t.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	c := &checkpoint.Checkpoint{State: checkpoint.State{Spec: raw}}
	for i := range s.Classes {
		c.Classes = append(c.Classes, fmt.Sprint("class ", i))
	}
	for _, v := range s.Declaration().Variables {
		switch v.Kind {
		case "gamma", "moving_variance":
			v.Init.Mean, v.Init.StdDev, v.Init.Truncated = 1, 0.2, true
		case "beta", "moving_mean", "bias":
			v.Init.Mean, v.Init.StdDev = 0.1, 0.2
		}
		c.Weights = append(c.Weights, checkpoint.Tensor{Name: v.Name, Shape: v.Shape, Data: v.Draw(5)})
	}
	return c
}

func encoder(depth, size int, width, sk float64) train.Spec {
	return train.Spec{Arch: resnet.Config{Depth: depth, Width: width, SKRatio: sk}, ImageSize: size, Objective: objective.NTXent, Temperature: 0.1, HeadLayers: 2, HeadDim: 6}
}

func classifier(s train.Spec, selector int) train.Spec {
	s.Objective, s.Classes, s.Selector = objective.Supervised, 4, selector
	return s
}

// cases are every kind of network: both blocks, both stems, selective kernels at
// even and odd sizes, heads on every level.
var cases = map[string]train.Spec{
	"cifar 18":             encoder(18, 16, 1./16, 0),
	"34, 224's stem, odd":  encoder(34, 37, 1./32, 0),
	"50, 224's stem, even": encoder(50, 40, 1./32, 0),
	"50 sk, odd":           encoder(50, 35, 1./32, 0.0625),
	"50 sk, even":          encoder(50, 64, 1./64, 0.0625),
	"cifar 50 sk":          encoder(50, 15, 1./32, 0.0625),
	"classifier on 0":      classifier(encoder(18, 16, 1./16, 0), 0),
	"classifier on 1":      classifier(encoder(18, 16, 1./16, 0), 1),
	"classifier on 2":      classifier(encoder(18, 16, 1./16, 0), 2),
}

func pixels(n int) []uint8 {
	p := make([]uint8, n)
	for i := range p {
		p[i] = uint8(i*37 ^ i>>3*11)
	}
	return p
}

// TestONNXComputesTheNetwork: what the file says, computed slowly, is what the
// engine computes.
func TestONNXComputesTheNetwork(t *testing.T) {
	for name, s := range cases {
		t.Run(name, func(t *testing.T) {
			c := drawn(t, s)
			const images = 2
			in := pixels(images * s.ImageSize * s.ImageSize * 3)
			p, err := train.NewPredictor(modeltest.Backend(t), c, images)
			if err != nil {
				t.Fatal(err)
			}
			logits, features, err := p.Predict(in)
			if err != nil {
				t.Fatal(err)
			}
			for _, input := range []string{UInt8, Float} {
				got := run(t, onnx(t, c, input), value{[]int{images, s.ImageSize, s.ImageSize, 3}, unit(in, input)}, input)
				modeltest.NearRelative(t, input+": features", got["features"].data, features, 1e-5)
				if s.Classes > 0 {
					modeltest.NearRelative(t, input+": logits", got["logits"].data, logits, 1e-5)
				} else if len(got["projection"].data) != images*s.HeadDim {
					t.Errorf("projection %v", got["projection"].shape)
				}
			}
		})
	}
}

// unit are the pixels as the graph wants them, before the axes are turned.
func unit(in []uint8, input string) []float64 {
	out := make([]float64, len(in))
	for i, v := range in {
		out[i] = float64(v)
		if input == Float {
			out[i] = float64(float32(v) * (float32(1) / 255))
		}
	}
	return out
}

func onnx(t testing.TB, c *checkpoint.Checkpoint, input string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := ONNX(&b, c, Options{Input: input}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	for _, name := range []string{"base_model/conv2d_3/kernel", "base_model/batch_normalization_2/moving_mean", "head_contrastive/nl_0/batch_normalization/gamma", "head_supervised/linear_layer/dense/bias"} {
		c := drawn(t, cases["classifier on 1"])
		for i := range c.Weights {
			if c.Weights[i].Name == name {
				c.Weights[i].Name = "other"
			}
		}
		if err := ONNX(&bytes.Buffer{}, c, Options{Input: UInt8}); err == nil || !bytes.Contains([]byte(err.Error()), []byte("lacks "+name)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := ONNX(&bytes.Buffer{}, drawn(t, cases["cifar 18"]), Options{Input: "bytes"}); err == nil {
		t.Error("an unknown input: no error")
	}
	full := errors.New("no space left")
	if err := ONNX(failing{full}, drawn(t, cases["cifar 18"]), Options{Input: UInt8}); !errors.Is(err, full) {
		t.Error(err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestProjectionMatches: the projection of an encoder is the head's, computed by
// hand from the features.
func TestProjectionMatches(t *testing.T) {
	s := cases["cifar 18"]
	c := drawn(t, s)
	in := pixels(2 * s.ImageSize * s.ImageSize * 3)
	out := run(t, onnx(t, c, UInt8), value{[]int{2, s.ImageSize, s.ImageSize, 3}, unit(in, UInt8)}, UInt8)
	x, rows := out["features"].data, 2
	for i := range s.HeadLayers {
		at := func(name string) []float32 { return c.Find(fmt.Sprintf("head_contrastive/nl_%d/%s", i, name)).Data }
		kernel, gamma, mean, variance := at("dense/kernel"), at("batch_normalization/gamma"), at("batch_normalization/moving_mean"), at("batch_normalization/moving_variance")
		width := len(gamma)
		y := make([]float32, rows*width)
		for r := range rows {
			for o := range width {
				sum := 0.0
				for k := range len(x) / rows {
					sum += float64(x[r*len(x)/rows+k]) * float64(kernel[k*width+o])
				}
				v := (sum - float64(mean[o])) / math.Sqrt(float64(variance[o])+1e-5) * float64(gamma[o])
				if i < s.HeadLayers-1 {
					v = math.Max(0, v+float64(at("batch_normalization/beta")[o]))
				}
				y[r*width+o] = float32(v)
			}
		}
		x = y
	}
	modeltest.NearRelative(t, "projection", out["projection"].data, x, 1e-4)
}
