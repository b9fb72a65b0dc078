package train

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/retort-ml/retort/model/nn"
)

// Compute says how a trainer or a predictor computes. It belongs to a machine,
// not to what is trained: checkpoints can be exchanged between all of these. The
// zero value is one device, float32, all activations kept, a step an execution.
type Compute struct {
	// Devices of the backend share each batch: its rows are spread over them, and
	// statistics of batch normalisation, negatives and gradients are those of the
	// whole batch. 0 is 1. The batch must divide by it. (Predictors use one.)
	Devices int
	// BF16 computes convolutions and what lies between them in bfloat16. Weights,
	// statistics, heads, loss, gradients and optimiser stay float32.
	BF16 bool
	// Remat keeps the activations between residual blocks alone and computes the
	// others again for the gradient (gradient checkpointing): less memory for the
	// time of another forward pass, and the same result.
	Remat bool
	// StepsPerExecution is how many steps the backend does in one call; 0 is 1.
	// The result is the same. Between calls lie checkpoints and cancellation.
	StepsPerExecution int
}

func (c Compute) devices() int { return max(1, c.Devices) }
func (c Compute) steps() int   { return max(1, c.StepsPerExecution) }

// options are the forms of layers that suit a backend, for this way to compute.
func (c Compute) options(b compute.Backend) nn.Options {
	o := nn.OptionsFor(b)
	o.BF16, o.Remat = c.BF16, c.Remat
	return o
}

// validate says what does not fit together.
func (c Compute) validate(b compute.Backend, s Spec) error {
	switch n := c.devices(); {
	case c.Devices < 0:
		return fmt.Errorf("devices = %d; want at least 1", c.Devices)
	case c.StepsPerExecution < 0:
		return fmt.Errorf("steps_per_execution = %d; want at least 1", c.StepsPerExecution)
	case n > b.NumDevices():
		return fmt.Errorf("devices = %d; the backend %s has %d", n, b.Name(), b.NumDevices())
	case s.Batch%n != 0:
		return fmt.Errorf("batch = %d does not divide by devices = %d; want a multiple, such as %d", s.Batch, n, max(n, s.Batch/n*n))
	case s.Chunk > 0 && n > 1:
		return fmt.Errorf("chunk = %d is for one device, there are %d: leave chunk away (devices share the batch already) or take one device", s.Chunk, n)
	case s.Chunk > 0 && c.steps() > 1:
		return fmt.Errorf("chunk = %d does not go with steps_per_execution = %d: a step of chunks is several executions; set one of them to 0", s.Chunk, c.StepsPerExecution)
	}
	return nil
}

// replica is the state of a training on one device. All are equal.
type replica struct {
	weights []*tensors.Tensor // of the trainer's vars
	slots   []*tensors.Tensor // what else is carried
}

// shard sets up an execution over all devices: state and scalars are on each of
// them, and the batch's tensors are spread along their axis of images.
func (t *Trainer) shard(perStep int) error {
	n := t.compute.devices()
	if n == 1 {
		return nil
	}
	mesh, err := distributed.NewDeviceMesh([]int{n}, []string{"data"})
	if err != nil {
		return err
	}
	spread := distributed.BuildSpec(mesh)
	if t.compute.steps() > 1 {
		spread = spread.R()
	}
	split, err := spread.S("data").Done()
	if err != nil {
		return err
	}
	whole := distributed.NewReplicatedShardingSpec(mesh)
	specs := make([]*distributed.ShardingSpec, 0, len(t.vars)+len(t.carried)+6)
	for range cap(specs) - 6 + t.scalars() {
		specs = append(specs, whole)
	}
	for range perStep {
		specs = append(specs, split)
	}
	t.exec = t.exec.AutoSharding(mesh).WithInputShardingSpecs(specs...).WithOutputShardingSpecs(whole)
	return nil
}

// scalars is how many inputs of the step's graph stand between state and batch.
func (t *Trainer) scalars() int {
	if t.compute.steps() > 1 {
		return 3 // learning rates, first step, how many steps
	}
	return 2 // learning rate, step
}
