package encoder

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/model/train"
)

// saved writes the checkpoint of a network whose weights are all 0.
func saved(t *testing.T, s train.Spec, keep func(name string) bool) string {
	t.Helper()
	spec, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	c := &checkpoint.Checkpoint{State: checkpoint.State{Spec: spec}}
	for _, v := range s.Declaration().Variables {
		if keep(v.Name) {
			c.Weights = append(c.Weights, checkpoint.Tensor{Name: v.Name, Shape: v.Shape, Data: make([]float32, v.Size())})
		}
	}
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := c.Save(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func all(string) bool { return true }

func network(depth, size int, sk float64) train.Spec {
	return train.Spec{Arch: resnet.Config{Depth: depth, Width: 1. / 64, SKRatio: sk}, ImageSize: size, Objective: objective.NTXent, Temperature: 0.1, HeadLayers: 3, HeadDim: 4}
}

// TestStemsHaveToSuit: any size on the same side of the stem's is fine.
func TestStemsHaveToSuit(t *testing.T) {
	for _, sk := range []float64{0, 0.0625} {
		for _, sizes := range []struct {
			of   int
			fit  []int
			miss []int
		}{{32, []int{8, 32}, []int{33, 224}}, {224, []int{33, 64, 224}, []int{8, 32}}} {
			path := saved(t, network(50, sizes.of, sk), all)
			for _, size := range sizes.fit {
				if s, err := New(path, size); err != nil || s.Size != size || s.HeadLayers != 3 || s.KeptLayers != 3 || s.HeadDim != 4 || s.Arch.SKRatio != sk {
					t.Errorf("%d for %d: %+v, %v", sizes.of, size, s, err)
				}
			}
			for _, size := range sizes.miss {
				if _, err := New(path, size); err == nil || !strings.Contains(err.Error(), "has the stem for images of") {
					t.Errorf("%d for %d: %v", sizes.of, size, err)
				}
			}
		}
	}
}

// TestAClassifiersHead: of a head that the file holds in part, the layers that are
// there remain what they were; the last of a head is another kind of layer.
func TestAClassifiersHead(t *testing.T) {
	s := network(18, 32, 0)
	s.Objective, s.Classes, s.Selector = objective.Supervised, 2, 1
	got, err := New(saved(t, s, all), 32)
	if err != nil || got.KeptLayers != 1 || got.HeadLayers != 3 || got.HeadDim != 4 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestIncompleteIsRefused(t *testing.T) {
	path := saved(t, network(18, 32, 0), func(name string) bool { return name != "base_model/batch_normalization_4/gamma" })
	if _, err := New(path, 32); err == nil || !strings.Contains(err.Error(), "it has no base_model/batch_normalization_4/gamma") {
		t.Error(err)
	}
}
