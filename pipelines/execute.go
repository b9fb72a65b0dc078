package pipelines

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/retort-ml/retort/internal/crash"
	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
)

// Runner runs Beam pipelines: the direct runner, Prism, Flink, ….
type Runner interface {
	Name() string
	Run(ctx context.Context, p *beam.Pipeline) error
}

// Result is what became of one stage.
type Result struct {
	Name     string
	State    State
	Seconds  float64
	Manifest *artifact.Manifest
	Err      error
}

// Execute runs what has to run, in order, one Beam pipeline a stage, and keeps
// the rest. only names stages to run (with what they depend on); empty means
// all. The run folder is locked meanwhile. It stops at the first failure; a
// later Execute of the same graph goes on from there.
func (g *Graph) Execute(ctx context.Context, runner Runner, reporter Reporter, only ...string) ([]Result, error) {
	if err := g.Check(); err != nil {
		return nil, err
	}
	wanted, err := g.wanted(only)
	if err != nil {
		return nil, err
	}
	if err := makeRoot(g.place); err != nil {
		return nil, err
	}
	release, err := artifact.Lock(g.place)
	if err != nil {
		return nil, err
	}
	defer release()
	g.lookAgain()
	steps, err := g.Plan(ctx)
	if err != nil {
		return nil, err
	}
	steps = slicesFilter(steps, func(s Step) bool { return wanted[s.node] })
	if steps, err = provided(runner, steps, g.root); err != nil {
		return nil, err
	}
	if err := CanRun(runner, steps); err != nil {
		return nil, err
	}
	reporter.Planned(steps)
	results, err := g.executeSteps(ctx, steps, runner, reporter)
	tellChanges(ctx, steps, results, reporter)
	return results, err
}

// lookAgain makes a graph that was executed before look at what lies outside of it
// as if it were new: work in progress is gone on with only where nothing changed.
func (g *Graph) lookAgain() {
	for _, n := range g.nodes {
		if g.executed {
			n.state = nil
		}
	}
	g.executed = true
}

// tellChanges looks once more at what lies outside of the graph, if anything ran:
// what changed meanwhile is in the artifacts in part only.
func tellChanges(ctx context.Context, steps []Step, results []Result, reporter Reporter) {
	if !slices.ContainsFunc(results, func(r Result) bool { return r.State == Run }) {
		return
	}
	for _, s := range steps {
		if _, ok := s.node.stage.(Stateful); !ok || s.node.state == nil || ctx.Err() != nil {
			continue
		}
		if now, err := stateOf(ctx, s.node.stage); err != nil || now != *s.node.state {
			reporter.Message(s.Name, "what it reads has changed since the run began: the next run does it again")
		}
	}
}

func slicesFilter(steps []Step, keep func(Step) bool) []Step {
	var out []Step
	for _, s := range steps {
		if keep(s) {
			out = append(out, s)
		}
	}
	return out
}

// makeRoot makes a folder of this machine, where the root is one: what stands
// against it is told before anything runs.
func makeRoot(root blob.Dir) error {
	if !root.IsLocal() {
		return nil
	}
	path := root.String()
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return fmt.Errorf("%s is a file; the run needs a folder (choose another --out)", path)
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return fmt.Errorf("cannot make the run folder: %w (choose another --out)", err)
	}
	return nil
}

// replan looks again at a stage that was to run because one of its inputs was:
// that may have come out as it was before.
func (g *Graph) replan(ctx context.Context, step *Step, reporter Reporter) error {
	if step.State == Keep {
		return nil
	}
	now, err := g.planNode(ctx, step.node)
	if err != nil {
		return err
	}
	if now.State == Keep {
		reporter.Message(step.Name, "is kept: its inputs came out as they were")
	}
	*step = now
	return nil
}

// serial numbers the runs of stages of this process.
var serial atomic.Int64

