package cpu_test

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"testing"

	"github.com/gomlx/compute"

	"github.com/retort-ml/retort/model/backend/cpu"
	"github.com/retort-ml/retort/model/backend/cpu/internal/kernels"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/optim"
	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/model/train"
)

// small is a pretraining whose step has every kernel: strided and projected
// blocks, batch norm, NT-Xent and LARS.
func small() train.Spec {
	return train.Spec{Arch: resnet.Config{Depth: 18, Width: 0.125}, ImageSize: 16, Objective: objective.NTXent, HeadLayers: 3, HeadDim: 16,
		Temperature: 0.2, Optimizer: optim.NewLARS(1e-4), Schedule: optim.Schedule{Base: 0.1}, Batch: 9, Steps: 100, Seed: 1}
}

func newBackend(t testing.TB) compute.Backend {
	b, err := cpu.New("")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// trained is the state after some steps on the given spec.
func trained(t testing.TB, spec train.Spec, steps int) *checkpoint.Checkpoint {
	t.Helper()
	trainer, err := train.New(newBackend(t), spec)
	if err == nil {
		err = trainer.InitRandom()
	}
	if err != nil {
		t.Fatal(err)
	}
	images := make([]uint8, 2*spec.Batch*spec.ImageSize*spec.ImageSize*3)
	for i := range images {
		images[i] = uint8(i * i >> 3)
	}
	for range steps {
		if _, err := trainer.TrainStep(train.Batch{Images: images}); err != nil {
			t.Fatal(err)
		}
	}
	c, err := trainer.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func fingerprint(t testing.TB, c *checkpoint.Checkpoint) string {
	f, err := c.Fingerprint()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestTrainingIsTheSameOnAnyThreads: weights and optimiser state after whole
// steps are bit-identical for any GOMAXPROCS, on every instruction set.
func TestTrainingIsTheSameOnAnyThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, isa := range kernels.Supported() {
		t.Run(isa, func(t *testing.T) {
			defer kernels.Use(isa)()
			want := ""
			for _, procs := range []int{1, 2, 3, 8} {
				runtime.GOMAXPROCS(procs)
				got := fingerprint(t, trained(t, small(), 3))
				if want == "" {
					want = got
				}
				if got != want {
					t.Errorf("%d threads end differently from 1", procs)
				}
			}
		})
	}
}

// TestTrainingOnEveryInstructionSet: the sets add in other orders, so that
// their bits differ, but not by more than rounding explains.
func TestTrainingOnEveryInstructionSet(t *testing.T) {
	var want *checkpoint.Checkpoint
	for _, isa := range kernels.Supported() {
		restore := kernels.Use(isa)
		got := trained(t, small(), 2)
		restore()
		if want == nil {
			want = got
			continue
		}
		for i, w := range want.Weights {
			var d, n float64
			for k, v := range w.Data {
				e := float64(v) - float64(got.Weights[i].Data[k])
				d, n = d+e*e, n+float64(v)*float64(v)
			}
			if math.Sqrt(d) > 1e-4*math.Sqrt(n)+1e-7 {
				t.Errorf("%s: %s differs from %s's by %.2g of its norm", isa, w.Name, kernels.Supported()[0], math.Sqrt(d/n))
			}
		}
	}
}

// TestConcurrentTrainings: several trainings at once, on more and fewer
// threads than there are cores, neither deadlock nor disturb each other.
func TestConcurrentTrainings(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	spec := small()
	spec.Batch = 2
	want := fingerprint(t, trained(t, spec, 2))
	for _, procs := range []int{1, 2, 3, 8} {
		t.Run(fmt.Sprint(procs), func(t *testing.T) {
			runtime.GOMAXPROCS(procs)
			got := make([]string, 5)
			var group sync.WaitGroup
			for i := range got {
				group.Go(func() { got[i] = fingerprint(t, trained(t, spec, 2)) })
			}
			group.Wait()
			for _, g := range got {
				if g != want {
					t.Error("a training ended differently in company")
				}
			}
		})
	}
}
