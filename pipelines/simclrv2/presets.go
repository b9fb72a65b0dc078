package simclrv2

import (
	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/pipelines/config"
	"github.com/retort-ml/retort/transforms/training"
	"github.com/retort-ml/retort/transforms/views/augment"
)

// Default is the paper's recipe for ImageNet-sized images, before a preset
// scales it to a machine.
func Default() Config {
	c := Config{
		Labels: "folder", TestLabels: "folder", Seed: 1, Size: 224, Backend: "auto",
		Ingest:   IngestConfig{MaxPixels: 100_000_000, MaxRejected: 0.01},
		Split:    SplitConfig{Fraction: 0.01, TestFraction: 0.1},
		Views:    ViewsConfig{Augmentation: "simclrv2", Passes: 4, Strength: 1, Brightness: "simclrv2", Resize: "tf2", Compression: "none", Store: "pixels", ShardMB: 128, Extras: augment.DefaultExtras()},
		Teacher:  NetConfig{Arch: "resnet50", Width: 1},
		Student:  NetConfig{Arch: "resnet50", Width: 1},
		Evaluate: EvaluateConfig{KNN: 20, Batch: 64, Linear: linearNone, LinearEpochs: 90, LinearLearningRate: 0.1},
	}
	c.Pretrain = PretrainConfig{
		OptimConfig: OptimConfig{Epochs: 800, Batch: 4096, Optimizer: "lars", LearningRate: 0.1, Scaling: "sqrt", WarmupEpochs: 40, WeightDecay: 1e-4, CheckpointEvery: 500},
		Objective:   Objective(objective.NTXent), Temperature: 0.1, HeadLayers: 3, HeadDim: 128,
	}
	c.Finetune = FinetuneConfig{
		OptimConfig: OptimConfig{Epochs: 60, Batch: 1024, Optimizer: "lars", LearningRate: 0.005, Scaling: "sqrt", CheckpointEvery: 500},
		Selector:    1, Passes: 16,
	}
	c.Baseline = BaselineConfig{
		OptimConfig: OptimConfig{Epochs: 90, Batch: 4096, Optimizer: "momentum", LearningRate: 0.1, Scaling: "linear", WarmupEpochs: 5, WeightDecay: 1e-4, CheckpointEvery: 500},
	}
	c.Distill = DistillConfig{
		OptimConfig: OptimConfig{Epochs: 400, Batch: 4096, Optimizer: "lars", LearningRate: 0.1, Scaling: "sqrt", WarmupEpochs: 20, WeightDecay: 1e-4, CheckpointEvery: 500},
		Temperature: 1, Alpha: 1, Passes: 4,
	}
	for _, stop := range []*StopConfig{&c.Finetune.StopConfig, &c.Baseline.StopConfig, &c.Distill.StopConfig} {
		stop.StopBy = training.ByLoss
	}
	c.Distill.LabelPrecision = backend.F32
	return c
}

// Preset is a named recipe.
type Preset = config.Preset[Config]

// Presets by name, in the order in which they are listed to people.
var Presets = []Preset{
	{Name: "smoke", Doc: "the whole graph on 400 small images in under a minute: a check, not a result", Make: Smoke},
	{Name: "demo", Doc: "the made-up shapes of `retort synth`: shows the method within minutes on 2 cores", Make: Demo},
	{Name: "cifar10-small", Doc: "a subset of CIFAR-10, narrow ResNet-18: tens of minutes on a CPU", Make: CIFAR10Small},
	{Name: "cifar10-cpu", Doc: "all of CIFAR-10, 1 % of the labels, narrow ResNet-18: an hour or two on 2 cores", Make: CIFAR10CPU},
	{Name: "cifar10", Doc: "CIFAR-10 as in the paper's code: ResNet-18, 1000 epochs, temperature 0.5: a GPU", Make: CIFAR10},
	{Name: "one-gpu", Doc: "ResNet-50 at 224 px with a batch that fits one GPU", Make: OneGPU},
	{Name: "imagenet-r50", Doc: "ResNet-50 as in the paper: 800 epochs, batch 4096", Make: Default},
	{Name: "imagenet-r152-3x-sk", Doc: "the paper's largest: ResNet-152, width 3, selective kernels, distilled into a ResNet-50", Make: ImageNetR152},
}

