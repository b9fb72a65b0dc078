package tfcheckpoint

import (
	"path/filepath"
	"reflect"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/retort-ml/retort/internal/refdata"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/head"
	"github.com/retort-ml/retort/model/internal/modeltest"
	"github.com/retort-ml/retort/model/nn"
	"github.com/retort-ml/retort/model/resnet"
)

func reference(t *testing.T, path string, o Options) (*checkpoint.Checkpoint, *Told) {
	t.Helper()
	c, told, err := Import(filepath.Join(refdata.Dir(t, "checkpoint"), filepath.FromSlash(path)), o)
	if err != nil {
		t.Fatal(err)
	}
	return c, told
}

// TestReferenceTF1: the names and values of a checkpoint that the TF1 reference
// saved, with selective kernels.
func TestReferenceTF1(t *testing.T) {
	c, told := reference(t, "tf1", Options{Classifier: true, Selector: 1})
	if want := (resnet.Config{Depth: 50, Width: 0.0625, SKRatio: 0.0625}); told.Spec.Arch != want || told.Spec.ImageSize != 224 || told.Outputs != 10 || c.Step != 250228 {
		t.Errorf("%+v, step %d", told.Spec, c.Step)
	}
	var list struct {
		Tensors []struct {
			Name        string
			Shape       []int
			Seed        *uint64
			Base, Scale float64
		}
	}
	refdata.JSON(t, filepath.Join(refdata.Dir(t, "checkpoint"), "tf1.json"), &list)
	compared := 0
	for _, w := range list.Tensors {
		got := c.Find(w.Name)
		if got == nil || w.Seed == nil {
			continue
		}
		compared++
		if !reflect.DeepEqual(got.Data, refdata.Gen(*w.Seed, w.Base, w.Scale, nil, got.Size())) {
			t.Errorf("%s differs", w.Name)
		}
	}
	if compared != len(c.Weights) {
		t.Errorf("%d of %d weights compared", compared, len(c.Weights))
	}
}

// TestReferenceTF2 runs networks from an object-graph checkpoint and from a
// SavedModel: what comes out is what TensorFlow's model gave.
func TestReferenceTF2(t *testing.T) {
	want := refdata.NPZ(t, filepath.Join(refdata.Dir(t, "checkpoint"), "tf2_forward.npz"))
	for _, path := range []string{"tf2", "tf2/saved_model/195"} {
		c, told := reference(t, path, Options{Classifier: true})
		full, _ := reference(t, path, Options{})
		got := forward(t, told.Spec.Arch, told.Spec.HeadLayers, told.Spec.HeadDim, told.Outputs, append(full.Weights, c.Weights...), want["input"])
		for i, name := range []string{"final_avg_pool", "proj_head_output", "logits_sup"} {
			modeltest.NearRelative(t, path+": "+name, got[i], want[name].Data, 3e-5)
		}
	}
}

// forward computes features, projections and logits.
func forward(t *testing.T, arch resnet.Config, layers, dim, classes int, weights []checkpoint.Tensor, images refdata.Array) [][]float32 {
	b := modeltest.Backend(t)
	in := modeltest.Tensor(images.Data, images.Shape...)
	return modeltest.Run(t, b, func(in []*graph.Node) []*graph.Node {
		values := map[string]*graph.Node{}
		for _, w := range weights {
			values[w.Name] = graph.ConstTensor(in[0].Graph(), modeltest.Tensor(w.Data, w.Shape...))
		}
		builder := nn.Build(values, false, nn.OptionsFor(b))
		h := arch.Encode(builder, nn.Map{Node: in[0], Dims: images.Shape[1:]})
		levels := head.Projection{Layers: layers, Dim: dim}.Project(builder, h, layers)
		logits := head.Supervised(builder, h, classes, false)
		return []*graph.Node{h.Node, levels[layers].Node, logits.Node}
	}, in)
}
