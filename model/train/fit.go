package train

import (
	"context"
	"fmt"
	"time"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/retort-ml/retort/model/checkpoint"
)

// Metrics are the figures of one step, taken before its update.
type Metrics struct {
	Step int `json:"step"` // counts from 0
	// Loss is the objective's: without weight decay, without the probe's.
	Loss float64 `json:"loss"`
	// Figures are the objective's, by name. One that is no number, such as a mean
	// over nothing, is left out.
	Figures      map[string]float64 `json:"figures"`
	LearningRate float64            `json:"learning_rate"`
	WeightDecay  float64            `json:"weight_decay"` // the part of it that is in the loss
	// ProbeLoss and ProbeAccuracy are the online linear probe's ([Spec.Watched]),
	// over the batch's labelled images.
	ProbeLoss     float64 `json:"probe_loss,omitempty"`
	ProbeAccuracy float64 `json:"probe_accuracy,omitempty"`
	// ImagesPerSecond counts the step's images (not their views) over its whole
	// time, waiting included; DataWaitShare is the share of that time spent
	// waiting for the batch.
	ImagesPerSecond float64 `json:"images_per_second"`
	DataWaitShare   float64 `json:"data_wait_share"`
}

// Hooks are called from Fit, in its goroutine. Nil ones are left out. An error
// ends the training.
type Hooks struct {
	Step func(Metrics) error // after every step
	// Checkpoint gets the state after every CheckpointEvery steps (0: never), and
	// when the context is cancelled; not at the end.
	CheckpointEvery int
	Checkpoint      func(*checkpoint.Checkpoint) error
}

// Fit trains from the current step to the specification's last. While a step
// computes, the next two batches are prepared. On cancellation it returns the
// context's error after the step at hand.
func (t *Trainer) Fit(ctx context.Context, data Data, on Hooks) error {
	if t.weights == nil {
		return errNoWeights
	}
	if t.step >= t.task.Steps {
		return nil
	}
	batches, stop := t.prefetch(data)
	defer stop()
	for t.step < t.task.Steps {
		began := time.Now()
		p, err := next(ctx, batches)
		waited := time.Since(began)
		if err != nil {
			return t.interrupted(ctx, err, on)
		}
		m, err := t.run(p)
		if err != nil {
			return err
		}
		took := time.Since(began)
		m.ImagesPerSecond = float64(t.task.Batch) / took.Seconds()
		m.DataWaitShare = waited.Seconds() / took.Seconds()
		if err := t.report(m, on); err != nil {
			return err
		}
	}
	return nil
}

// report calls the hooks after a step.
func (t *Trainer) report(m Metrics, on Hooks) error {
	if on.Step != nil {
		if err := on.Step(m); err != nil {
			return err
		}
	}
	if on.CheckpointEvery > 0 && t.step%on.CheckpointEvery == 0 && t.step < t.task.Steps {
		return t.keep(on)
	}
	return nil
}

func (t *Trainer) keep(on Hooks) error {
	if on.Checkpoint == nil {
		return nil
	}
	c, err := t.Checkpoint()
	if err != nil {
		return err
	}
	return on.Checkpoint(c)
}

// interrupted ends a training early: on cancellation it keeps the state first.
func (t *Trainer) interrupted(ctx context.Context, err error, on Hooks) error {
	if ctx.Err() == nil {
		return fmt.Errorf("train: step %d: %w", t.step, err)
	}
	if kept := t.keep(on); kept != nil {
		return fmt.Errorf("%w; and its checkpoint could not be kept: %w", ctx.Err(), kept)
	}
	return ctx.Err()
}

// next waits for a batch. Cancellation goes first.
func next(ctx context.Context, batches <-chan prepared) (prepared, error) {
	select {
	case <-ctx.Done():
		return prepared{}, ctx.Err()
	default:
	}
	select {
	case <-ctx.Done():
		return prepared{}, ctx.Err()
	case p, ok := <-batches:
		if !ok {
			return p, fmt.Errorf("the data ended before the training did (they must repeat)")
		}
		return p, p.err
	}
}

// prefetch prepares batches ahead: one waits on the backend while another is
// put together, so that a slow batch is made up for by a fast one. stop ends it
// and waits for it.
func (t *Trainer) prefetch(data Data) (batches <-chan prepared, stop func()) {
	c, quit, done := make(chan prepared, 1), make(chan struct{}), make(chan struct{})
	step, left := t.step, t.task.Steps-t.step
	go func() {
		defer close(done)
		defer close(c)
		for b, err := range data(step) {
			p := prepared{err: err}
			if err == nil {
				p = t.task.prepare(t.backend, b)
			}
			select {
			case c <- p:
			case <-quit:
				p.release()
				return
			}
			if left--; left == 0 || p.err != nil {
				return
			}
		}
	}()
	return c, func() {
		close(quit)
		<-done
		for p := range c {
			p.release()
		}
	}
}

// TrainStep does one step on one batch, without a data pipeline.
func (t *Trainer) TrainStep(b Batch) (Metrics, error) {
	if t.weights == nil {
		return Metrics{}, errNoWeights
	}
	p := t.task.prepare(t.backend, b)
	if p.err != nil {
		return Metrics{}, fmt.Errorf("train: step %d: %w", t.step, p.err)
	}
	return t.run(p)
}

// run does one step and takes over its new state.
func (t *Trainer) run(p prepared) (Metrics, error) {
	defer p.release()
	s := t.task
	lr := s.Schedule.At(t.step, s.Batch, s.Steps)
	var out []*tensors.Tensor
	err := guard(func() error {
		args, err := t.arguments(p, lr)
		if err == nil {
			out, err = t.exec.Call(args...)
		}
		return err
	})
	if err != nil {
		return Metrics{}, fmt.Errorf("train: step %d: %w", t.step, err)
	}
	for k, i := range t.changed {
		t.weights[i] = out[k]
	}
	t.slots = out[len(t.changed) : len(out)-1]
	vector, err := tensors.CopyFlatData[float32](out[len(out)-1])
	var m Metrics
	if err == nil {
		m, err = t.metrics(vector)
	}
	if err != nil {
		return Metrics{}, fmt.Errorf("train: step %d: cannot read its metrics: %w", t.step, err)
	}
	m.LearningRate = lr
	t.step++
	return m, notFinite(m.Step, m.Loss+m.WeightDecay, lr) // a probe that diverges harms nobody
}

// arguments are the step graph's inputs. What the step replaces is donated.
func (t *Trainer) arguments(p prepared, lr float64) ([]any, error) {
	args := make([]any, 0, len(t.weights)+len(t.slots)+5)
	for _, w := range t.weights {
		args = append(args, w)
	}
	for _, i := range t.changed {
		d, err := graph.DonateTensorBuffer(t.weights[i], t.backend, 0)
		if err != nil {
			return nil, err
		}
		args[i] = d
	}
	for _, s := range t.slots {
		d, err := graph.DonateTensorBuffer(s, t.backend, 0)
		if err != nil {
			return nil, err
		}
		args = append(args, d)
	}
	args = append(args, float32(lr), float32(t.step))
	for _, b := range p.tensors {
		args = append(args, b)
	}
	return args, nil
}
