package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/sysmem"
	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/model/backend/cpu"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/optim"
	"github.com/retort-ml/retort/model/resnet"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/runners/progress"
	"github.com/retort-ml/retort/transforms/training"
)

// netFlags choose the network that a benchmark computes.
type netFlags struct {
	arch        string
	width       float64
	sk          bool
	size, batch int
	compute     computeFlags
	remat       bool
	steps       int // an execution
	chunk       int
}

func (n *netFlags) register(cmd *cobra.Command, arch string, width float64, size int, batchFlag string, batch int) {
	flags := cmd.Flags()
	flags.StringVar(&n.arch, "arch", arch, "resnet18, resnet34, resnet50, resnet101, resnet152 or resnet200")
	flags.Float64Var(&n.width, "width", width, "multiplier of all channels; 1 is 64 after the stem")
	flags.BoolVar(&n.sk, "sk", false, "selective kernels")
	flags.IntVar(&n.size, "size", size, "side of an image in pixels")
	flags.IntVar(&n.batch, batchFlag, batch, batchFlag+" a step")
	n.compute.registerBackend(flags)
	n.steps = 1
}

// spec is a training of the network: contrastive, or of a classifier with 1000
// classes.
func (n *netFlags) spec(task objective.Name) (train.Spec, error) {
	depth, err := strconv.Atoi(strings.TrimPrefix(n.arch, "resnet"))
	if err != nil || !strings.HasPrefix(n.arch, "resnet") {
		return train.Spec{}, usage("--arch %s: want resnet18, resnet34, resnet50, resnet101, resnet152 or resnet200", n.arch)
	}
	arch := resnet.Config{Depth: depth, Width: n.width}
	if n.sk {
		arch.SKRatio = 0.0625
	}
	s := train.Spec{Arch: arch, ImageSize: n.size, Objective: task, HeadLayers: 3, HeadDim: 128, Temperature: 0.2,
		Optimizer: optim.NewLARS(1e-4), Schedule: optim.Schedule{Base: 0.1}, Batch: n.batch, Steps: 1 << 30, Seed: 1}
	if task == objective.Supervised {
		s.Classes, s.Selector, s.Temperature = 1000, 0, 0
		s.Batch = max(2, s.Batch) // of the training that makes the weights
	}
	s.Chunk = n.chunk
	if err := s.Validate(); err != nil {
		return s, usageError{err}
	}
	return s, n.fits(s)
}

// fits is an error if the weights, their momentum and the pixels of a batch
// alone are more than the machine has: allocating them would end the process.
func (n *netFlags) fits(s train.Spec) error {
	need := 2 * 3 * float64(n.batch) * float64(n.size) * float64(n.size)
	for _, v := range s.Declaration().Variables {
		bytes := 4.0
		for _, d := range v.Shape {
			bytes *= float64(d)
		}
		need += 3 * bytes
	}
	if has := float64(sysmem.Total()); has > 0 && need > has {
		return usage("a batch of %d images of %d pixels and a %s of width %v need more than %s; there are %s of memory",
			n.batch, n.size, n.arch, n.width, progress.Bytes(need), progress.Bytes(has))
	}
	return nil
}

func (n *netFlags) open() (*backend.Choice, error) {
	name, err := n.compute.name()
	if err != nil {
		return nil, err
	}
	return backend.New(name)
}

// how is how the opened backend computes.
func (n *netFlags) how(chosen *backend.Choice) train.Compute {
	how := training.Compute(chosen)
	how.Remat, how.StepsPerExecution = n.remat, n.steps
	return how
}

func (n *netFlags) figures(chosen *backend.Choice) []figure {
	return []figure{{"arch", n.arch}, {"width", n.width}, {"sk", n.sk}, {"size", n.size}, {"backend", chosen.Name}}
}

// operations is the rate of floating-point operations, as a direct convolution
// counts them: Winograd's needs fewer, so that a share of the peak can pass 1.
func operations(chosen *backend.Choice, cores int, rate float64) []figure {
	list := []figure{{"gflop_per_s", rate}}
	if chosen.Name == cpu.Name {
		peak := cpu.PeakGFLOPS(cores)
		list = append(list, figure{"peak_gflop_per_s", peak}, figure{"share_of_peak", rate / peak}, figure{"instructions", cpu.Instructions()})
	}
	return append(list, figure{"peak_bytes", peakMemory()})
}

func benchTrain() *cobra.Command {
	var f benchFlags
	var n netFlags
	cmd := &cobra.Command{
		Use:   "train",
		Short: "Pretraining steps: pairs per second",
		Long: `Measure the whole pretraining step (forward, NT-Xent, backward, LARS) on random
pixels that lie in memory. The first two steps are not counted.`,
		Example: `  retort bench train --arch resnet18 --width 0.25 --size 32 --pairs 64 --backend cpu --seconds 10 --json`,
		Args:    noArguments(""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runBenchTrain(cmd.Context(), &f, &n) },
	}
	n.register(cmd, "resnet18", 0.25, 32, "pairs", 64)
	cmd.Flags().IntVar(&n.compute.devices, "devices", 1, "devices of this machine that share each batch (xla)")
	n.compute.registerPrecision(cmd.Flags(), "of the step", backend.TrainingPrecisions())
	cmd.Flags().BoolVar(&n.remat, "remat", false, "compute activations again for the gradient instead of keeping them")
	cmd.Flags().IntVar(&n.steps, "steps-per-execution", 1, "steps that the backend does in one call")
	cmd.Flags().IntVar(&n.chunk, "chunk", 0, "pairs that the network sees at once; the loss is over all (0: all at once)")
	f.register(cmd, cores())
	return cmd
}

