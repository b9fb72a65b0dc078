package pipelines

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"

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
			return err
		}
		data, err := json.Marshal(r)
		emit(data)
		return err
	})
}

func (t *task) doShard(ctx context.Context, e *erased, stage any, shard int) (shardReport, error) {
	if r, ok := t.finishedShard(shard); ok {
		return r, nil
	}
	if err := ctx.Err(); err != nil {
		return shardReport{}, err
	}
	quarantine := fmt.Sprintf("quarantine-%05d.jsonl", shard)
	if err := os.Remove(filepath.Join(t.Dir, quarantine)); err != nil && !os.IsNotExist(err) { // of an earlier attempt
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
			emit(t.Dir)
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
		emit(t.Dir)
		if !t.Applied { // the graph that runs it tidies up
			return nil
		}
		meters.Delete(t.Job)
		return tidy(t.Dir)
	})
}

// failures holds the first error of each job of this process, whole: runners
// wrap it in their own words, and a person should read ours.
var failures sync.Map

// guard decodes a task and its stage, runs f, and turns a panic into an error.
func guard(ctx context.Context, data []byte, f func(ctx context.Context, t *task, e *erased, stage any) error) (err error) {
	t := new(task)
	if err := json.Unmarshal(data, t); err != nil {
		return err
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%s: this is a bug in the stage: panic: %v\n%s", t.Stage, v, debug.Stack())
		}
		if err == nil {
			return
		}
		err = prefixed(t.Stage, err)
		if _, ours := contexts.Load(t.Job); ours {
			failures.LoadOrStore(t.Job, err)
		}
	}()
	e, err := lookup(t.Type)
	if err != nil {
		return err
	}
	stage, err := e.decode(t.Config)
	if err != nil {
		return fmt.Errorf("%s: cannot read its config: %w", t.Stage, err)
	}
	ctx, cancel := withJob(ctx, t.Job)
	defer cancel()
	return f(ctx, t, e, stage)
}

// contexts of the jobs that this process started. Prism's bundles run under a
// context of their own; cancelling the run must reach them all the same.
var contexts sync.Map

func withJob(ctx context.Context, job string) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	if launcher, ok := contexts.Load(job); ok {
		stop := context.AfterFunc(launcher.(context.Context), cancel)
		return ctx, func() { stop(); cancel() }
	}
	return ctx, cancel
}
