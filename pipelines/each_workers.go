package pipelines

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// worker is one instance of each stage, for one goroutine at a time.
type worker struct {
	links  []link
	stages []any
}

// workers are the instances of a shard, made as they are needed: as many as
// goroutines work on it.
type workers struct {
	each   *each
	job    *Job
	mu     sync.Mutex
	free   []*worker
	all    []*worker
	failed error // of the first Setup that failed
}

// get hands out an instance; nil once one could not be made.
func (ws *workers) get(ctx context.Context) *worker {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.failed != nil {
		return nil
	}
	if n := len(ws.free); n > 0 {
		w := ws.free[n-1]
		ws.free = ws.free[:n-1]
		return w
	}
	w := &worker{links: ws.each.links}
	ws.all = append(ws.all, w) // before Setup: Teardown undoes a half one too
	if ws.failed = w.setup(ctx, ws.each, ws.job); ws.failed != nil {
		return nil
	}
	return w
}

func (ws *workers) put(w *worker) {
	ws.mu.Lock()
	ws.free = append(ws.free, w)
	ws.mu.Unlock()
}

func (w *worker) setup(ctx context.Context, e *each, job *Job) error {
	for _, l := range w.links {
		stage, err := l.step.decode(l.config)
		if err != nil {
			return err
		}
		w.stages = append(w.stages, stage)
		if s, ok := stage.(Setup); ok {
			if err := s.Setup(ctx, job); err != nil {
				return fmt.Errorf("setup: %w", e.blame(l, err))
			}
		}
	}
	return nil
}

func (w *worker) teardown() error {
	var errs []error
	for _, stage := range w.stages {
		if t, ok := stage.(Teardown); ok {
			errs = append(errs, t.Teardown())
		}
	}
	return errors.Join(errs...)
}

func (ws *workers) teardown() error {
	var errs []error
	for _, w := range ws.all {
		errs = append(errs, w.teardown())
	}
	return errors.Join(errs...)
}