// small is what the presets for CPUs and 32 px images share.
func small() Config {
	c := Default()
	c.Size = 32
	c.Split = SplitConfig{Fraction: 0.1, TestFraction: 0.2}
	c.Views.Strength, c.Views.ShardMB = 0.5, 32
	c.Teacher = NetConfig{Arch: "resnet18", Width: 0.25}
	c.Student = NetConfig{Arch: "resnet18", Width: 0.25}
	c.Pretrain.Temperature = 0.5
	c.Pretrain.CheckpointEvery, c.Finetune.CheckpointEvery = 50, 50
	c.Baseline.CheckpointEvery, c.Distill.CheckpointEvery = 50, 50
	c.Evaluate.Batch = 128
	return c
}

// Smoke runs every stage on 400 images for a few steps.
func Smoke() Config {
	c := small()
	c.Ingest.MaxImages = 400
	c.Teacher.Width, c.Student.Width = 0.125, 0.125
	c.Views.Passes, c.Finetune.Passes, c.Distill.Passes = 2, 2, 1
	c.Pretrain.Epochs, c.Pretrain.Batch, c.Pretrain.WarmupEpochs = 2, 32, 1
	c.Finetune.Epochs, c.Finetune.Batch = 4, 16
	c.Baseline.Epochs, c.Baseline.Batch, c.Baseline.WarmupEpochs = 4, 16, 1
	c.Distill.Epochs, c.Distill.Batch, c.Distill.WarmupEpochs = 2, 32, 1
	return c
}

// adam is the optimiser of the presets for CPUs: a few hundred steps are too
// few for LARS at small batches.
func adam(o *OptimConfig, rate float64) {
	o.Optimizer, o.LearningRate, o.Scaling, o.WeightDecay = "adam", rate, "none", 0
}

// Demo shows the method on `retort synth` images within minutes: the patterns
// of printed cloth, four labels a class. It takes about 4 minutes of processor
// time, and gives 35 % (supervised), 53 % (fine-tuned) and 53 % (distilled, a
// quarter of the parameters) in the mean of 3 seeds (docs/results.md).
//
//	make demo
func Demo() Config {
	c := small()
	c.Teacher.Width, c.Student.Width = 0.25, 0.125
	c.Split = SplitConfig{PerClass: 4, TestFraction: 0.2}
	c.Views.Passes, c.Finetune.Passes, c.Distill.Passes = 12, 24, 6
	c.Pretrain.Temperature = 0.2 // the author's advice for small batches
	c.Pretrain.Epochs, c.Pretrain.Batch, c.Pretrain.WarmupEpochs = 16, 64, 2
	c.Finetune.Epochs, c.Finetune.Batch = 120, 32
	c.Baseline.Epochs, c.Baseline.Batch, c.Baseline.WarmupEpochs = 120, 32, 5
	c.Distill.Epochs, c.Distill.Batch, c.Distill.WarmupEpochs = 16, 64, 1
	c.Distill.Temperature = 0.1
	adam(&c.Pretrain.OptimConfig, 0.003)
	adam(&c.Finetune.OptimConfig, 0.0005)
	adam(&c.Baseline.OptimConfig, 0.01) // the best of 0.001, 0.003 and 0.01
	adam(&c.Distill.OptimConfig, 0.003)
	return c
}

// CIFAR10Small fits a CPU: half an hour of processor time, and 24 % (supervised),
// 32 % (fine-tuned) and 32 % (distilled) with 80 labels (docs/results.md).
//
//	retort run --preset cifar10-small --images cifar10-train.tar --labels folder --out RUN
func CIFAR10Small() Config {
	c := small()
	c.Ingest.MaxImages = 10_000
	c.Split = SplitConfig{Fraction: 0.01, TestFraction: 0.2}
	c.Views.Passes, c.Finetune.Passes, c.Distill.Passes = 12, 24, 4
	c.Pretrain.Temperature = 0.2
	c.Pretrain.Epochs, c.Pretrain.Batch, c.Pretrain.WarmupEpochs = 40, 128, 2
	c.Finetune.Epochs, c.Finetune.Batch = 120, 32
	c.Baseline.Epochs, c.Baseline.Batch, c.Baseline.WarmupEpochs = 120, 32, 5
	c.Distill.Epochs, c.Distill.Batch, c.Distill.WarmupEpochs = 20, 128, 1
	c.Distill.Temperature = 0.1 // self-distillation
	adam(&c.Pretrain.OptimConfig, 0.002)
	adam(&c.Finetune.OptimConfig, 0.0005)
	adam(&c.Baseline.OptimConfig, 0.003)
	adam(&c.Distill.OptimConfig, 0.003)
	return c
}

