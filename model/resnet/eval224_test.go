package resnet

import (
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/retort-ml/retort/internal/refdata"
	"github.com/retort-ml/retort/model/internal/modeltest"
	"github.com/retort-ml/retort/model/nn"
)

// TestReferenceFullSize runs the evaluation of whole photos, from PNG to
// features: centre crop of 0.875, bicubic to 224 pixels, encoder.
func TestReferenceFullSize(t *testing.T) {
	path := filepath.Join(refdata.Dir(t, "resnet"), "eval224.json")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no full-size case among the reference vectors: %v", err)
	}
	var file struct {
		Weights string // "variables of r50.json (…"
		Images  []string
	}
	refdata.JSON(t, path, &file)
	name := strings.TrimSuffix(strings.Fields(file.Weights)[2], ".json")
	var c resnetCase
	refdata.JSON(t, filepath.Join(filepath.Dir(path), name+".json"), &c)
	arrays := refdata.NPZ(t, filepath.Join(filepath.Dir(path), name+".npz"))
	const size = 224
	var pixels []float32
	for _, f := range file.Images {
		pixels = append(pixels, centreCrop(t, filepath.Join(refdata.Dir(t, "augment"), strings.Fields(f)[0]), size)...)
	}
	in := []*tensors.Tensor{modeltest.Tensor(pixels, len(file.Images), size, size, 3)}
	for i, v := range c.Variables {
		in = append(in, modeltest.Tensor(v.Values(t, arrays, fmt.Sprintf("init/%d", i)), v.Shape...))
	}
	vars := c.ours().Declaration(size).Variables
	b := modeltest.Backend(t)
	out := modeltest.Run(t, b, func(in []*graph.Node) []*graph.Node {
		values := map[string]*graph.Node{}
		for i, v := range vars {
			values[v.Name] = in[1+i]
		}
		h := c.ours().Encode(nn.Build(values, false, nn.OptionsFor(b)), nn.Map{Node: in[0], Dims: []int{size, size, 3}})
		return []*graph.Node{h.Node}
	}, in...)
	want := refdata.NPZ(t, strings.TrimSuffix(path, ".json")+".npz")["features_f64"].Data
	features, _ := c.tolerances(false)
	modeltest.NearRelative(t, "features", out[0], want, features)
}

// centreCrop is the reference's evaluation of one image, slowly: [size, size, 3]
// in [0, 1].
func centreCrop(t *testing.T, path string, size int) []float32 {
	f, err := os.Open(path)
	if err != nil {
		t.Skipf("no image: %v", err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	side := int(math.RoundToEven(0.875 * float64(min(w, h))))
	x0, y0 := (w-side+1)/2, (h-side+1)/2
	out := make([]float32, size*size*3)
	for i := range size {
		for j := range size {
			bicubic(out[3*(i*size+j):], img, x0, y0, side, float64(j), float64(i), size)
		}
	}
	return out
}

// bicubic is TensorFlow's without antialiasing: half-pixel centres, A = -0.5,
// fractions in 1/1024ths, taps outside the image left out and the others scaled
// to a sum of 1.
func bicubic(to []float32, img image.Image, x0, y0, side int, x, y float64, size int) {
	xs, wx := taps(x, side, size)
	ys, wy := taps(y, side, size)
	var sum [3]float64
	for i, yi := range ys {
		for j, xj := range xs {
			if wx[j]*wy[i] == 0 {
				continue
			}
			r, g, b, _ := img.At(x0+xj, y0+yi).RGBA()
			for k, v := range []uint32{r, g, b} {
				sum[k] += wx[j] * wy[i] * float64(float32(v>>8)*(float32(1)/255))
			}
		}
	}
	for k, s := range sum {
		to[k] = float32(math.Min(1, math.Max(0, s)))
	}
}

func taps(at float64, in, out int) (positions [4]int, weights [4]float64) {
	scale := float64(in) / float64(out)
	p := (at+0.5)*scale - 0.5
	first := math.Floor(p)
	d := math.Round((p-first)*1024) / 1024
	total := 0.0
	for k := range 4 {
		positions[k] = int(first) + k - 1
		if positions[k] >= 0 && positions[k] < in {
			weights[k] = keys(math.Abs(d - float64(k-1)))
		}
		total += weights[k]
	}
	for k := range weights {
		weights[k] /= total
	}
	return positions, weights
}

func keys(x float64) float64 {
	const a = -0.5
	if x < 1 {
		return ((a+2)*x-(a+3))*x*x + 1
	}
	if x < 2 {
		return ((a*x-5*a)*x+8*a)*x - 4*a
	}
	return 0
}
