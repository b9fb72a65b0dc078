package pipelines

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/retort-ml/retort/internal/crash"
	"github.com/retort-ml/retort/io/artifact"
)

// Provider is a runner that starts machines for each job, as its stages want them.
// Stages that follow on each other and want the same share a job: machines take
// minutes to start.
type Provider interface {
	Detached
	// Provides says, before anything runs, what of the jobs it cannot run; root is
	// the folder of the run, as it was given.
	Provides(jobs []JobPlan, root string) error
	// StartJob is Start of a job of a plan.
	StartJob(ctx context.Context, p *beam.Pipeline, job JobPlan) (name string, err error)
}

// provided are the steps in the order in which the runner runs them, which it can.
func provided(runner Runner, steps []Step, root string) ([]Step, error) {
	p, ok := runner.(Provider)
	if !ok {
		return steps, nil
	}
	return arrange(steps), p.Provides(Jobs(steps, true), root)
}

// Preview puts the jobs together that Execute would start, and starts none.
func (g *Graph) Preview(ctx context.Context, runner Provider, show func(p *beam.Pipeline, job JobPlan) error, only ...string) error {
	wanted, err := g.wanted(only)
	if err != nil {
		return err
	}
	steps, err := g.Plan(ctx)
	if err != nil {
		return err
	}
	steps = slicesFilter(steps, func(s Step) bool { return wanted[s.node] })
	if steps, err = provided(runner, steps, g.root); err != nil {
		return err
	}
	for _, job := range Jobs(steps, true) {
		var tasks []*task
		for i := range job.Steps {
			tasks = append(tasks, g.joinedTask(&job.Steps[i], runner, i))
		}
		p, err := assemble(tasks)
		if err != nil {
			return err
		}
		if err := show(p, job); err != nil {
			return err
		}
	}
	return nil
}

// together are the first of steps with those behind it that can share its job.
func (g *Graph) together(ctx context.Context, steps []Step, failed map[*node]bool) ([]Step, error) {
	wants := steps[0].Wants
	for i := 1; i < len(steps); i++ {
		s, err := g.planNode(ctx, steps[i].node)
		if err != nil {
			return nil, err
		}
		if s.State == Keep || !s.joins(wants) || s.node.brokenInput(failed) != nil {
			return steps[:i], nil
		}
		steps[i] = s
		wants = wants.And(s.Wants)
	}
	return steps, nil
}

// joinedTask is the task of the step number i of a job.
func (g *Graph) joinedTask(step *Step, runner Runner, i int) *task {
	t := g.task(step, runner)
	if t.Joined = i > 0; t.Joined {
		t.Content, t.State = "", *step.node.state
	}
	return t
}

// executeJoined runs steps in one job and returns what became of those that it
// came to: all, those up to the one that failed, or those that a job of an earlier
// run made.
func (g *Graph) executeJoined(ctx context.Context, steps []Step, p Provider, reporter Reporter) []Result {
	parts, all, begun := make([]jobPart, len(steps)), make([]*running, len(steps)), time.Now()
	for i := range steps {
		t := g.joinedTask(&steps[i], p, i)
		r := start(ctx, t.Job, reporter)
		r.stage = t.Stage
		defer release(t.Job)
		parts[i], all[i] = jobPart{r, t}, r
		reporter.Started(t.Stage)
	}
	err := inOurWords(ctx, all, func(ctx context.Context) error { return g.runJoined(ctx, steps, parts, p) })
	var results []Result
	for i := range steps {
		r := Result{Name: steps[i].Name, State: Run, Seconds: time.Since(begun).Seconds()}
		m, missing := artifact.Load(steps[i].Dir)
		if missing == nil && m.Fingerprint == steps[i].Fingerprint {
			crash.At(crash.AfterManifest)
			r.Manifest, steps[i].node.manifest = m, m
			if seconds := artifact.LoadTimings(steps[i].Dir).Seconds; seconds > 0 {
				r.Seconds = seconds
			}
			r.Err = tidy(steps[i].Dir)
		} else if r.Err = err; err == nil && i == 0 {
			r.Err = fmt.Errorf("%s: the pipeline ended without writing its manifest: %w", r.Name, missing)
		} else if err == nil {
			break // an earlier run's job did not have it
		}
		if results = append(results, r); r.Err != nil {
			break
		}
	}
	return results
}

func (g *Graph) runJoined(ctx context.Context, steps []Step, parts []jobPart, p Provider) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, part := range parts {
		if err := part.take(steps[i].Dir); err != nil {
			return fmt.Errorf("%s: %w", part.stage, err)
		}
	}
	if done, err := parts[0].comeBack(ctx, &steps[0]); done || err != nil {
		return err
	}
	var tasks []*task
	for i, part := range parts {
		if err := prepare(steps[i].Dir, steps[i].Fingerprint); err != nil {
			return fmt.Errorf("%s: %w", part.stage, err)
		}
		tasks = append(tasks, part.task)
	}
	crash.At(crash.StagePrepared)
	pipeline, err := assemble(tasks)
	if err != nil {
		return err
	}
	job := Jobs(steps, true)[0]
	return detach(ctx, p, parts, func() (string, error) { return p.StartJob(ctx, pipeline, job) })
}

// assemble is the pipeline of tasks, each of which begins when the one before it
// has finished its artifact.
func assemble(tasks []*task) (*beam.Pipeline, error) {
	p := beam.NewPipeline()
	var before beam.PCollection
	for _, t := range tasks {
		data, err := json.Marshal(t)
		if err != nil {
			return nil, err
		}
		s := p.Root().Scope(t.Stage)
		c := beam.Create(s, data)
		if t.Joined {
			c = beam.ParDo(s.Scope("after"), &afterFn{}, c, beam.SideInput{Input: before})
		}
		e, err := lookup(t.Type)
		if err != nil {
			return nil, err
		}
		before = expand(s, c, e)
	}
	return p, nil
}

func init() { beam.RegisterDoFn(&afterFn{}) }

// afterFn hands a task on once the stage before it has finished its artifact.
type afterFn struct{}

// ProcessElement emits the task.
func (*afterFn) ProcessElement(_ context.Context, data []byte, before func(*string) bool, emit func([]byte)) error {
	var folder string
	if !before(&folder) {
		return nil
	}
	t := new(task)
	if err := json.Unmarshal(data, t); err != nil {
		return err
	}
	t.Started = time.Now()
	data, err := json.Marshal(t)
	emit(data)
	return err
}

// know finds out what a task behind another could not be told: the contents of its
// inputs.
func (t *task) know(stage any) error {
	canonical, err := canonicalConfig(stage)
	if err != nil {
		return err
	}
	inputs := map[string]*artifact.Manifest{}
	for f, dir := range t.Dirs {
		if inputs[f], err = artifact.Load(dir); err != nil {
			return err
		}
	}
	t.Content = contentKey(t.Type, t.Version, canonical, t.Input, t.State, inputs)
	return nil
}