// CIFAR10CPU is the method on all of CIFAR-10 within an hour or two of two
// cores: 1 % of the labels, the reference's augmentation (strength 0.5, no
// blur) and temperature 0.2, its author's advice for small batches. 40 epochs
// over 45,000 images are 1.8 million pairs, at some 500 a second an hour; views
// are stored as recipes, of which every epoch has its own. Both trainings on
// labels see as many views of each image.
//
//	retort run --preset cifar10-cpu --images cifar10-train.tar --labels folder --out RUN
func CIFAR10CPU() Config {
	c := small()
	c.Split = SplitConfig{Fraction: 0.01, TestFraction: 0.1}
	c.Views.Store = "recipe"
	c.Views.Passes, c.Finetune.Passes, c.Distill.Passes = 40, 60, 5
	c.Pretrain.Temperature = 0.2
	c.Pretrain.Epochs, c.Pretrain.Batch, c.Pretrain.WarmupEpochs = 40, 256, 2
	c.Finetune.Epochs, c.Finetune.Batch = 60, 64
	c.Baseline.Epochs, c.Baseline.Batch, c.Baseline.WarmupEpochs = 120, 64, 5
	c.Distill.Epochs, c.Distill.Batch, c.Distill.WarmupEpochs = 10, 128, 1
	c.Distill.Temperature = 0.1 // self-distillation
	c.Pretrain.CheckpointEvery, c.Distill.CheckpointEvery = 200, 200
	adam(&c.Pretrain.OptimConfig, 0.003)
	adam(&c.Finetune.OptimConfig, 0.0005)
	adam(&c.Baseline.OptimConfig, 0.003)
	adam(&c.Distill.OptimConfig, 0.003)
	return c
}

// CIFAR10 is the reference's CIFAR-10 recipe (section B.9 of SimCLR).
func CIFAR10() Config {
	c := small()
	c.Teacher.Width, c.Student.Width = 1, 1
	c.Split = SplitConfig{Fraction: 0.01, TestFraction: 0.1}
	c.Views.Passes, c.Views.ShardMB = 64, 128
	c.Pretrain.OptimConfig = OptimConfig{Epochs: 1000, Batch: 512, Optimizer: "lars", LearningRate: 1, Scaling: "linear", WarmupEpochs: 10, WeightDecay: 1e-4, CheckpointEvery: 500}
	c.Finetune.Epochs, c.Finetune.Batch, c.Finetune.Passes = 100, 256, 64
	c.Baseline.Epochs, c.Baseline.Batch, c.Baseline.WarmupEpochs = 200, 256, 5
	c.Distill.OptimConfig = c.Pretrain.OptimConfig
	c.Distill.Epochs, c.Distill.Passes = 400, 32
	return c
}

// OneGPU is ResNet-50 at 224 px in batches of 256 (the author's advice for
// small batches: temperature 0.2, square-root scaling).
func OneGPU() Config {
	c := Default()
	c.Pretrain.Batch, c.Pretrain.Epochs, c.Pretrain.WarmupEpochs, c.Pretrain.Temperature = 256, 200, 10, 0.2
	c.Finetune.Batch, c.Baseline.Batch = 256, 256
	c.Distill.Batch, c.Distill.Epochs, c.Distill.WarmupEpochs = 256, 100, 5
	return c
}

// ImageNetR152 is the paper's largest teacher.
func ImageNetR152() Config {
	c := Default()
	c.Teacher = NetConfig{Arch: "resnet152", Width: 3, SK: true}
	c.Finetune.LearningRate = 0.002
	return c
}
