package pipelines

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"slices"

	"github.com/retort-ml/retort/internal/workpool"
	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/imagefile"
)

// A window of elements is worked on at a time; it bounds a shard's memory.
const (
	windowElements = 1024
	windowBytes    = 32 << 20
)

// shardRun is one shard of an each at work.
type shardRun struct {
	*each
	job     *Job
	sink    sink
	meter   *Meter
	workers workers
	window  []outcome
	size    int64
}

// outcome is what became of one element.
type outcome struct {
	in     element
	out    []element
	counts counts
	err    error
}

// runShard reads one part, works on its elements on all cores and writes what
// they emit in the order of the input.
func (e *each) runShard(ctx context.Context, in folder, job *Job, shard int) (err error) {
	parts := e.from.parts(in, e.perShard())
	p := parts[shard]
	r := &shardRun{each: e, job: job, meter: job.Meter(parts[len(parts)-1].to, e.from.unit())}
	if r.sink, err = e.to.create(job, e.from, p); err != nil {
		return err
	}
	defer r.sink.discard()
	r.workers = workers{each: e, job: job}
	defer func() { err = errors.Join(err, r.workers.teardown()) }()
	elements, done := e.from.open(in, p)
	defer done()
	for el, err := range elements {
		if err != nil {
			return err
		}
		if err := r.add(ctx, el); err != nil {
			return err
		}
	}
	if err := r.flush(ctx); err != nil {
		return err
	}
	return r.sink.commit()
}

func (r *shardRun) add(ctx context.Context, el element) error {
	r.window = append(r.window, outcome{in: el})
	r.size += el.size()
	if len(r.window) < windowElements && r.size < windowBytes {
		return nil
	}
	return r.flush(ctx)
}

// flush works on the elements of the window and writes what they emit.
func (r *shardRun) flush(ctx context.Context) error {
	window := r.window
	r.window, r.size = window[:0], 0
	workpool.For(len(window), func(i int) {
		if ctx.Err() == nil {
			r.work(ctx, &window[i])
			r.meter.Add(1, 0)
		}
	})
	if err := errors.Join(ctx.Err(), r.workers.failed); err != nil {
		return err
	}
	for i := range window {
		if err := r.settle(&window[i]); err != nil {
			return err
		}
	}
	r.job.Looked(int64(len(window)))
	clear(window)
	return nil
}

// work puts one element through all stages.
func (r *shardRun) work(ctx context.Context, o *outcome) {
	w := r.workers.get(ctx)
	if w == nil {
		return
	}
	defer r.workers.put(w)
	o.err = w.process(ctx, o)
	o.in.release()
	if o.err != nil {
		return
	}
	for _, out := range o.out {
		out.release()
	}
}

// settle writes what an element emitted, or sets the element aside.
func (r *shardRun) settle(o *outcome) error {
	origin := o.in.origin()
	if o.err != nil {
		reason, detail, ok := rejected(o.err)
		if !ok {
			return fmt.Errorf("%s: %w", where(origin), o.err)
		}
		origin.Reason, origin.Detail = reason, detail
		r.job.Reject(origin)
		r.job.Count("quarantined", 1)
		return nil
	}
	for name, n := range o.counts {
		r.job.Count(name, n)
	}
	if len(o.out) == 0 {
		r.job.Count("dropped", 1)
	}
	for _, out := range o.out {
		if err := r.sink.write(o.in, out); err != nil {
			return fmt.Errorf("%s: %w", where(origin), err)
		}
	}
	r.job.Count(r.to.unit(), int64(len(o.out)))
	return nil
}

// rejected tells an error that sets an element aside from one that ends the
// stage.
func rejected(err error) (reason, detail string, ok bool) {
	var r *rejection
	if errors.As(err, &r) {
		return r.reason, r.detail, true
	}
	var q *imagefile.QuarantineError
	if errors.As(err, &q) {
		return string(q.Reason), q.Detail, true
	}
	return "", "", false
}

// where names an element for a person.
func where(r artifact.Rejected) string {
	switch {
	case r.Name == "" || r.Name == r.URI:
		return r.URI
	case r.URI == "":
		return r.Name
	}
	return r.URI + ": " + r.Name
}

// process puts o.in through all stages into o.out.
func (w *worker) process(ctx context.Context, o *outcome) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("this is a bug in the stage: panic: %v\n%s", v, debug.Stack())
		}
	}()
	o.counts = counts{}
	ctx = context.WithValue(ctx, countKey{}, &o.counts)
	err = w.chain(ctx, 0, o.in, func(out any) { o.out = append(o.out, out.(element)) })
	if err == nil && slices.ContainsFunc(o.out, func(e element) bool { return reflect.ValueOf(e).IsNil() }) {
		err = errors.New("the stage emitted nil")
	}
	return err
}

// chain does stage i to in, and the stages after it to what that emits.
func (w *worker) chain(ctx context.Context, i int, in any, emit func(any)) error {
	if i == len(w.links) {
		emit(in)
		return nil
	}
	var failed error
	err := w.links[i].step.process(ctx, w.stages[i], in, func(out any) {
		if failed == nil {
			failed = w.chain(ctx, i+1, out, emit)
		}
	})
	if failed != nil {
		return failed
	}
	return err
}
