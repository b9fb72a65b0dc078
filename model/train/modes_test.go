package train

import (
	"bytes"
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/optim"
)

// mode is a way in which a training can go. Every one that the config offers is
// a row: a new option gets one.
type mode struct {
	name    string
	spec    Spec
	compute Compute
	only    string // the backend that has it; empty: all
	// like is the row that it is compared with, and near how far its losses may be
	// from that one's, relative; 0: the losses' and the checkpoint's bits are the same.
	like string
	near float64
}

// with is a spec with a change.
func with(s Spec, change func(*Spec)) Spec {
	change(&s)
	return s
}

func modes() []mode {
	chunks := func(s Spec) Spec { s.Chunk = 2; return s }
	pre, fine := tiny(objective.NTXent), tiny(objective.Supervised)
	// Where results are rounded, larger steps than these lead apart.
	gentle := with(pre, func(s *Spec) { s.Schedule.Base = 0.1 })
	memory := with(pre, func(s *Spec) { s.ObjectiveSettings = []byte(`{"memory":30,"momentum":0.9}`) })
	optimizer := func(c optim.Config) func(*Spec) { return func(s *Spec) { s.Optimizer = c } }
	list := []mode{
		{name: "ntxent", spec: pre},
		{name: "supervised", spec: fine},
		{name: "linear", spec: tiny(objective.Linear)},
		{name: "distill", spec: tiny(objective.Distill)},
		{name: "distill with labels", spec: with(tiny(objective.Distill), func(s *Spec) { s.Alpha, s.ScaleByTauSquared = 0.5, true })},
		{name: "no probe", spec: with(pre, func(s *Spec) { s.Classes = 0 })},
		{name: "momentum", spec: with(pre, optimizer(optim.SGD(1e-4)))},
		{name: "adam", spec: with(pre, optimizer(optim.Config{Name: optim.Adam, WeightDecay: 1e-4}))},
		{name: "adamw", spec: with(pre, optimizer(optim.Config{Name: optim.AdamW, WeightDecay: 0.05}))},
		{name: "clipped", spec: with(pre, func(s *Spec) { s.Optimizer = optim.SGD(1e-4); s.Optimizer.ClipNorm = 0.1 })},
		{name: "averages", spec: with(pre, func(s *Spec) { s.Average = 0.9 })},
		{name: "averages, supervised", spec: with(fine, func(s *Spec) { s.Average = 0.9 })},
		{name: "memory", spec: memory},
		{name: "memory, averages, clipped", spec: with(memory, func(s *Spec) { s.Average, s.Optimizer.ClipNorm = 0.9, 1 })},
		{name: "label smoothing", spec: with(fine, func(s *Spec) { s.ObjectiveSettings = []byte(`{"label_smoothing":0.1}`) })},
		{name: "frozen stem", spec: with(fine, func(s *Spec) { s.Freeze = 1 })},
		{name: "frozen groups", spec: with(fine, func(s *Spec) { s.Freeze = 3 })},
		{name: "frozen encoder", spec: with(fine, func(s *Spec) { s.Freeze = 5 })},
		{name: "selective kernels", spec: with(pre, func(s *Spec) { s.Arch.Depth, s.Arch.SKRatio = 50, 0.0625 })},
		{name: "large images' stem", spec: with(pre, func(s *Spec) { s.ImageSize = 40 })},
		{name: "selector 0", spec: with(fine, func(s *Spec) { s.Selector = 0 })},
		{name: "linear evaluation", spec: with(tiny(objective.Linear), func(s *Spec) { s.Selector, s.Optimizer = 0, optim.SGD(1e-6) })},
		{name: "frozen head", spec: with(fine, func(s *Spec) { s.FreezeHead = true })},

		{name: "chunks", spec: chunks(gentle)},
		{name: "chunks, memory, averages, clipped", spec: chunks(with(memory, func(s *Spec) { s.Average, s.Optimizer.ClipNorm = 0.9, 1 }))},
		{name: "chunks, no probe, adam", spec: chunks(with(gentle, func(s *Spec) { s.Classes = 0; s.Optimizer = optim.Config{Name: optim.Adam, WeightDecay: 1e-4} }))},
		{name: "chunks, distill", spec: chunks(tiny(objective.Distill))},
		{name: "chunks, frozen groups", spec: chunks(with(fine, func(s *Spec) { s.Freeze = 3 }))},

		// How it is computed, which changes nothing.
		{name: "linear, chunks", spec: chunks(tiny(objective.Linear)), like: "linear", near: 1e-5},
		{name: "chunks, remat", spec: chunks(gentle), compute: Compute{Remat: true}, like: "chunks", near: 1e-5},
		{name: "chunks, bf16", spec: chunks(gentle), compute: Compute{BF16: true}, like: "chunks", near: 0.05},
		{name: "remat", spec: pre, compute: Compute{Remat: true}, like: "ntxent", near: 1e-5},
		{name: "3 steps an execution", spec: pre, compute: Compute{StepsPerExecution: 3}, like: "ntxent"},
		{name: "3 steps an execution, remat", spec: fine, compute: Compute{StepsPerExecution: 3, Remat: true}, like: "supervised", near: 1e-5},
		{name: "linear, 3 steps an execution", spec: tiny(objective.Linear), compute: Compute{StepsPerExecution: 3}, like: "linear"},
		{name: "distill, 3 steps an execution", spec: tiny(objective.Distill), compute: Compute{StepsPerExecution: 3}, like: "distill"},
		{name: "memory, 3 steps an execution", spec: memory, compute: Compute{StepsPerExecution: 3}, like: "memory"},
		{name: "memory, remat", spec: memory, compute: Compute{Remat: true}, like: "memory", near: 1e-4},
		{name: "frozen groups, remat", spec: with(fine, func(s *Spec) { s.Freeze = 3 }), compute: Compute{Remat: true}, like: "frozen groups", near: 1e-5},
		{name: "averages, 3 steps an execution", spec: with(pre, func(s *Spec) { s.Average = 0.9 }), compute: Compute{StepsPerExecution: 3}, like: "averages"},
		{name: "small rate", spec: gentle},
		{name: "bf16", spec: gentle, compute: Compute{BF16: true}, like: "small rate", near: 0.05},
		{name: "bf16, supervised", spec: fine, compute: Compute{BF16: true}, like: "supervised", near: 0.05},
		{name: "2 devices", spec: gentle, compute: Compute{Devices: 2}, only: "xla:cpu", like: "small rate", near: 1e-4},
		{name: "2 devices, remat, bf16", spec: gentle, compute: Compute{Devices: 2, Remat: true, BF16: true}, only: "xla:cpu", like: "small rate", near: 0.05},
		{name: "2 devices, 3 steps an execution", spec: fine, compute: Compute{Devices: 2, StepsPerExecution: 3}, only: "xla:cpu", like: "supervised", near: 1e-4},
	}
	return list
}

