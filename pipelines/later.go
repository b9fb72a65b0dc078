package pipelines

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/retort-ml/retort/internal/crash"
)

// later is how a shard ends.
type later struct {
	end     func() error
	discard func()
}

// Later hands over what is left to do for a shard whose files are written and
// described: to make them durable, by end. The next shard may be begun meanwhile, so
// that cores do not wait for a disk; this one is done when end is. Where it comes to
// nothing, discard is called instead. It is for RunShard, once, at its end; from Run it
// is done right after.
func (j *Job) Later(end func() error, discard func()) { j.later = &later{end, discard} }

// finish does at once what Run left for later, if that went well.
func (j *Job) finish(ran error) error {
	switch {
	case j.later == nil:
		return ran
	case ran != nil:
		j.later.discard()
		return ran
	}
	return unbroken(j.later.end)
}

// endBehind reports whether shards may end while others are at work: where one
// process does them all, waits for them before it commits the artifact, and writes
// files that are bound to no element's context.
func (t *task) endBehind() bool {
	return t.running != nil && t.running.ctx != nil && !t.Detached && t.Dir.IsLocal()
}

// behind ends a shard in the background, when the one before has ended. Its error is
// that of the one before.
func (r *running) behind(shard int, end func() error) error {
	r.ending <- struct{}{}
	if err := r.endError(); err != nil {
		<-r.ending
		return err
	}
	go func() {
		defer func() { <-r.ending }()
		if err := unbroken(end); err != nil {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.endFailed = &shardError{shard, err}
			close(r.broken) // once: none ends after it
		}
	}()
	return nil
}

// whileEndsSucceed is ctx that ends also when a shard fails to end: the one at work
// would come to nothing.
func (r *running) whileEndsSucceed(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-r.broken:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// unbroken turns a panic into an error: nobody else would.
func unbroken(end func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("this is a bug in the stage: panic: %v\n%s", v, debug.Stack())
		}
	}()
	return end()
}

// ended waits until no shard is ending, and returns what went wrong.
func (r *running) ended() error {
	if r.ending == nil { // another process started it: every shard has ended
		return nil
	}
	r.ending <- struct{}{}
	<-r.ending
	return r.endError()
}

func (r *running) endError() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.endFailed
}

// endShard makes what a shard wrote durable, then leaves its report, and settles its
// count.
func (t *task) endShard(name string, job *Job) error {
	if job.later == nil {
		job.later = &later{func() error { return nil }, func() {}}
	} else if t.endBehind() {
		return t.endShardBehind(name, job)
	}
	return t.endNow(name, job)
}

func (t *task) endShardBehind(name string, job *Job) error {
	of := *t
	of.Dir = t.Dir.With(context.WithoutCancel(t.running.ctx)) // the element's own ends before
	err := t.running.behind(job.report.Shard, func() error { return of.endNow(name, job) })
	if err != nil {
		job.later.discard()
		job.settle(false)
	}
	return err
}

func (t *task) endNow(name string, job *Job) error {
	err := unbroken(func() error {
		if err := job.later.end(); err != nil {
			return err
		}
		crash.At(crash.ShardWritten)
		return t.saveShard(name, job.report)
	})
	job.settle(err == nil)
	return err
}