func runBenchTrain(ctx context.Context, f *benchFlags, n *netFlags) error {
	spec, err := n.spec(objective.NTXent)
	if err != nil {
		return err
	}
	if n.steps < 1 {
		return usage("--steps-per-execution %d: want at least 1", n.steps)
	}
	duration, err := f.start()
	if err != nil {
		return err
	}
	chosen, err := n.open()
	if err != nil {
		return err
	}
	trainer, err := train.New(chosen.Backend, spec, n.how(chosen))
	if err == nil {
		err = trainer.InitRandom()
	}
	if err != nil {
		return err
	}
	batch := train.Batch{Images: randomPixels(2 * spec.Batch * spec.ImageSize * spec.ImageSize * 3)}
	batches := slices.Repeat([]train.Batch{batch}, n.steps)
	steps, speed, err := repeat(ctx, duration, func() error { _, err := trainer.TrainSteps(batches...); return err })
	if err != nil {
		return err
	}
	steps, speed = steps*n.steps, speed.times(float64(n.steps))
	figures := append(n.figures(chosen), figure{"pairs", spec.Batch}, figure{"steps", steps},
		figure{"pairs_per_s", speed.wall * float64(spec.Batch)}, figure{"pairs_per_cpu_s", speed.cpu * float64(spec.Batch)})
	figures = append(figures, figure{"precision", n.compute.precision}, figure{"devices", n.compute.devices},
		figure{"remat", n.remat}, figure{"chunk", n.chunk}, figure{"steps_per_execution", n.steps})
	return f.show(append(figures, operations(chosen, f.cores, float64(spec.StepFLOPs())*speed.wall/1e9)...)...)
}

func benchLabel() *cobra.Command {
	var f benchFlags
	var n netFlags
	cmd := &cobra.Command{
		Use:   "label",
		Short: "The teacher's labelling pass: images per second",
		Long: `Measure inference: a network with random weights over random pixels that lie in
memory. The first two batches are not counted.`,
		Example: `  retort bench label --arch resnet50 --width 1 --size 224 --batch 32 --backend cpu --seconds 10 --json`,
		Args:    noArguments(""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runBenchLabel(cmd.Context(), &f, &n) },
	}
	n.register(cmd, "resnet50", 1, 224, "batch", 32)
	n.compute.registerPrecision(cmd.Flags(), "of the network", backend.Precisions())
	f.register(cmd, cores())
	return cmd
}

func runBenchLabel(ctx context.Context, f *benchFlags, n *netFlags) error {
	spec, err := n.spec(objective.Supervised)
	if err != nil {
		return err
	}
	duration, err := f.start()
	if err != nil {
		return err
	}
	chosen, err := n.open()
	if err != nil {
		return err
	}
	predictor, err := randomPredictor(chosen, spec, n.batch)
	if err != nil {
		return err
	}
	pixels := randomPixels(n.batch * spec.ImageSize * spec.ImageSize * 3)
	batches, speed, err := repeat(ctx, duration, func() error { _, _, err := predictor.Predict(pixels); return err })
	if err != nil {
		return err
	}
	forward := float64(spec.Declaration().FLOPs) * float64(n.batch)
	figures := append(n.figures(chosen), figure{"batch", n.batch}, figure{"batches", batches},
		figure{"images_per_s", speed.wall * float64(n.batch)}, figure{"images_per_cpu_s", speed.cpu * float64(n.batch)})
	figures = append(figures, figure{"precision", n.compute.precision})
	if u, ok := chosen.Int8(); ok {
		figures = append(figures, figure{"convolutions", u.Convolutions}, figure{"convolutions_in_8_bits", u.InBytes})
	}
	return f.show(append(figures, operations(chosen, f.cores, forward*speed.wall/1e9)...)...)
}

func randomPredictor(chosen *backend.Choice, spec train.Spec, batch int) (*train.Predictor, error) {
	trainer, err := train.New(chosen.Backend, spec)
	if err == nil {
		err = trainer.InitRandom()
	}
	if err != nil {
		return nil, err
	}
	c, err := trainer.Checkpoint()
	if err != nil {
		return nil, err
	}
	return train.NewPredictor(chosen.Backend, c, batch, training.Compute(chosen))
}

// repeat does step until the time is over, at least once, after two that are
// not counted: the first compiles, the second settles memory. The rate is of
// steps.
func repeat(ctx context.Context, duration time.Duration, step func() error) (steps int, speed rate, err error) {
	for range 2 {
		if err := step(); err != nil {
			return 0, rate{}, err
		}
	}
	start, used := time.Now(), cpuTime()
	for steps == 0 || time.Since(start) < duration {
		if err := step(); err != nil {
			return 0, rate{}, err
		}
		if steps++; ctx.Err() != nil {
			return 0, rate{}, ctx.Err()
		}
	}
	return steps, rateOf(float64(steps), time.Since(start), cpuTime()-used), nil
}

func randomPixels(n int) []byte {
	rng := rand.NewPCG(1, 1)
	pixels := make([]byte, n)
	for i := range pixels {
		pixels[i] = byte(rng.Uint64() >> 56)
	}
	return pixels
}
