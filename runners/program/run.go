package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/retort-ml/retort/internal/didyoumean"
	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/runners/progress"
)

// Run is what `run` does: it runs a graph and shows how that goes, to people on
// Err and, where Events is set, as an event a line to programs.
type Run struct {
	Graph  *pipelines.Graph
	On     pipelines.Runner // nil is direct
	Only   []string         // stages, with what they depend on; nil is all
	Err    io.Writer
	Events io.Writer // nil: none
	Out    io.Writer // for jobs that are shown and not started; nil: this process's output
	Again  string    // the command that goes on where this one stopped: "retort run"
}

// Do runs it.
func (r Run) Do(ctx context.Context) error {
	if d, dry := r.dry(); dry {
		return r.preview(ctx, d)
	}
	results, events, err := r.Follow(ctx, nil)
	if err == nil {
		return r.conclude(results, events)
	}
	if ctx.Err() != nil || errors.Is(err, context.Canceled) {
		err = fmt.Errorf("stopped; the next %q of the same command goes on from here", r.Again)
	}
	err = hinted(err)
	if events != nil {
		events.Failed(err)
	}
	return err
}

// Follow runs it, shows how that goes and answers signals, for those who conclude in
// their own way: the error is the graph's. watch, if set, stands before those who are
// told. events is nil where Events is. Where jobs are shown and not started, there are
// no results.
func (r Run) Follow(ctx context.Context, watch func(progress.Reporter) progress.Reporter) (results []pipelines.Result, events *progress.Events, err error) {
	options, err := r.options()
	if err != nil {
		return nil, nil, err
	}
	if d, dry := r.dry(); dry {
		return nil, nil, r.preview(ctx, d)
	}
	people := progress.ForPeople(r.Err)
	shown := people
	if r.Events != nil {
		events = progress.JSON(r.Events)
		shown = progress.Both(events, people)
	}
	if watch != nil {
		shown = watch(shown)
	}
	options.Reporter = shown
	program, _, _ := strings.Cut(r.Again, " ")
	said := make(chan struct{})
	unasked := context.AfterFunc(ctx, func() {
		defer close(said)
		if _, leaves := r.On.(pipelines.Detached); leaves {
			r.leaveOnSecond(people, program)
		}
		if jobs := pipelines.DetachedJobs(); len(jobs) > 0 {
			people.Message(program, "stopping: cancels job "+jobs[0]+" and waits for its end (once more quits, and leaves it)")
			return
		}
		people.Message(program, "stopping: what is at hand is finished and kept (once more quits at once)")
	})
	results, err = runners.Run(ctx, r.Graph, options)
	if !unasked() {
		<-said // a run that stops at once does not outrun the answer
	}
	shown.Close()
	return results, events, err
}

// Dry is a runner that can show jobs in place of starting them.
type Dry interface {
	pipelines.Provider
	Dry() bool
	Show(ctx context.Context, w io.Writer, p *beam.Pipeline, job pipelines.JobPlan) error
}

func (r Run) dry() (Dry, bool) {
	d, ok := r.On.(Dry)
	return d, ok && d.Dry()
}

// preview shows the jobs.
func (r Run) preview(ctx context.Context, d Dry) error {
	if _, err := r.options(); err != nil {
		return err
	}
	out, n := r.Out, 0
	if out == nil {
		out = stdio.Out
	}
	err := r.Graph.Preview(ctx, d, func(p *beam.Pipeline, job pipelines.JobPlan) error {
		n++
		return d.Show(ctx, out, p, job)
	}, r.Only...)
	if err == nil {
		fmt.Fprintf(r.Err, "%s would start; nothing was sent\n", progress.Plural(int64(n), "job"))
	}
	return err
}

// leaveOnSecond makes the second signal leave the jobs of a cluster alone, and say
// how to come back to them.
func (r Run) leaveOnSecond(people pipelines.Reporter, program string) {
	again := make(chan os.Signal, 1)
	signal.Notify(again, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-again
		if jobs := pipelines.DetachedJobs(); len(jobs) > 0 {
			people.Message(program, fmt.Sprintf("leaves job %s, which may still be at work; %q of the same command comes back to it", jobs[0], r.Again))
		}
		os.Exit(Failed)
	}()
}

func (r Run) options() (o runners.Options, err error) {
	known := r.Graph.Names()
	for _, name := range r.Only {
		if !slices.Contains(known, name) {
			return o, usagef("--only %s: the graph has no such stage%s", name, didyoumean.Hint(name, known))
		}
	}
	o.Runner, o.Only = r.On, r.Only
	return o, nil
}

// conclude writes what came of a run that went well.
func (r Run) conclude(results []pipelines.Result, events *progress.Events) error {
	metrics := r.metrics(results)
	if err := progress.Stages(r.Err, results); err != nil {
		return err
	}
	if err := progress.Results(r.Err, metrics); err != nil {
		return err
	}
	if page := r.file(results, "report", "index.html"); page != "" {
		fmt.Fprintf(r.Err, "\nreport: %s\n", page)
	}
	if events != nil {
		events.Done(results, metrics)
	}
	return nil
}

// metrics reads what the run's evaluation found; nothing where there was none,
// or none that looks like ours.
func (r Run) metrics(results []pipelines.Result) progress.Metrics {
	path := r.file(results, "metrics", "metrics.json")
	if path == "" {
		return progress.Metrics{}
	}
	m, err := progress.LoadMetrics(path)
	if err != nil {
		fmt.Fprintf(r.Err, "the figures cannot be shown: %v\n", err)
		return progress.Metrics{}
	}
	return m
}

// file is where the last artifact of a kind that was kept or made holds a file;
// "" where there is none.
func (r Run) file(results []pipelines.Result, kind, name string) (path string) {
	for _, result := range results {
		if m := result.Manifest; m != nil && m.Kind == kind {
			for _, f := range m.Files {
				if f.Name == name {
					path = r.at(result.Name, name)
				}
			}
		}
	}
	return path
}

// at is where a file of a stage lies: below the root as people gave it, be that a
// path or a URL.
func (r Run) at(stage, name string) string {
	if root := r.Graph.Root(); blob.Scheme(root) == "" {
		return filepath.Join(root, stage, name)
	}
	return r.Graph.At(stage, name)
}
