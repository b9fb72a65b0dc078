package pipelines

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// executeSteps runs steps until all are done or, unless the graph keeps going, one
// failed.
func (g *Graph) executeSteps(ctx context.Context, steps []Step, runner Runner, reporter Reporter) ([]Result, error) {
	var results []Result
	var errs []error
	failed := map[*node]bool{} // where the graph keeps going
	for len(steps) > 0 {
		if broken := steps[0].node.brokenInput(failed); broken != nil {
			name := steps[0].Name
			results = append(results, Result{Name: name, State: Run, Err: fmt.Errorf("%s: not run, since %s failed", name, broken.name)})
			steps = steps[1:]
			continue
		}
		done, err := g.executeNext(ctx, steps, runner, reporter, failed)
		if err != nil {
			return results, err
		}
		for i, r := range done {
			results = append(results, r)
			reporter.Finished(r)
			switch {
			case r.Err == nil:
			case !g.keepGoing || ctx.Err() != nil || errors.Is(r.Err, context.Canceled):
				return results, r.Err
			default:
				failed[steps[i].node] = true
				errs = append(errs, r.Err)
			}
		}
		steps = steps[len(done):]
	}
	return results, errors.Join(errs...)
}

// executeNext keeps or runs the first of steps, with those that can share its job,
// and returns what became of them. The error is that nobody knows what to do.
func (g *Graph) executeNext(ctx context.Context, steps []Step, runner Runner, reporter Reporter, failed map[*node]bool) ([]Result, error) {
	step := &steps[0]
	if err := g.replan(ctx, step, reporter); err != nil {
		return nil, err
	}
	r := Result{Name: step.Name, State: step.State, Manifest: step.Manifest}
	if step.State == Keep {
		r.Err = tidy(step.Dir)
		return []Result{r}, nil
	}
	if p, ok := runner.(Provider); ok {
		together, err := g.together(ctx, steps, failed)
		if err != nil {
			return nil, err
		}
		return g.executeJoined(ctx, together, p, reporter), nil
	}
	reporter.Started(step.Name)
	start := time.Now()
	r.Manifest, r.Err = g.executeStep(ctx, step, runner, reporter)
	r.Seconds = time.Since(start).Seconds()
	step.node.manifest = r.Manifest
	return []Result{r}, nil
}

// inOurWords does work for stages and puts its error into our words: the first that a
// bundle failed with, or the one that made them be given up.
func inOurWords(ctx context.Context, stages []*running, work func(context.Context) error) error {
	working, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	for _, r := range stages {
		r.mu.Lock()
		r.giveUp = giveUp
		r.mu.Unlock()
	}
	err := work(working)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err == nil {
		return nil
	}
	err = unwrapped(err)
	stage := stages[0].stage
	if cause := context.Cause(working); cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	for _, r := range stages {
		if first := r.failure(); first != nil {
			stage = r.stage
			if errors.Is(context.Cause(working), first) {
				break // it says how often, too
			}
			err = first
			break
		}
	}
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	return prefixed(stage, err)
}
