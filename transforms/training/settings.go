package training

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/model/optim"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/pipelines"
)

// Settings is how a stage trains. Its fields are part of the stage's config.
type Settings struct {
	Epochs int // passes over the images, at least 1
	// Batch is how many images a step has (pairs, for contrastive training), at
	// least 2; where there are fewer images, it is their number (see [Settings.For]).
	Batch        int
	Optimizer    string  // lars, momentum, adam or adamw
	LearningRate float64 // base, before scaling by the batch; above 0
	Scaling      string  // linear, sqrt or fixed
	WarmupEpochs float64 // 0 to Epochs
	WeightDecay  float64 // at least 0
	// ClipNorm clips gradients by their global norm; 0 does not.
	ClipNorm float64 `json:",omitempty"`
	// Average is the decay of the weights' averages, which are the network that comes
	// out; 0 is none.
	Average float64 `json:",omitempty"`
	// Chunk, above 0, is how many of a batch's images the network sees at once
	// ([train.Spec]); it divides Batch.
	Chunk int `json:",omitempty"`
	// CheckpointEvery is how many steps lie between two checkpoints that an
	// interrupted training goes on from; 0 is DefaultCheckpointEvery.
	CheckpointEvery int `fingerprint:"-"`
	// KeepCheckpoints is how many of the last checkpoints are kept while the
	// training runs; 0 is DefaultKeepCheckpoints.
	KeepCheckpoints int `fingerprint:"-"`
	// Backend computes: auto, cpu, go, xla:cuda or xla:cpu, and how
	// (backend.With).
	Backend string `fingerprint:"-"`
	// Remat and StepsPerExecution are [train.Compute]'s: they change what a step
	// costs, not what it does.
	Remat             bool `json:",omitempty" fingerprint:"-"`
	StepsPerExecution int  `json:",omitempty" fingerprint:"-"` // 0 is 1
}

// Defaults of Settings.CheckpointEvery and Settings.KeepCheckpoints: of two
// checkpoints one is whole whatever happens to the other.
const (
	DefaultCheckpointEvery = 200
	DefaultKeepCheckpoints = 2
)

// scalings are how the learning rate may follow the batch.
var scalings = []string{optim.LinearScaling, optim.SqrtScaling, optim.FixedScaling}

// Validate reports what is wrong with the settings.
func (s *Settings) Validate() error {
	finite := func(x float64) bool { return x >= 0 && !math.IsInf(x, 0) }
	switch {
	case s.Epochs < 1:
		return fmt.Errorf("Epochs = %d; want at least 1", s.Epochs)
	case s.Batch < 2:
		return fmt.Errorf("Batch = %d; want at least 2", s.Batch)
	case !slices.Contains(optim.Names(), s.Optimizer):
		return fmt.Errorf("Optimizer = %q; want one of %s", s.Optimizer, strings.Join(optim.Names(), ", "))
	case !slices.Contains(scalings, s.Scaling):
		return fmt.Errorf("Scaling = %q; want one of %s", s.Scaling, strings.Join(scalings, ", "))
	case !finite(s.LearningRate) || s.LearningRate == 0:
		return fmt.Errorf("LearningRate = %v; want > 0", s.LearningRate)
	case !finite(s.WeightDecay):
		return fmt.Errorf("WeightDecay = %v; want at least 0", s.WeightDecay)
	case !(s.WarmupEpochs >= 0 && s.WarmupEpochs <= float64(s.Epochs)):
		return fmt.Errorf("WarmupEpochs = %v; want 0 to Epochs = %d", s.WarmupEpochs, s.Epochs)
	case !finite(s.ClipNorm):
		return fmt.Errorf("ClipNorm = %v; want at least 0", s.ClipNorm)
	case !(s.Average >= 0 && s.Average < 1):
		return fmt.Errorf("Average = %v; want 0 (none) or more, below 1", s.Average)
	case s.CheckpointEvery < 0:
		return fmt.Errorf("CheckpointEvery = %d; want at least 0", s.CheckpointEvery)
	case s.StepsPerExecution < 0:
		return fmt.Errorf("StepsPerExecution = %d; want at least 0", s.StepsPerExecution)
	case s.Chunk > 0 && s.StepsPerExecution > 1:
		return fmt.Errorf("Chunk = %d does not go with StepsPerExecution = %d: a step of chunks is several executions", s.Chunk, s.StepsPerExecution)
	case s.KeepCheckpoints < 0:
		return fmt.Errorf("KeepCheckpoints = %d; want at least 0", s.KeepCheckpoints)
	}
	return nil
}

// For returns the settings for a set of n images. A batch larger than the set
// would hold an image twice, which contrastive learning would push away from
// itself: the batch is then the whole set, and the job's manifest says so.
func (s Settings) For(job *pipelines.Job, n int64) (Settings, error) {
	if n < 2 {
		return s, fmt.Errorf("there are %d images to train on; want at least 2", n)
	}
	if int64(s.Batch) > n {
		job.Note("batches are of %d images, not of %d: there are no more images", n, s.Batch)
		s.Batch = int(n)
	}
	return s, nil
}

// Fill sets the parts of spec that follow from the settings and the number of
// images n that an epoch has.
func (s *Settings) Fill(spec *train.Spec, n int64) {
	spec.Batch = s.Batch
	spec.Steps = optim.TotalSteps(s.Epochs, int(n), s.Batch)
	spec.Optimizer = optim.Config{Name: s.Optimizer, WeightDecay: s.WeightDecay}
	switch s.Optimizer {
	case optim.LARS:
		spec.Optimizer = optim.NewLARS(s.WeightDecay)
	case optim.Momentum:
		spec.Optimizer = optim.SGD(s.WeightDecay)
	}
	spec.Optimizer.ClipNorm, spec.Average, spec.Chunk = s.ClipNorm, s.Average, s.Chunk
	spec.Schedule = optim.Schedule{Base: s.LearningRate, Scaling: s.Scaling, WarmupSteps: optim.WarmupSteps(s.WarmupEpochs, int(n), s.Batch)}
}

// compute is how a backend that was opened trains.
func (s *Settings) compute(c *backend.Choice) train.Compute {
	how := Compute(c)
	how.Remat, how.StepsPerExecution = s.Remat, s.StepsPerExecution
	return how
}

// Compute is how a backend that was opened computes, as its name says.
func Compute(c *backend.Choice) train.Compute {
	return train.Compute{Devices: c.Devices, BF16: c.Precision == backend.BF16}
}

func (s *Settings) checkpointEvery() int {
	if s.CheckpointEvery == 0 {
		return DefaultCheckpointEvery
	}
	return s.CheckpointEvery
}

func (s *Settings) keepCheckpoints() int {
	if s.KeepCheckpoints == 0 {
		return DefaultKeepCheckpoints
	}
	return s.KeepCheckpoints
}

// StageVersion is 2 since the CPU engine computes gradients by other kernels; at 1 the
// data began to come in the order of blocks. A stage that has Settings has its version,
// unless it has one of its own.
func (s *Settings) StageVersion() int { return 2 }
