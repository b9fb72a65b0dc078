package pipelines

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/retort-ml/retort/internal/crash"
)

// Every stage is the same small pipeline:
//
//	task -> plan -> Reshuffle -> shard ┐
//	task ------------------------------┴-> commit
//
// plan names the shards, shard does one of them, commit runs the stage's Run
// and writes the manifest. A stage that is not Sharded has no shards. The task,
// one JSON document, is all that they are told.
func init() {
	beam.RegisterDoFn(&planFn{})
	beam.RegisterDoFn(&shardFn{})
	beam.RegisterDoFn(&commitFn{})
}

// expand builds the pipeline of one stage from a collection with its task (or
// with none: then nothing is done) and returns the folder of the artifact.
func expand(s beam.Scope, tasks beam.PCollection) beam.PCollection {
	shards := beam.ParDo(s.Scope("plan"), &planFn{}, tasks)
	reports := beam.ParDo(s.Scope("shard"), &shardFn{}, beam.Reshuffle(s, shards), beam.SideInput{Input: tasks})
	return beam.ParDo(s.Scope("commit"), &commitFn{}, tasks, beam.SideInput{Input: reports})
}

type planFn struct{}

// ProcessElement emits the numbers of the shards.
func (*planFn) ProcessElement(ctx context.Context, data []byte, emit func(int)) error {
	return guard(ctx, data, func(ctx context.Context, t *task, e *erased, stage any) error {
		if e.shards == nil || t.finished() {
			return nil
		}
		n, err := e.shards(ctx, stage, &Job{task: t})
		for i := range n {
			emit(i)
		}
		return err
	})
}

type shardFn struct{}

// ProcessElement does one shard and emits its report.
func (*shardFn) ProcessElement(ctx context.Context, shard int, tasks func(*[]byte) bool, emit func([]byte)) error {
	var data []byte
	if !tasks(&data) {
		return errors.New("a shard without a task")
	}
	return guard(ctx, data, func(ctx context.Context, t *task, e *erased, stage any) error {
		r, err := t.doShard(ctx, e, stage, shard)
		if err != nil {
			return &shardError{shard, err}
		}
		data, err := json.Marshal(r)
		emit(data)
		return err
	})
}

// shardError is one of a shard. It reads as its cause, until who tells it adds
// the number.
type shardError struct {
	shard int
	error
}

func (e *shardError) Unwrap() error { return e.error }

func (t *task) doShard(ctx context.Context, e *erased, stage any, shard int) (shardReport, error) {
	if r, ok := t.finishedShard(shard); ok {
		return r, nil
	}
	if err := ctx.Err(); err != nil {
		return shardReport{}, err
	}
	quarantine := fmt.Sprintf("quarantine-%05d.jsonl", shard)
	if err := t.Dir.Remove(quarantine); err != nil { // of an earlier attempt
		return shardReport{}, err
	}
	job := &Job{task: t}
	if err := e.runShard(ctx, stage, job, shard); err != nil {
		return shardReport{}, err
	}
	job.report.Shard = shard
	if err := job.fileRejected(quarantine); err != nil {
		return shardReport{}, err
	}
	crash.At(crash.ShardWritten)
	return job.report, t.saveShard(job.report)
}

type commitFn struct{}

// ProcessElement finishes the artifact and emits its folder. Done again, after
// a runner lost what came of it, it finds the artifact finished.
func (*commitFn) ProcessElement(ctx context.Context, data []byte, reports func(*[]byte) bool, emit func(string)) error {
	return guard(ctx, data, func(ctx context.Context, t *task, e *erased, stage any) error {
		if t.finished() {
			emit(t.Dir.String())
			return nil
		}
		var shards []shardReport
		var data []byte
		for reports(&data) {
			var r shardReport
			if err := json.Unmarshal(data, &r); err != nil {
				return err
			}
			shards = append(shards, r)
		}
		if err := t.commit(ctx, e, stage, shards); err != nil {
			return err
		}
		emit(t.Dir.String())
		if !t.Applied { // the graph that runs it tidies up
			return nil
		}
		defer release(t.Job)
		return tidy(t.Dir)
	})
}

// guard decodes a task and its stage, runs f, and turns a panic into an error.
func guard(ctx context.Context, data []byte, f func(ctx context.Context, t *task, e *erased, stage any) error) (err error) {
	t := new(task)
	if err := json.Unmarshal(data, t); err != nil {
		return err
	}
	t.running = enter(t.Job)
	defer t.running.leave()
	if t.Detached {
		t.running.tellThrough(t.Dir)
		defer t.running.told()
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%s: this is a bug in the stage: panic: %v\n%s", t.Stage, v, debug.Stack())
		}
		if err != nil {
			err = t.fail(err)
		}
	}()
	t.workHere()
	if err := errors.Join(t.running.holds(), t.mayWrite()); err != nil {
		return err
	}
	e, err := lookup(t.Type)
	if err != nil {
		return err
	}
	stage, err := e.decode(t.Config)
	if err != nil {
		return fmt.Errorf("%s: cannot read its config: %w", t.Stage, err)
	}
	ctx, cancel := t.running.withStarter(ctx)
	defer cancel()
	t.within(ctx)
	return f(ctx, t, e, stage)
}

// fail notes an error of the task, and lets go of what a pipeline of the user's
// own holds: nobody else tells when it ends.
func (t *task) fail(err error) error {
	shard := -1
	var of *shardError
	if errors.As(err, &of) {
		shard = of.shard
	}
	if t.Detached && errors.Is(err, context.Canceled) {
		return prefixed(t.Stage, err) // its runner does it again, or wants it no more
	}
	if shard >= 0 && t.Detached { // who looks for it has logs of many workers
		err = fmt.Errorf("%s: shard %d: %w", t.Stage, shard, unprefixed(t.Stage, err))
	}
	err = prefixed(t.Stage, err)
	t.running.fail(shard, err)
	if t.Detached && t.running.ctx == nil {
		tellFailure(t.Dir, shard, err)
	}
	if t.Applied {
		release(t.Job)
	}
	return err
}

// within makes the work with the task's files end when ctx does.
func (t *task) within(ctx context.Context) {
	t.Dir = t.Dir.With(ctx)
	for of, dir := range t.Dirs {
		t.Dirs[of] = dir.With(ctx)
	}
}
