package train

import (
	"context"
	"errors"
	"fmt"
	"time"

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

// ErrEnough, as the error of [Hooks.Step], ends a training early and well. An execution
// of several steps is to have ended there ([Hooks.Looks]).
var ErrEnough = errors.New("the training has gone far enough")

// Hooks are called from Fit, in its goroutine. Nil ones are left out. An error
// ends the training.
type Hooks struct {
	Step func(Metrics) error // after every step
	// Checkpoint gets the state after every CheckpointEvery steps (0: never), and
	// when the context is cancelled; not at the end.
	CheckpointEvery int
	Checkpoint      func(*checkpoint.Checkpoint) error
	// Looks, if set, says whether Step wants the state just after a step (steps
	// count from 0): an execution of several steps ends there. It is called ahead,
	// from another goroutine.
	Looks func(step int) bool
}

// Fit trains from the current step to the specification's last. While a step
// computes, the next two batches are prepared. On cancellation it returns the
// context's error after the execution at hand.
func (t *Trainer) Fit(ctx context.Context, data Data, on Hooks) error {
	if t.replicas == nil {
		return errNoWeights
	}
	if t.step >= t.task.Steps {
		return nil
	}
	batches, stop := t.prefetch(data, on)
	defer stop()
	for t.step < t.task.Steps {
		began := time.Now()
		p, err := next(ctx, batches)
		waited := time.Since(began)
		if err != nil {
			return t.interrupted(ctx, err, on)
		}
		steps, err := t.run(p)
		took := time.Since(began)
		for _, m := range steps {
			m.ImagesPerSecond = float64(len(steps)*t.task.Batch) / took.Seconds()
			m.DataWaitShare = waited.Seconds() / took.Seconds()
			if err := t.report(m, on); errors.Is(err, ErrEnough) {
				return nil
			} else if err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ahead is how many steps the execution that begins with step has: up to those
// of [Compute], and none beyond a checkpoint, a look or the end.
func (t *Trainer) ahead(step int, on Hooks) (n int) {
	for n = 1; n < t.compute.steps() && step+n < t.task.Steps; n++ {
		if on.CheckpointEvery > 0 && (step+n)%on.CheckpointEvery == 0 || on.Looks != nil && on.Looks(step+n-1) {
			break
		}
	}
	return n
}

// report calls the hooks after a step.
func (t *Trainer) report(m Metrics, on Hooks) error {
	if on.Step != nil {
		if err := on.Step(m); err != nil {
			return err
		}
	}
	if done := m.Step + 1; on.CheckpointEvery > 0 && done%on.CheckpointEvery == 0 && done < t.task.Steps {
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

// prefetch prepares batches ahead: those of an execution wait on the backend
// while others are put together, so that a slow batch is made up for by a fast
// one. stop ends it and waits for it.
func (t *Trainer) prefetch(data Data, on Hooks) (batches <-chan prepared, stop func()) {
	c, quit, done := make(chan prepared, 1), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		defer close(c)
		step := t.step
		want, g := t.ahead(step, on), t.group()
		for b, err := range data(step) {
			if err == nil {
				err = g.add(b)
			}
			if err == nil && g.n < want {
				continue
			}
			p := prepared{err: err}
			if err == nil {
				p = g.put(t.backend)
			}
			select {
			case c <- p:
			case <-quit:
				p.release()
				return
			}
			if step += want; step >= t.task.Steps || p.err != nil {
				return
			}
			want, g = t.ahead(step, on), t.group()
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

func (t *Trainer) group() *group { return &group{task: t.task, compute: t.compute} }

// TrainStep does one step on one batch, without a data pipeline.
func (t *Trainer) TrainStep(b Batch) (Metrics, error) {
	if t.replicas == nil {
		return Metrics{}, errNoWeights
	}
	steps, err := t.TrainSteps(b)
	if len(steps) == 0 {
		return Metrics{}, err
	}
	return steps[0], err
}

// TrainSteps does a step on each of some batches, at most as many as [Compute]
// says, in one execution.
func (t *Trainer) TrainSteps(batches ...Batch) ([]Metrics, error) {
	if t.replicas == nil {
		return nil, errNoWeights
	}
	g := t.group()
	for _, b := range batches {
		if err := g.add(b); err != nil {
			return nil, fmt.Errorf("train: step %d: %w", t.step, err)
		}
	}
	if g.n < 1 || g.n > t.compute.steps() {
		return nil, fmt.Errorf("train: %d batches for an execution; want 1 to %d", g.n, t.compute.steps())
	}
	p := g.put(t.backend)
	if p.err != nil {
		return nil, fmt.Errorf("train: step %d: %w", t.step, p.err)
	}
	return t.run(p)
}
