package train

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/optim"
)

func started(t testing.TB, s Spec) *Trainer {
	t.Helper()
	tr, err := New(open(t), s)
	if err == nil {
		err = tr.InitRandom()
	}
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func saved(t testing.TB, tr *Trainer) []byte {
	t.Helper()
	c, err := tr.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := c.Encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestResumeIsBitIdentical cuts trainings after every step and goes on in a new
// trainer, from the bytes of the checkpoint.
func TestResumeIsBitIdentical(t *testing.T) {
	for _, task := range objective.Names() {
		for _, optimizer := range []optim.Config{optim.NewLARS(1e-4), optim.SGD(1e-4), {Name: optim.Adam, WeightDecay: 1e-4}} {
			s := tiny(task)
			s.Optimizer, s.Steps = optimizer, 3
			tr := started(t, s)
			tr.State().Classes = []string{"a", "b", "c"}
			var cuts [][]byte
			err := tr.Fit(context.Background(), random(s), Hooks{CheckpointEvery: 1, Checkpoint: func(c *checkpoint.Checkpoint) error {
				var b bytes.Buffer
				err := c.Encode(&b)
				cuts = append(cuts, b.Bytes())
				return err
			}})
			if err != nil || len(cuts) != 2 {
				t.Fatal(len(cuts), err)
			}
			whole := saved(t, tr)
			for _, cut := range cuts {
				c, err := checkpoint.Decode(cut)
				if err != nil {
					t.Fatal(err)
				}
				again, err := New(open(t), s)
				if err == nil {
					err = again.Resume(c)
				}
				if err == nil {
					err = again.Fit(context.Background(), random(s), Hooks{})
				}
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(saved(t, again), whole) {
					t.Errorf("%s with %s, resumed at step %d: another result", task, optimizer.Name, c.Step)
				}
			}
		}
	}
}

// TestCancelKeepsTheState: a cancelled training hands out its state and goes on
// from it to the same end.
func TestCancelKeepsTheState(t *testing.T) {
	s := tiny(objective.NTXent)
	whole := started(t, s)
	if err := whole.Fit(context.Background(), random(s), Hooks{}); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	var kept *checkpoint.Checkpoint
	tr := started(t, s)
	err := tr.Fit(ctx, random(s), Hooks{
		Step: func(m Metrics) error {
			if m.Step == 2 {
				cancel()
			}
			return nil
		},
		Checkpoint: func(c *checkpoint.Checkpoint) error { kept = c; return nil },
	})
	if !errors.Is(err, context.Canceled) || kept == nil || kept.Step != 3 {
		t.Fatal(err, kept)
	}
	for i := 0; runtime.NumGoroutine() > before && i < 100; i++ {
		time.Sleep(time.Millisecond)
	}
	again := started(t, s)
	if err := again.Resume(kept); err != nil {
		t.Fatal(err)
	}
	if err := again.Fit(context.Background(), random(s), Hooks{}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(saved(t, again), saved(t, whole)) {
		t.Error("another result than without the interruption")
	}
}

func TestFitErrors(t *testing.T) {
	broken := errors.New("shard 7: record 3: checksum differs")
	one := func(change func(*Batch)) func(s Spec) Data {
		return func(s Spec) Data {
			return func(step int) iter.Seq2[Batch, error] {
				return func(yield func(Batch, error) bool) {
					for b := range random(s)(step) {
						change(&b)
						yield(b, nil)
						return
					}
				}
			}
		}
	}
	for _, c := range []struct {
		name string
		task objective.Name
		data func(s Spec) Data
		want string
	}{
		{"data error", objective.NTXent, func(Spec) Data {
			return func(int) iter.Seq2[Batch, error] {
				return func(yield func(Batch, error) bool) { yield(Batch{}, broken) }
			}
		}, "step 0: shard 7"},
		{"short data", objective.NTXent, one(func(*Batch) {}), "step 1: the data ended"},
		{"pixels", objective.NTXent, one(func(b *Batch) { b.Images = b.Images[1:] }), "bytes of pixels; want 12 images of 8 x 8 x 3 = 2304"},
		{"label", objective.Supervised, one(func(b *Batch) { b.Labels[2] = 3 }), "label 2 of the batch is 3; want 0 to 2"},
		{"labels", objective.Supervised, one(func(b *Batch) { b.Labels = b.Labels[:2] }), "2 labels; want 6"},
		{"no labels", objective.Linear, one(func(b *Batch) { b.Labels = nil }), "none of the batch's 6 images has a label"},
		{"targets", objective.Distill, one(func(b *Batch) { b.Targets = nil }), "0 teacher logits; want 6 images x 3 classes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tiny(c.task)
			err := started(t, s).Fit(context.Background(), c.data(s), Hooks{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("want %q in: %v", c.want, err)
			}
		})
	}
	tr, err := New(open(t), tiny(objective.NTXent))
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Fit(context.Background(), random(tiny(objective.NTXent)), Hooks{}); !errors.Is(err, errNoWeights) {
		t.Error(err)
	}
	if _, err := tr.Checkpoint(); !errors.Is(err, errNoWeights) {
		t.Error(err)
	}
}

// TestDivergenceIsNamed: a learning rate out of all reason ends with its step.
func TestDivergenceIsNamed(t *testing.T) {
	s := tiny(objective.Supervised)
	s.Optimizer, s.Schedule = optim.SGD(0), optim.Schedule{Base: 1e38, Scaling: optim.FixedScaling}
	err := started(t, s).Fit(context.Background(), random(s), Hooks{})
	if err == nil || !strings.Contains(err.Error(), "step ") || !strings.Contains(err.Error(), "lower the learning rate") {
		t.Error(err)
	}
}

func TestSpecErrors(t *testing.T) {
	for _, c := range []struct {
		change func(*Spec)
		want   string
	}{
		{func(s *Spec) { s.Objective = "ntxnet" }, `objective = "ntxnet" is not registered; did you mean "ntxent"?`},
		{func(s *Spec) { s.Steps = 0 }, "steps = 0; want at least 1"},
		{func(s *Spec) { s.Classes = 1 }, "classes = 1; want at least 2"},
		{func(s *Spec) { s.Batch = 1 }, "batch = 1; want at least 2"},
		{func(s *Spec) { s.Selector = 3 }, "selector = 3; want 0"},
		{func(s *Spec) { s.Temperature = -0.1 }, "temperature = -0.1; want > 0"},
		{func(s *Spec) { s.ImageSize = 1 }, "image_size = 1"},
		{func(s *Spec) { s.Arch.Depth = 19 }, "depth = 19; want one of [18 34 50 101 152 200]"},
		{func(s *Spec) { s.Arch.Width = 0 }, "width = 0"},
		{func(s *Spec) { s.HeadDim = 0 }, "dim = 0"},
		{func(s *Spec) { s.Optimizer.Name = "lion" }, `name = "lion"; want one of lars, momentum, adam`},
		{func(s *Spec) { s.Optimizer.Exclude = []string{"("} }, "no regular expression"},
		{func(s *Spec) { s.Schedule.WarmupSteps = 99 }, "warmup_steps = 99"},
		{func(s *Spec) { s.Schedule.Scaling = "log" }, `scaling = "log"`},
		{func(s *Spec) { s.Objective, s.Alpha = objective.Distill, 0 }, "alpha = 0"},
	} {
		s := tiny(objective.NTXent)
		c.change(&s)
		if _, err := New(open(t), s); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want %q in: %v", c.want, err)
		}
	}
}
