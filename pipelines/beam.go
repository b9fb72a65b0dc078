package pipelines

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/retort-ml/retort/internal/crash"
)

// Every stage is the same small pipeline:
//
//	Impulse -> plan -> Reshuffle -> shard ┐
//	Impulse ------------------------------┴-> commit
//
// plan names the shards, shard does one of them, commit runs the stage's Run
// and writes the manifest. A stage that is not Sharded has no shards.
func init() {
	register.DoFn3x1[context.Context, []byte, func(int), error](&planFn{})
	register.DoFn3x1[context.Context, int, func([]byte), error](&shardFn{})
	register.DoFn4x1[context.Context, []byte, func(*[]byte) bool, func(string), error](&commitFn{})
	register.Emitter1[int]()
	register.Emitter1[[]byte]()
	register.Emitter1[string]()
	register.Iter1[[]byte]()
}

// expand builds the pipeline of one stage and returns the fingerprint that its
// commit emits.
func expand(s beam.Scope, t *task) (beam.PCollection, error) {
	data, err := json.Marshal(t)
	if err != nil {
		return beam.PCollection{}, err
	}
	s = s.Scope(t.Stage)
	shards := beam.ParDo(s.Scope("plan"), &planFn{Task: data}, beam.Impulse(s))
	reports := beam.ParDo(s.Scope("shard"), &shardFn{Task: data}, beam.Reshuffle(s, shards))
	return beam.ParDo(s.Scope("commit"), &commitFn{Task: data}, beam.Impulse(s), beam.SideInput{Input: reports}), nil
}

type planFn struct{ Task []byte }

// ProcessElement emits the numbers of the shards.
func (f *planFn) ProcessElement(ctx context.Context, _ []byte, emit func(int)) error {
	return guard(ctx, f.Task, func(ctx context.Context, t *task, e *erased, stage any) error {
		if e.shards == nil {
			return nil
		}
		n, err := e.shards(ctx, stage, &Job{task: t})
		for i := range n {
			emit(i)
		}
		return err
	})
}

type shardFn struct{ Task []byte }

// ProcessElement does one shard and emits its report.
func (f *shardFn) ProcessElement(ctx context.Context, shard int, emit func([]byte)) error {
	return guard(ctx, f.Task, func(ctx context.Context, t *task, e *erased, stage any) error {
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
	job := &Job{task: t}
	if err := e.runShard(ctx, stage, job, shard); err != nil {
		return shardReport{}, err
	}
	job.report.Shard = shard
	if err := job.fileRejected(fmt.Sprintf("quarantine-%05d.jsonl", shard)); err != nil {
		return shardReport{}, err
	}
	crash.At(crash.ShardWritten)
	return job.report, t.saveShard(job.report)
}

type commitFn struct{ Task []byte }

// ProcessElement finishes the artifact and emits its fingerprint.
func (f *commitFn) ProcessElement(ctx context.Context, _ []byte, reports func(*[]byte) bool, emit func(string)) error {
	return guard(ctx, f.Task, func(ctx context.Context, t *task, e *erased, stage any) error {
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
		emit(t.Fingerprint)
		return nil
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
		if err != nil {
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
