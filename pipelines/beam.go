package pipelines

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	_ "github.com/retort-ml/retort/internal/nobody" // before Beam, which cannot do without a home
)

// Every stage is the same small pipeline:
//
//	task -> plan -> Reshuffle -> shard ┐
//	task ------------------------------┴-> commit
//
// plan names the shards, shard does one of them, commit runs the stage's Run
// and writes the manifest. A stage that is not Sharded has no shards. One that is
// Phased has plan and shard of each phase, under its name, and a plan waits for the
// reports of the phases before. The task, one JSON document, is all that they are
// told.
func init() {
	beam.RegisterDoFn(&planFn{})
	beam.RegisterDoFn(&planLaterFn{})
	beam.RegisterDoFn(&shardFn{})
	beam.RegisterDoFn(&commitFn{})
}

// expand builds the pipeline of one stage from a collection with its task (or
// with none: then nothing is done) and returns the folder of the artifact.
func expand(s beam.Scope, tasks beam.PCollection, e *erased) beam.PCollection {
	phases := e.phases
	if len(phases) == 0 {
		phases = []phase{{}}
	}
	var reports beam.PCollection
	for i, p := range phases {
		in := s
		if p.name != "" {
			in = s.Scope(p.name)
		}
		var shards beam.PCollection
		if i == 0 {
			shards = beam.ParDo(in.Scope("plan"), &planFn{}, tasks)
		} else {
			shards = beam.ParDo(in.Scope("plan"), &planLaterFn{Phase: i}, tasks, beam.SideInput{Input: reports})
		}
		done := beam.ParDo(in.Scope("shard"), &shardFn{Phase: i}, beam.Reshuffle(in, shards), beam.SideInput{Input: tasks})
		if i == 0 {
			reports = done
		} else {
			reports = beam.Flatten(in, reports, done)
		}
	}
	return beam.ParDo(s.Scope("commit"), &commitFn{}, tasks, beam.SideInput{Input: reports})
}

type planFn struct{}

// ProcessElement emits the numbers of the shards.
func (*planFn) ProcessElement(ctx context.Context, data []byte, emit func(int)) error {
	return planPhase(ctx, data, 0, nil, emit)
}

// planLaterFn plans a phase when those before it are done.
type planLaterFn struct{ Phase int }

// ProcessElement emits the numbers of the shards.
func (f *planLaterFn) ProcessElement(ctx context.Context, data []byte, reports func(*[]byte) bool, emit func(int)) error {
	return planPhase(ctx, data, f.Phase, reports, emit)
}

func planPhase(ctx context.Context, data []byte, phase int, reports func(*[]byte) bool, emit func(int)) error {
	return guard(ctx, data, func(ctx context.Context, t *task, e *erased, stage any) error {
		if phase >= len(e.phases) || t.finished() {
			return nil
		}
		if err := t.running.ended(); err != nil {
			return err
		}
		before, err := gather(reports)
		if err != nil {
			return err
		}
		n, err := e.phases[phase].shards(ctx, stage, &Job{task: t, phases: e.phases, shards: before})
		for i := range n {
			emit(i)
		}
		return err
	})
}

// gather reads the reports of shards, in the order of phases and shards.
func gather(reports func(*[]byte) bool) (list []shardReport, err error) {
	var data []byte
	for reports != nil && reports(&data) {
		var r shardReport
		if err := json.Unmarshal(data, &r); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b shardReport) int { return cmp.Or(a.Phase-b.Phase, a.Shard-b.Shard) })
	return list, nil
}

type shardFn struct{ Phase int }

// ProcessElement does one shard and emits its report.
func (f *shardFn) ProcessElement(ctx context.Context, shard int, tasks func(*[]byte) bool, emit func([]byte)) error {
	var data []byte
	if !tasks(&data) {
		return errors.New("a shard without a task")
	}
	return guard(ctx, data, func(ctx context.Context, t *task, e *erased, stage any) error {
		r, err := t.doShard(ctx, e, stage, f.Phase, shard)
		if err != nil {
			return ofShard(shard, err)
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

// ofShard is an error as that of a shard, unless it is another one's.
func ofShard(shard int, err error) error {
	var other *shardError
	if errors.As(err, &other) {
		return err
	}
	return &shardError{shard, err}
}

func (t *task) doShard(ctx context.Context, e *erased, stage any, phase, shard int) (shardReport, error) {
	name := e.shardName(phase, shard)
	if err := ctx.Err(); err != nil {
		return shardReport{}, err
	}
	job := &Job{task: t, phases: e.phases}
	if r, ok := t.finishedShard(name, shard); ok {
		return r, job.recount(name, &r)
	}
	if err := t.Dir.Remove(quarantineOf(name)); err != nil { // of an earlier attempt
		return shardReport{}, err
	}
	working, stop := t.running.whileEndsSucceed(ctx)
	defer stop()
	if err := t.runShard(working, e, stage, job, phase, shard); err != nil {
		if working.Err() != nil && ctx.Err() == nil {
			err = cmp.Or(t.running.endError(), err)
		}
		return shardReport{}, err
	}
	return job.report, t.endShard(name, job)
}

// runShard is a shard up to where it is to end.
func (t *task) runShard(ctx context.Context, e *erased, stage any, job *Job, phase, shard int) error {
	done := false
	defer func() {
		if done {
			return
		}
		if job.later != nil {
			job.later.discard()
		}
		job.settle(false)
	}()
	if err := e.phases[phase].run(ctx, stage, job, shard); err != nil {
		return err
	}
	job.report.Phase, job.report.Shard = phase, shard
	if err := job.fileRejected(quarantineOf(e.shardName(phase, shard))); err != nil {
		return err
	}
	job.noteCount()
	done = true
	return nil
}

func quarantineOf(shard string) string { return fmt.Sprintf("quarantine-%s.jsonl", shard) }

type commitFn struct{}

// ProcessElement finishes the artifact and emits its folder. Done again, after
// a runner lost what came of it, it finds the artifact finished.
func (*commitFn) ProcessElement(ctx context.Context, data []byte, reports func(*[]byte) bool, emit func(string)) error {
	return guard(ctx, data, func(ctx context.Context, t *task, e *erased, stage any) error {
		if t.finished() {
			emit(t.Dir.String())
			return nil
		}
		if err := t.running.ended(); err != nil {
			return err
		}
		shards, err := gather(reports)
		if err != nil {
			return err
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
	if t.Applied {
		release(t.Job)
	}
	if !t.Detached || t.running.ctx != nil {
		return err
	}
	var elsewhere *elsewhereError
	var takenOver *takenOverError
	if !errors.As(err, &elsewhere) && !errors.As(err, &takenOver) {
		tellFailure(t.Dir, shard, err)
	}
	return markedError{err}
}

// within makes the work with the task's files end when ctx does.
func (t *task) within(ctx context.Context) {
	t.Dir = t.Dir.With(ctx)
	for of, dir := range t.Dirs {
		t.Dirs[of] = dir.With(ctx)
	}
}
