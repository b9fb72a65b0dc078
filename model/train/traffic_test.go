package train

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/objective"
)

// TestStateStaysOnTheDevice counts the bytes that cross: the state once, then
// each step its batch, pixels as bytes, and back its figures; nothing is compiled
// after the first step, and no weight has a copy on the host until a checkpoint
// wants one.
func TestStateStaysOnTheDevice(t *testing.T) {
	for _, how := range []Compute{{}, {StepsPerExecution: 4}, {Devices: 2}} {
		s := tiny(objective.NTXent)
		s.Steps = 8
		b := open(t)
		if how.Devices > b.NumDevices() {
			continue
		}
		tr, err := New(b, s, how)
		if err == nil {
			err = tr.InitRandom()
		}
		if err != nil {
			t.Fatal(err)
		}
		var state int64
		for _, v := range tr.vars {
			state += 4 * int64(v.Size())
		}
		for _, i := range tr.trained {
			state += 4 * int64(tr.vars[i].Size()*len(tr.slotNames))
		}
		executions := s.Steps / how.steps()
		err = tr.Fit(context.Background(), random(s), Hooks{Step: func(m Metrics) error {
			for _, r := range tr.replicas {
				for _, x := range r.slots {
					if !x.IsOnAnyDevice() || x.IsLocal() && !x.IsShared() {
						return errors.New("a slot left the device")
					}
				}
				for _, i := range tr.changed {
					if x := r.weights[i]; !x.IsOnAnyDevice() || x.IsLocal() && !x.IsShared() {
						return errors.New("a weight left the device")
					}
				}
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		pixels := int64(s.Steps * (2*s.Batch*s.ImageSize*s.ImageSize*3 + 4*s.Batch))
		figures := int64(s.Steps * 4 * len(tr.reported))
		want := Traffic{Batches: pixels, State: state * int64(how.devices()), Figures: figures, Executions: executions, Compilations: 1}
		if got := tr.Traffic(); got != want {
			t.Errorf("%+v: moved %+v, want %+v", how, got, want)
		}
		if _, err := tr.Checkpoint(); err != nil || tr.Traffic().Checkpoints != state {
			t.Errorf("%+v: a checkpoint moved %d bytes, want %d (%v)", how, tr.Traffic().Checkpoints, state, err)
		}
	}
}

// TestExecutionsEndWhereTheStateIsWanted: at checkpoints, at looks, at the end;
// wherever they end, the training is the same.
func TestExecutionsEndWhereTheStateIsWanted(t *testing.T) {
	s := tiny(objective.Supervised)
	s.Steps = 11
	fit := func(how Compute, on Hooks) (*Trainer, []byte) {
		tr, err := New(open(t), s, how)
		if err == nil {
			err = tr.InitRandom()
		}
		if err == nil {
			err = tr.Fit(context.Background(), random(s), on)
		}
		if err != nil {
			t.Fatal(err)
		}
		return tr, saved(t, tr)
	}
	_, whole := fit(Compute{StepsPerExecution: 4}, Hooks{})
	looked, kept := 0, 0
	var tr *Trainer
	tr, err := New(open(t), s, Compute{StepsPerExecution: 4})
	if err == nil {
		err = tr.InitRandom()
	}
	if err == nil {
		err = tr.Fit(context.Background(), random(s), Hooks{
			CheckpointEvery: 5,
			Checkpoint: func(c *checkpoint.Checkpoint) error {
				if kept++; c.Step%5 != 0 {
					t.Errorf("a checkpoint of step %d", c.Step)
				}
				return nil
			},
			Looks: func(step int) bool { return step == 2 },
			Step: func(m Metrics) error {
				if m.Step == 2 {
					if looked++; tr.Step() != 3 {
						t.Errorf("after step 2 the state is that of step %d", tr.Step()-1)
					}
				}
				return nil
			}})
	}
	if err != nil || looked != 1 || kept != 2 {
		t.Fatal(looked, kept, err)
	}
	// 0-2, 3-4, 5-8, 9, 10
	if n := tr.Traffic().Executions; n != 5 {
		t.Errorf("%d executions, want 5", n)
	}
	if string(saved(t, tr)) != string(whole) {
		t.Error("executions of other lengths: another result")
	}
	if _, err := tr.TrainSteps(); err == nil || !strings.Contains(err.Error(), "0 batches") {
		t.Error(err)
	}
}

func TestComputeErrors(t *testing.T) {
	s := tiny(objective.NTXent)
	c, err := backend.New("cpu")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []struct {
		how  Compute
		want string
	}{
		{Compute{Devices: 2}, "devices = 2; the backend cpu has 1"},
		{Compute{Devices: -1}, "devices = -1; want at least 1"},
		{Compute{StepsPerExecution: -1}, "steps_per_execution = -1; want at least 1"},
	} {
		if _, err := New(c.Backend, s, e.how); err == nil || !strings.Contains(err.Error(), e.want) {
			t.Errorf("want %q in: %v", e.want, err)
		}
	}
	if b := open(t); b.NumDevices() > 1 {
		s.Batch = 7
		if _, err := New(b, s, Compute{Devices: 2}); err == nil || !strings.Contains(err.Error(), "batch = 7 does not divide by devices = 2; want a multiple, such as 6") {
			t.Error(err)
		}
	}
	exhausted := outOfMemory(errors.New("failed: RESOURCE_EXHAUSTED: Out of memory while trying to allocate 12345 bytes\nstack"))
	if text := exhausted.Error(); !strings.Contains(text, "take a smaller batch") || !strings.Contains(text, "12345 bytes") || strings.Contains(text, "stack") {
		t.Error(text)
	}
}
