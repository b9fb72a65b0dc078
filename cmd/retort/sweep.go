package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/pipelines/simclrv2"
	"github.com/retort-ml/retort/pipelines/simclrv2/sweep"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/runners/program"
	"github.com/retort-ml/retort/runners/progress"
)

func sweepCommand() *cobra.Command {
	f := &sweepFlags{}
	var plan, asJSON, stop bool
	var where runners.Flags
	cmd := &cobra.Command{
		Use:   "sweep --config FILE",
		Short: "Run fractions x architectures x selectors x seeds, sharing what is the same",
		Long: `Run the graph at many points: all combinations of the values that a YAML file
lists, and of several such products (parts) where it has more than one.

  preset: cifar10-cpu                # what every point starts from
  set: {pretrain.epochs: 20}         # over it; keys as retort config shows them
  fractions: [0.01, 0.1, 1]          # of the labels
  architectures: [resnet18 0.25x, resnet18 0.5x]
  selectors: [0, 1, last]            # where in the projection head fine-tuning begins
  students: [self, resnet18 0.125x]  # who is distilled into
  seeds: [1, 2, 3]
  axes: {distill.temperature: [0.1, 1]}        # any other key
  models: [supervised, finetuned, distilled]   # which are trained; linear is one, too
  parts:                             # products of their own, over what stands above
    - {name: few labels, fractions: [0.01], set: {finetune.epochs: 60}}

Stages that are the same at several points are made once: one ingest, and one
pretraining for all fractions and selectors of an architecture and a seed. What is
there is kept, so that the same command goes on after Ctrl-C, and a file that asks
for more runs what is missing. A point that fails does not stop the others.

In --out lie table.csv, points.csv, table.md, table.json and index.html, with means
over seeds and 95 % intervals (Student's t); the table goes to stdout.`,
		Example: `  # what would run, and what is shared
  retort sweep --config sweep.yaml --images cifar10-train.tar --labels folder --out runs/sweep --plan

  # run it; once more after Ctrl-C to go on
  retort sweep --config sweep.yaml --images cifar10-train.tar --labels folder --out runs/sweep`,
		Args: noArguments(" (images are given with --images)"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			runner, err := where.Runner()
			if err != nil {
				return usage("%w", err)
			}
			var options []pipelines.Option
			if !stop {
				options = append(options, pipelines.KeepGoing())
			}
			s, err := f.build(cmd, options...)
			if err != nil {
				return err
			}
			if plan {
				return s.plan(cmd.Context(), runner, asJSON)
			}
			return s.run(cmd.Context(), runner, asJSON)
		},
	}
	f.register(cmd)
	where.Register(cmd.Flags())
	cmd.Flags().BoolVar(&plan, "plan", false, "show points and stages, what would run and why; nothing runs")
	cmd.Flags().BoolVar(&stop, "stop-at-failure", false, "let a point that fails stop the others")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one event per line on stdout, as JSON, in place of the table")
	return cmd
}

// sweepFlags are the flags that make a sweep and its graph.
type sweepFlags struct {
	inputFlags
	file    string
	compute computeFlags
}

func (f *sweepFlags) register(cmd *cobra.Command) {
	placeVar(cmd.Flags(), &f.file, "config", "", "YAML file of the sweep")
	f.inputFlags.register(cmd, "sweep", "folder of the sweep, or its address in a store (gs://…, s3://…)", "one key of the config at every point")
	f.compute.register(cmd.Flags())
}

// aSweep is a sweep that can run.
type aSweep struct {
	text    string // of the file that asks for it
	columns []string
	points  []*sweep.Point
	graph   *pipelines.Graph
}

func (f *sweepFlags) build(cmd *cobra.Command, options ...pipelines.Option) (*aSweep, error) {
	if f.file == "" {
		return nil, usage("%s needs --config: a YAML file of axes; see %s --help", cmd.CommandPath(), cmd.CommandPath())
	}
	if err := f.noneEmpty(); err != nil {
		return nil, err
	}
	computes, err := f.compute.name()
	if err != nil {
		return nil, err
	}
	spec, err := sweep.Read(f.file)
	if err != nil {
		return nil, program.Usage(err)
	}
	text, err := blob.ReadFile(f.file) // now: it may be another one when the sweep is done
	if err != nil {
		return nil, err
	}
	points, err := spec.Points(f.sets, func(c *simclrv2.Config) error {
		f.over(cmd, c)
		return localPaths(c)
	})
	if err != nil {
		return nil, program.Usage(err)
	}
	g, err := sweep.Build(points, f.out, computes, options...)
	if err != nil {
		return nil, program.Usage(err)
	}
	return &aSweep{text: string(text), columns: spec.Columns(), points: points, graph: g}, nil
}

