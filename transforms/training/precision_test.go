package training_test

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/transforms/label"
)

// targetsOf are the targets of a run by their keys.
func targetsOf(t *testing.T, root string) map[label.Key][]float32 {
	t.Helper()
	a, err := pipelines.LoadArtifact[pipelines.Targets](filepath.Join(root, "label"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[label.Key][]float32{}
	for target, err := range label.All(a) {
		if err != nil {
			t.Fatal(err)
		}
		all[target.Key] = append([]float32(nil), target.Logits...)
	}
	return all
}

// A teacher that labels in int8 is the same teacher, and thinks nearly the same of
// every view, whatever else is in its batch.
func TestLabelsInInt8(t *testing.T) {
	if _, err := backend.New("cpu,precision=" + backend.INT8); err != nil {
		t.Skip(err)
	}
	from, o := images(t), standard()
	o.teacher = resnet.Config{Depth: 18, Width: 0.25}
	o.backend, o.rate = "cpu", 0.05
	exact := targetsOf(t, run(t, from, o))
	o.labels = backend.INT8
	root := t.TempDir()
	g := build(root, from, o)
	said := &listener{}
	if _, err := runners.Run(context.Background(), g, runners.Options{Reporter: said}); err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(said.messages, "\n"); strings.Count(all, " convolutions are computed in 8 bits") != 1 {
		t.Errorf("it does not say once how much is in 8 bits:\n%s", all)
	}
	near := targetsOf(t, root)
	if len(near) != len(exact) || len(near) == 0 {
		t.Fatalf("%d targets, in f32 there are %d", len(near), len(exact))
	}
	var diff, all float64
	for key, want := range exact {
		for i, v := range want {
			d := float64(near[key][i] - v)
			diff, all = diff+d*d, all+float64(v)*float64(v)
		}
	}
	if loss := math.Sqrt(diff / all); loss == 0 || loss > 0.05 {
		t.Errorf("int8 and f32 differ by %.3g of the logits' size", loss)
	}
}

func TestInt8IsNotForTraining(t *testing.T) {
	if _, err := backend.New("cpu,precision=" + backend.INT8); err != nil {
		t.Skip(err)
	}
	o := standard()
	o.backend = "cpu,precision=" + backend.INT8
	_, err := runners.Run(context.Background(), build(t.TempDir(), images(t), o), runners.Options{})
	if err == nil || !strings.Contains(err.Error(), "a network is not trained in int8; want one of f32, bf16") {
		t.Errorf("got %v", err)
	}
	o = standard()
	o.labels = backend.BF16
	if err := build(t.TempDir(), images(t), o).Check(); err == nil || !strings.Contains(err.Error(), `Precision = "bf16"; want none or int8`) {
		t.Errorf("got %v", err)
	}
}
