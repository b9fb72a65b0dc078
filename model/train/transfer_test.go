package train

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/retort-ml/retort/internal/refdata"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/resnet"
)

func pretrained(t *testing.T) *checkpoint.Checkpoint {
	t.Helper()
	s := tiny(objective.NTXent)
	tr := started(t, s)
	if err := tr.Fit(context.Background(), random(s), Hooks{}); err != nil {
		t.Fatal(err)
	}
	c, err := tr.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestInitFromKeepsTheEncoder: encoder and kept head layers are taken over, the
// supervised head starts at zero.
func TestInitFromKeepsTheEncoder(t *testing.T) {
	from := pretrained(t)
	for selector := range 3 {
		for _, task := range []objective.Name{objective.Supervised, objective.Linear, objective.Distill} {
			s := tiny(task)
			s.Selector, s.Classes = selector, 5
			tr, err := New(open(t), s)
			if err == nil {
				err = tr.InitFrom(from)
			}
			if err != nil {
				t.Fatal(err)
			}
			c, err := tr.Checkpoint()
			if err != nil {
				t.Fatal(err)
			}
			layers := 0
			for _, w := range c.Weights {
				switch {
				case supervised(w.Name):
					if slices.Max(w.Data) != 0 || slices.Min(w.Data) != 0 {
						t.Errorf("%s does not start at zero", w.Name)
					}
				case !slices.Equal(w.Data, from.Find(w.Name).Data):
					t.Errorf("%s was not taken over", w.Name)
				}
				if strings.HasPrefix(w.Name, "head_contrastive/") && strings.HasSuffix(w.Name, "/kernel") {
					layers++
				}
			}
			if layers != selector || c.Step != 0 {
				t.Errorf("%s with selector %d keeps %d head layers, at step %d", task, selector, layers, c.Step)
			}
		}
	}
}

func TestInitFromErrors(t *testing.T) {
	from := pretrained(t)
	for _, c := range []struct {
		change func(*Spec)
		want   string
	}{
		{func(s *Spec) { s.Arch.Width = 0.125 }, "holds a ResNet-18 0.0625x, the specification wants a ResNet-18 0.125x"},
		{func(s *Spec) { s.ImageSize = 40 }, "ResNet-18 0.0625x, 40 pixels"},
		{func(s *Spec) { s.HeadLayers, s.Selector = 3, 3 }, "3 head layers, selector 3"},
	} {
		s := tiny(objective.Supervised)
		c.change(&s)
		tr, err := New(open(t), s)
		if err != nil {
			t.Fatal(err)
		}
		if err := tr.InitFrom(from); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want %q in: %v", c.want, err)
		}
	}
	other := tiny(objective.NTXent)
	other.Seed++
	tr, err := New(open(t), other)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Resume(from); err == nil || !strings.Contains(err.Error(), "another specification") {
		t.Error(err)
	}
}

// TestFrozenStaysFrozen: what a task does not train keeps its bits.
func TestFrozenStaysFrozen(t *testing.T) {
	from := pretrained(t)
	for _, freeze := range []bool{false, true} {
		for _, task := range []objective.Name{objective.Linear, objective.Supervised} {
			s := tiny(task)
			s.FreezeHead = freeze
			tr, err := New(open(t), s)
			if err == nil {
				err = tr.InitFrom(from)
			}
			if err == nil {
				err = tr.Fit(context.Background(), random(s), Hooks{})
			}
			if err != nil {
				t.Fatal(err)
			}
			c, _ := tr.Checkpoint()
			for _, w := range c.Weights {
				old := from.Find(w.Name)
				if old == nil || supervised(w.Name) {
					continue
				}
				kernelOfHead := strings.HasPrefix(w.Name, "head_contrastive/") && strings.HasSuffix(w.Name, "/kernel")
				frozen := task == objective.Linear || freeze && kernelOfHead
				if strings.HasSuffix(w.Name, "/kernel") && slices.Equal(old.Data, w.Data) != frozen {
					t.Errorf("%s, freeze head %v: %s: changed although frozen, or the reverse", task, freeze, w.Name)
				}
				if task == objective.Linear && !slices.Equal(old.Data, w.Data) {
					t.Errorf("linear evaluation changed %s", w.Name)
				}
			}
		}
	}
}

// TestReferenceTrainableSets: the whole network, or the head alone, as the
// reference's fine_tune_after_block -1 and 4. (It counts the projection head
// as trainable without giving it a gradient; ours is not there at selector 0.)
func TestReferenceTrainableSets(t *testing.T) {
	var file struct {
		Rows []struct {
			Depth     int   `json:"resnet_depth"`
			After     int   `json:"fine_tune_after_block"`
			Variables int   `json:"num_variables"`
			Trainable []int `json:"trainable_indices"`
			NoGrad    []any `json:"trainable_with_none_gradient"`
			Moving    []int `json:"moving_stats_updated_by_training_call"`
		}
	}
	refdata.JSON(t, filepath.Join(refdata.Dir(t, "train_step"), "finetune_trainable_sets.json"), &file)
	ran := false
	for _, r := range file.Rows {
		task, ok := map[int]objective.Name{-1: objective.Supervised, 4: objective.Linear}[r.After]
		if !ok {
			continue
		}
		ran = true
		s := tiny(task)
		s.Arch, s.HeadLayers, s.Selector = resnet.Config{Depth: r.Depth, Width: 1}, 3, 0
		tr, err := New(open(t), s)
		if err != nil {
			t.Fatal(err)
		}
		if want := len(r.Trainable) - len(r.NoGrad); len(tr.trained) != want {
			t.Errorf("ResNet-%d, %s: %d variables are trained, want %d", r.Depth, task, len(tr.trained), want)
		}
	}
	if !ran {
		t.Skip("no row for the whole network or the head alone")
	}
}

// TestPredictionsDoNotDependOnCompany: any number of images, any batch.
func TestPredictionsDoNotDependOnCompany(t *testing.T) {
	from := pretrained(t)
	var images []uint8
	for b := range random(tiny(objective.NTXent))(5) {
		images = slices.Clone(b.Images)
		break
	}
	all, err := NewPredictor(open(t), from, 12)
	if err != nil {
		t.Fatal(err)
	}
	logits, features, err := all.Predict(images)
	if err != nil {
		t.Fatal(err)
	}
	for _, batch := range []int{1, 5, 40} {
		p, err := NewPredictor(open(t), from, batch)
		if err != nil {
			t.Fatal(err)
		}
		l, f, err := p.Predict(images)
		if err != nil || !nearly(l, logits) || !nearly(f, features) {
			t.Errorf("batch %d: other predictions (%v)", batch, err)
		}
	}
	if l, f, err := all.Predict(nil); l != nil || f != nil || err != nil {
		t.Errorf("no images: %v, %v, %v", l, f, err)
	}
	if _, _, err := all.Predict(images[1:]); err == nil {
		t.Error("part of an image was accepted")
	}
	if _, err := NewPredictor(open(t), from, 0); err == nil {
		t.Error("batch 0 was accepted")
	}
}

func nearly(a, b []float32) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if math.Abs(float64(a[i]-b[i])) > 1e-5 {
			return false
		}
	}
	return true
}