// journey is what a training of a mode came to.
type journey struct {
	losses []float64
	whole  []byte // the checkpoint at its end
}

// travel trains through a checkpoint after step 2, and again from there.
func travel(t *testing.T, backendName string, m mode) journey {
	t.Helper()
	c, err := backend.New(backendName)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := New(c.Backend, m.spec, m.compute)
	if err == nil {
		err = tr.InitRandom()
	}
	if err != nil {
		t.Fatal(err)
	}
	var j journey
	var cut *checkpoint.Checkpoint
	err = tr.Fit(context.Background(), random(m.spec), Hooks{CheckpointEvery: 2,
		Step: func(m Metrics) error { j.losses = append(j.losses, m.Loss+m.ProbeLoss); return nil },
		Checkpoint: func(c *checkpoint.Checkpoint) error {
			if cut == nil {
				cut = c
			}
			return nil
		}})
	if err != nil || len(j.losses) != m.spec.Steps || cut == nil || cut.Step != 2 {
		t.Fatalf("%d losses, checkpoint %v: %v", len(j.losses), cut != nil, err)
	}
	want := 1
	if m.spec.Chunk > 0 {
		want = 4 // see chunked
	}
	if n := tr.Traffic().Compilations; n != want {
		t.Errorf("%d compilations; want %d", n, want)
	}
	j.whole = saved(t, tr)
	if err = tr.Resume(cut); err == nil {
		err = tr.Fit(context.Background(), random(m.spec), Hooks{})
	}
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(saved(t, tr), j.whole) {
		t.Error("resumed at step 2: another result")
	}
	return j
}

// TestEveryMode trains in every mode, on the backend of the tests and, where that
// is another, on ours: losses are numbers, a training that is resumed ends bit
// for bit where it would have, nothing is compiled after the first step, modes
// that change nothing change nothing, and both engines agree.
func TestEveryMode(t *testing.T) {
	name := testBackend()
	done := map[string]journey{}
	for _, m := range modes() {
		t.Run(m.name, func(t *testing.T) {
			if m.only != "" && m.only != name {
				t.Skip("only on " + m.only)
			}
			j := travel(t, name, m)
			done[m.name] = j
			for i, l := range j.losses {
				if math.IsNaN(l) || math.IsInf(l, 0) {
					t.Errorf("step %d: loss %v", i, l)
				}
			}
			if m.like != "" {
				compare(t, m.like, j, done[m.like], m.near)
				return
			}
			if strings.HasPrefix(name, "xla") {
				compare(t, "cpu", j, travel(t, "cpu", m), 1e-3)
			}
		})
	}
}

func compare(t *testing.T, with string, got, want journey, near float64) {
	t.Helper()
	if near == 0 && strings.HasPrefix(testBackend(), "xla") {
		near = 1e-5 // XLA fuses a loop's body otherwise than a single step
	}
	if near == 0 {
		if !slices.Equal(got.losses, want.losses) || !bytes.Equal(got.whole, want.whole) {
			t.Errorf("losses %v, those of %s %v; want the same, and the same checkpoint, bit for bit", got.losses, with, want.losses)
		}
		return
	}
	if len(want.losses) != len(got.losses) {
		t.Fatalf("the row %q did not run before this one", with)
	}
	worst := 0.0
	for i := range got.losses {
		worst = max(worst, math.Abs(got.losses[i]-want.losses[i])/math.Abs(want.losses[i]))
	}
	t.Logf("losses at most %.2g apart from those of %s (%.2g allowed)", worst, with, near)
	if !(worst <= near) {
		t.Errorf("losses %v, those of %s %v: %.3g apart, %.3g allowed", got.losses, with, want.losses, worst, near)
	}
}