func (g *Graph) executeStep(ctx context.Context, step *Step, runner Runner, reporter Reporter) (*artifact.Manifest, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := g.task(step, runner)
	r := start(ctx, t.Job, reporter)
	r.stage = t.Stage
	defer release(t.Job)
	if err := r.take(step.Dir); err != nil {
		return nil, fmt.Errorf("%s: %w", step.Name, err)
	}
	var done bool
	err := inOurWords(ctx, []*running{r}, func(ctx context.Context) (err error) {
		done, err = r.comeBack(ctx, step)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !done {
		if err := prepare(step.Dir, step.Fingerprint); err != nil {
			return nil, fmt.Errorf("%s: %w", step.Name, err)
		}
		crash.At(crash.StagePrepared)
		if err := runTask(ctx, t, r, runner); err != nil {
			return nil, err
		}
	}
	m, err := artifact.Load(step.Dir)
	if err != nil {
		return nil, fmt.Errorf("%s: the pipeline ended without writing its manifest: %w", step.Name, err)
	}
	crash.At(crash.AfterManifest)
	return m, tidy(step.Dir)
}

func runTask(ctx context.Context, t *task, r *running, runner Runner) error {
	p := beam.NewPipeline()
	data, err := json.Marshal(t)
	if err != nil {
		return err
	}
	s := p.Root().Scope(t.Stage)
	e, err := lookup(t.Type)
	if err != nil {
		return err
	}
	expand(s, beam.Create(s, data), e)
	return inOurWords(ctx, []*running{r}, func(ctx context.Context) error {
		if d, ok := runner.(Detached); ok {
			return detach(ctx, d, []jobPart{{r, t}}, func() (string, error) { return d.Start(ctx, p) })
		}
		err := runner.Run(ctx, p)
		return cmp.Or(err, r.ended()) // whoever comes next finds nobody at work
	})
}

// prefixed puts the stage's name before an error that does not start with it.
func prefixed(stage string, err error) error {
	if s := err.Error(); len(s) > len(stage) && s[:len(stage)+1] == stage+":" {
		return err
	}
	return fmt.Errorf("%s: %w", stage, err)
}

// unprefixed takes that name off again.
func unprefixed(stage string, err error) error {
	if text, ok := strings.CutPrefix(err.Error(), stage+": "); ok {
		return errors.New(text)
	}
	return err
}

func (g *Graph) task(step *Step, where Runner) *task {
	n := step.node
	t := newTask(n, step.Dir)
	t.Config, t.Fingerprint, t.Runner, t.Started = step.Config, step.Fingerprint, where.Name(), time.Now()
	t.Content = n.contentKey()
	_, t.Detached = where.(Detached)
	t.From, _ = os.Getwd()
	if n.in != nil && !n.in.IsZero() {
		t.Input = edgeJSON{n.in.source().fingerprint, n.inPort}
	}
	for _, in := range n.inputs() {
		t.Dirs[in.fingerprint] = g.dir(in)
		t.Inputs[in.name] = in.fingerprint
	}
	for _, before := range n.before() {
		t.Past[before.name] = g.dir(before)
	}
	return t
}

// newTask is the part of a task that does not depend on the inputs.
func newTask(n *node, dir blob.Dir) *task {
	t := &task{
		Job:   fmt.Sprintf("%s-%d-%d-%s", n.name, os.Getpid(), serial.Add(1), rand.Text()[:8]),
		Stage: n.name, Type: n.erased.name, Version: versionOf(n.stage), Kind: n.erased.kind,
		Dir: dir, Dirs: map[string]blob.Dir{}, Inputs: map[string]string{}, Past: map[string]blob.Dir{},
		CodeVersion: CodeVersion(), MaxRejected: DefaultMaxRejected,
	}
	if v, ok := n.stage.(Tolerant); ok {
		t.MaxRejected, t.Tolerant = v.MaxRejected(), true
	}
	return t
}

// CodeVersion names the code of this binary: its module version or commit.
func CodeVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (version == "" || version == "(devel)") {
			version = s.Value
		}
	}
	if version == "" {
		return "devel"
	}
	return version
}
