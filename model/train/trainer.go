package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/nn"
)

// Trainer fits one network. It is not safe for concurrent use.
type Trainer struct {
	backend compute.Backend
	task    task
	compute Compute
	options nn.Options
	exec    *graph.Exec
	chunked *chunked // in place of exec, where the specification wants it
	traffic Traffic

	vars      []nn.Variable
	trained   []int // indices of the variables that the optimiser changes
	changed   []int // indices of those that a step changes
	slotNames []string
	carried   []carried // beside the weights
	reported  []string  // names of what a step's vector of figures holds

	step     int
	replicas []replica        // the state on each device; none until initialised
	state    checkpoint.State // class names, cursor, fingerprints: carried along
}

// New prepares a training. The backend stays the caller's. how, at most one, says
// how to compute.
func New(b compute.Backend, spec Spec, how ...Compute) (*Trainer, error) {
	if b == nil {
		return nil, errors.New("train: no backend")
	}
	if err := spec.Validate(); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	resolved, err := spec.resolve()
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	t := &Trainer{backend: b, task: resolved, slotNames: spec.Optimizer.Slots(), reported: resolved.reported()}
	for _, c := range how {
		t.compute = c
	}
	if err := t.compute.validate(b, spec); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	t.options = t.compute.options(b)
	t.vars = spec.Declaration().Variables
	for i, v := range t.vars {
		if resolved.trains(v) {
			t.trained = append(t.trained, i)
		}
		if resolved.changes(v) {
			t.changed = append(t.changed, i)
		}
	}
	t.carried = t.carry()
	if spec.Chunk > 0 {
		t.chunked, err = newChunked(t)
	} else {
		err = t.whole()
	}
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return t, nil
}

// whole prepares an execution of whole steps.
func (t *Trainer) whole() (err error) {
	build, tensorsOfABatch := t.stepGraph, 2
	if t.compute.steps() > 1 {
		build = t.stepsGraph
	}
	if t.task.needs.Targets {
		tensorsOfABatch++
	}
	if t.exec, err = graph.NewExec(t.backend, build); err != nil {
		return err
	}
	return t.shard(tensorsOfABatch)
}

// Spec is the specification that the trainer was made with.
func (t *Trainer) Spec() Spec { return t.task.Spec }

// Step is the number of updates done so far.
func (t *Trainer) Step() int { return t.step }

// State is what the trainer's checkpoints hold beside weights, step, seed and
// specification: callers put class names, cursor, fingerprints and notes here.
func (t *Trainer) State() *checkpoint.State { return &t.state }

// InitRandom starts from weights drawn by the specification's seed, the same
// on every backend.
func (t *Trainer) InitRandom() error {
	return t.start(func(v nn.Variable) ([]float32, error) { return v.Draw(t.task.Seed), nil })
}

// InitFrom starts from another training's network: encoder, moving statistics
// and the layers of the projection head that the specification keeps. The
// supervised head starts at zero (an online probe: anew), the optimiser and the
// step too.
func (t *Trainer) InitFrom(c *checkpoint.Checkpoint) error {
	from, err := parseSpec(c.Spec)
	if err != nil {
		return err
	}
	if from.Arch != t.task.Arch {
		return fmt.Errorf("train: the checkpoint holds a %s, the specification wants a %s", from.Arch, t.task.Arch)
	}
	c = Averaged(c)
	return t.start(func(v nn.Variable) ([]float32, error) {
		switch {
		case supervised(v.Name) && t.task.watched():
			return v.Draw(t.task.Seed), nil
		case supervised(v.Name):
			return make([]float32, v.Size()), nil
		}
		w := c.Find(v.Name)
		if w == nil || !slices.Equal(w.Shape, v.Shape) {
			return nil, fmt.Errorf("train: the checkpoint (%s) has no variable %s, which this training needs (%s): use the checkpoint's head_layers and image_size, or a lower selector", from.shape(), v, t.task.shape())
		}
		return w.Data, nil
	})
}

// shape says for people what decides a network's variables.
func (s Spec) shape() string {
	return fmt.Sprintf("%s, %s, %d pixels, %d head layers, selector %d", s.Objective, s.Arch, s.ImageSize, s.HeadLayers, s.Selector)
}