func (s *aSweep) plan(ctx context.Context, runner pipelines.Runner, asJSON bool) error {
	steps, err := s.graph.Plan(ctx)
	if err != nil {
		return err
	}
	program.SayLacks(stdio.Err, runner, steps)
	if asJSON {
		progress.JSON(stdio.Out).Planned(steps)
		return nil
	}
	for _, p := range s.points {
		fmt.Fprintf(stdio.Out, "%s: %s -> %s\n", p.Name(s.columns), strings.Join(p.Models, ", "), p.Stage)
	}
	fmt.Fprintf(stdio.Out, "\n%s of %s\n\n", progress.Plural(int64(len(s.points)), "point"), progress.Plural(int64(len(steps)), "stage"))
	return program.WritePlan(stdio.Out, steps)
}

func (s *aSweep) run(ctx context.Context, runner pipelines.Runner, asJSON bool) (failure error) {
	r := program.Run{Graph: s.graph, On: runner, Err: stdio.Err, Again: "retort sweep"}
	if asJSON {
		r.Events = stdio.Out
	}
	seen := &sweepProgress{done: map[string]bool{}, failed: map[string]error{}}
	results, events, err := r.Follow(ctx, func(shown progress.Reporter) progress.Reporter {
		seen.Reporter = shown
		return seen
	})
	defer func() {
		if events != nil && failure != nil {
			events.Failed(failure)
		}
	}()
	if !seen.planned {
		return err // nothing was looked at, so that there is nothing to write
	}
	for _, r := range results {
		if r.Err != nil {
			seen.failed[r.Name] = r.Err
		}
	}
	if ctx.Err() != nil {
		err = nil
		clear(seen.failed)
	}
	outcomes, lost := s.outcomes(seen)
	table := sweep.Tabulate(outcomes, s.columns)
	written := sweep.Write(s.graph, table, outcomes, s.text)
	switch {
	case lost != nil:
		return lost
	case written != nil:
		return fmt.Errorf("the table cannot be written: %w", written)
	}
	if !asJSON {
		if err := table.WriteText(stdio.Out); err != nil {
			return err
		}
	}
	fmt.Fprintf(stdio.Err, "\nreport: %s\n", s.at("index.html"))
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("stopped with %d of %s done; the next %q of the same command goes on from here", table.Done, progress.Plural(int64(table.Points), "point"), "retort sweep")
	case err != nil:
		return fmt.Errorf("%d of %s done, the others failed (mend it and run again: what is finished is kept):\n%w", table.Done, progress.Plural(int64(table.Points), "point"), err)
	}
	return nil
}

// at is where a file lies, below --out as people gave it.
func (s *aSweep) at(name string) string {
	if root := s.graph.Root(); blob.Scheme(root) == "" {
		return filepath.Join(root, name)
	}
	return s.graph.File(name)
}

// sweepProgress notes what became of stages.
type sweepProgress struct {
	progress.Reporter
	planned bool
	done    map[string]bool
	failed  map[string]error
}

// Planned knows what is kept, also where the run does not get so far.
func (p *sweepProgress) Planned(steps []pipelines.Step) {
	p.planned = true
	for _, s := range steps {
		p.done[s.Name] = s.State == pipelines.Keep
	}
	p.Reporter.Planned(steps)
}

// Finished says at once why a stage failed: the others go on for hours.
func (p *sweepProgress) Finished(r pipelines.Result) {
	p.done[r.Name] = r.Err == nil
	p.Reporter.Finished(r)
	if r.Err != nil {
		p.Message(r.Name, r.Err.Error())
	}
}

func (s *aSweep) outcomes(seen *sweepProgress) (all []sweep.Outcome, err error) {
	for _, p := range s.points {
		o := sweep.Outcome{Point: p}
		switch why := seen.failed[p.Stage]; {
		case why != nil:
			o.Err = why.Error()
		case seen.done[p.Stage]:
			if o.Results, err = sweep.Load(s.graph, p); err != nil {
				return nil, err
			}
		}
		all = append(all, o)
	}
	return all, nil
}
