package cpu_test

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"slices"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/retort-ml/retort/model/backend/cpu"
	"github.com/retort-ml/retort/model/backend/cpu/internal/kernels"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/optim"
	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/model/train"
)

// BenchmarkProfile prints where the time of a training step or of inference
// goes: go test -run NONE -bench Profile/train-16 -benchtime 20x
func BenchmarkProfile(b *testing.B) {
	for _, width := range []int{16, 64} {
		b.Run(fmt.Sprintf("train-%d", width), func(b *testing.B) {
			spec := train.Spec{Arch: resnet.Config{Depth: 18, Width: float64(width) / 64}, ImageSize: 32, Objective: objective.NTXent, HeadLayers: 3,
				HeadDim: 128, Temperature: 0.2, Optimizer: optim.NewLARS(1e-4), Schedule: optim.Schedule{Base: 0.1}, Batch: 64, Steps: 1 << 30, Seed: 1}
			trainer, err := train.New(newBackend(b), spec)
			if err == nil {
				err = trainer.InitRandom()
			}
			if err != nil {
				b.Fatal(err)
			}
			batch := train.Batch{Images: make([]uint8, 2*spec.Batch*spec.ImageSize*spec.ImageSize*3)}
			for i := range batch.Images {
				batch.Images[i] = uint8(i * i >> 3)
			}
			profiled(b, func() error { _, err := trainer.TrainStep(batch); return err })
		})
	}
	for _, c := range []struct{ depth, size, batch int }{{18, 32, 64}, {50, 224, 32}} {
		b.Run(fmt.Sprintf("label-%d", c.depth), func(b *testing.B) {
			spec := train.Spec{Arch: resnet.Config{Depth: c.depth, Width: 1}, ImageSize: c.size, Classes: 1000, Objective: objective.Supervised,
				Optimizer: optim.SGD(0), Schedule: optim.Schedule{Base: 0.1}, Batch: 2, Steps: 1}
			trainer, err := train.New(newBackend(b), spec)
			if err == nil {
				err = trainer.InitRandom()
			}
			if err != nil {
				b.Fatal(err)
			}
			state, err := trainer.Checkpoint()
			if err != nil {
				b.Fatal(err)
			}
			predictor, err := train.NewPredictor(newBackend(b), state, c.batch)
			if err != nil {
				b.Fatal(err)
			}
			images := make([]uint8, c.batch*c.size*c.size*3)
			profiled(b, func() error { _, _, err := predictor.Predict(images); return err })
		})
	}
}

func profiled(b *testing.B, step func() error) {
	for range 2 {
		if err := step(); err != nil {
			b.Fatal(err)
		}
	}
	stop := cpu.Profile()
	start := time.Now()
	n := 0
	for b.Loop() {
		if err := step(); err != nil {
			b.Fatal(err)
		}
		n++
	}
	total := time.Since(start) / time.Duration(n)
	show(stop(), n, total)
}

// show prints equal steps as one line, the longest first.
func show(steps []*cpu.StepTime, n int, total time.Duration) {
	merged := map[string]*cpu.StepTime{}
	var list []*cpu.StepTime
	for _, s := range steps {
		key := s.Op + s.What
		if merged[key] == nil {
			merged[key] = &cpu.StepTime{Op: s.Op, What: s.What}
			list = append(list, merged[key])
		}
		m := merged[key]
		m.Time += s.Time / time.Duration(n)
		m.FLOPs += s.FLOPs
		m.Runs += s.Runs / n
	}
	slices.SortFunc(list, func(a, b *cpu.StepTime) int { return cmp.Compare(b.Time, a.Time) })
	peak := kernels.PeakGFLOPS(runtime.GOMAXPROCS(0))
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	defer w.Flush()
	var sum time.Duration
	var flops float64
	for _, s := range list {
		sum += s.Time
		flops += s.FLOPs
	}
	fmt.Fprintf(w, "a run takes %v, %v of it in steps, %.0f GFLOP/s of %.0f\n", total, sum, flops/float64(total.Nanoseconds()), peak)
	for _, s := range list[:min(len(list), 45)] {
		rate := s.FLOPs / float64(s.Time.Nanoseconds())
		fmt.Fprintf(w, "%v\t%.1f %%\t%dx\t%.0f GFLOP/s\t%.0f %% of peak\t%s\t%s\n", s.Time.Round(time.Microsecond),
			100*float64(s.Time)/float64(total), s.Runs, rate, 100*rate/peak, s.Op, s.What)
	}
}