// start sets all weights, and an optimiser without a past.
func (t *Trainer) start(value func(v nn.Variable) ([]float32, error)) error {
	first := make([][]float32, len(t.vars))
	for i, v := range t.vars {
		data, err := value(v)
		if err != nil {
			return err
		}
		first[i] = data
	}
	t.replicas, t.step = nil, 0
	for range t.compute.devices() {
		var r replica
		for i, v := range t.vars {
			r.weights = append(r.weights, tensors.FromFlatDataAndDimensions(first[i], v.Shape...))
		}
		for _, x := range t.carried {
			data := make([]float32, checkpoint.Tensor{Shape: x.shape}.Size())
			if x.from >= 0 {
				data = slices.Clone(first[x.from])
			}
			r.slots = append(r.slots, tensors.FromFlatDataAndDimensions(data, x.shape...))
		}
		t.replicas = append(t.replicas, r)
	}
	return nil
}

// Resume takes up a training where a checkpoint of it was made: weights,
// optimiser, step. The checkpoint's specification must be the trainer's.
func (t *Trainer) Resume(c *checkpoint.Checkpoint) error {
	want, err := json.Marshal(t.task.Spec)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	from, err := parseSpec(c.Spec)
	if err != nil {
		return err
	}
	if got, err := json.Marshal(from); err != nil || string(got) != string(want) {
		return fmt.Errorf("train: the checkpoint was made with another specification, so this training cannot go on from it (start anew, or use InitFrom): it has %s, this is %s", got, want)
	}
	if c.Step < 0 || c.Step > t.task.Steps {
		return fmt.Errorf("train: the checkpoint is of step %d, the training has %d steps", c.Step, t.task.Steps)
	}
	err = t.start(func(v nn.Variable) ([]float32, error) { return values(c.Weights, v.Name, v.Shape) })
	if err != nil {
		return err
	}
	for k, x := range t.carried {
		data, err := values(c.Optimizer, x.name, x.shape)
		if err != nil {
			return err
		}
		for _, r := range t.replicas {
			r.slots[k] = tensors.FromFlatDataAndDimensions(data, x.shape...)
		}
	}
	t.step, t.state = c.Step, c.State
	return nil
}

func values(in []checkpoint.Tensor, name string, shape []int) ([]float32, error) {
	i := slices.IndexFunc(in, func(x checkpoint.Tensor) bool { return x.Name == name })
	if i < 0 || !slices.Equal(in[i].Shape, shape) {
		return nil, fmt.Errorf("train: the checkpoint has no tensor %q of shape %v", name, shape)
	}
	return in[i].Data, nil
}

// Checkpoint copies the whole state.
func (t *Trainer) Checkpoint() (*checkpoint.Checkpoint, error) {
	if t.replicas == nil {
		return nil, errNoWeights
	}
	first := t.replicas[0]
	spec, err := json.Marshal(t.task.Spec)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	c := &checkpoint.Checkpoint{State: t.state}
	c.Spec, c.Step, c.Seed = spec, t.step, t.task.Seed
	for _, x := range append(slices.Clone(first.weights), first.slots...) {
		t.traffic.Checkpoints += x.ByteSize()
	}
	for i, v := range t.vars {
		if c.Weights, err = appendTensor(c.Weights, v.Name, v.Shape, first.weights[i]); err != nil {
			return nil, err
		}
	}
	for k, x := range t.carried {
		if c.Optimizer, err = appendTensor(c.Optimizer, x.name, x.shape, first.slots[k]); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func appendTensor(to []checkpoint.Tensor, name string, shape []int, from *tensors.Tensor) ([]checkpoint.Tensor, error) {
	data, err := tensors.CopyFlatData[float32](from)
	if err != nil {
		return nil, fmt.Errorf("train: cannot copy %s from the backend: %w", name, err)
	}
	return append(to, checkpoint.Tensor{Name: name, Shape: shape, Data: data}), nil
}

var errNoWeights = errors.New("train: no weights yet: call InitRandom, InitFrom or Resume first")

// notFinite explains a loss that is no number.
func notFinite(step int, loss, lr float64) error {
	if !math.IsNaN(loss) && !math.IsInf(loss, 0) {
		return nil
	}
	return fmt.Errorf("train: step %d: the loss is %v at learning rate %.4g: lower the learning rate, lengthen the warmup, or raise the temperature; then go on from the last checkpoint", step, loss, lr)
}
