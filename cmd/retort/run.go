package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/runners/progress"
)

func runCommand() *cobra.Command {
	var flags configFlags
	var runner string
	var only []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the graph; what is up to date is kept",
		Long: `Run the graph: ingest and split the images, make views, pretrain, fine-tune on
the few labels, let the teacher label everything, distill, evaluate, report.

Every stage leaves an artifact in its own folder of --out. A stage whose config
and inputs are what they were is kept. A run that was stopped, by Ctrl-C or by
force, goes on where it was when the same command is given again.`,
		Example: `  # images in folders named after their classes; the preset keeps few labels
  retort run --preset cifar10-small --images cifar10-train.tar --labels folder --out runs/cifar

  # 100 labels in a CSV, all other images unlabelled, a test set of its own
  retort run --images photos/ --labels labels.csv --test test.tar --out runs/photos

  # the same again with one setting changed: only what depends on it runs
  retort run --images photos/ --labels labels.csv --test test.tar --out runs/photos --set distill.epochs=3

  # up to the views and no further; events for a program
  retort run --images photos/ --out runs/photos --only views --json`,
		Args: noArguments(" (images are given with --images)"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkRunner(runner); err != nil {
				return err
			}
			g, _, err := flags.graph(cmd)
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("only") && len(only) == 0 {
				return usage("--only is empty; want names of stages, such as views,pretrain; known: %s", strings.Join(g.Names(), ", "))
			}
			if err := checkStages(g, only); err != nil {
				return err
			}
			options := runners.Options{Runner: runner, Only: only}
			return runGraph(cmd.Context(), g, options, asJSON)
		},
	}
	flags.register(cmd)
	cmd.Flags().StringVar(&runner, "runner", "direct", "where the stages run: direct, prism")
	cmd.Flags().StringSliceVar(&only, "only", nil, "run these stages and what they depend on, such as views,pretrain")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one event per line on stdout, as JSON")
	return cmd
}

// runGraph runs g, shows how it goes, and sums up.
func runGraph(ctx context.Context, g *pipelines.Graph, options runners.Options, asJSON bool) error {
	people := progress.ForPeople(stdio.Err)
	shown := people
	var events *progress.Events
	if asJSON {
		events = progress.JSON(stdio.Out)
		shown = progress.Both(events, people)
	}
	options.Reporter = shown
	answered := context.AfterFunc(ctx, func() {
		people.Message("retort", "stopping: what is at hand is finished and kept (once more quits at once)")
	})
	results, err := runners.Run(ctx, g, options)
	answered()
	shown.Close()
	if err == nil {
		return conclude(stdio.Err, g, results, events)
	}
	if ctx.Err() != nil || errors.Is(err, context.Canceled) {
		err = errors.New(`stopped; the next "retort run" of the same command goes on from here`)
	}
	err = hinted(err)
	if events != nil {
		events.Failed(err)
	}
	return err
}

// conclude writes what came of a run that went well.
func conclude(w io.Writer, g *pipelines.Graph, results []pipelines.Result, events *progress.Events) error {
	metrics, err := metricsOf(g, results)
	if err != nil {
		return err
	}
	if err := progress.Stages(w, results); err != nil {
		return err
	}
	if err := progress.Results(w, metrics); err != nil {
		return err
	}
	if has(results, "report") {
		fmt.Fprintf(w, "\nreport: %s\n", filepath.Join(g.Root(), "report", "index.html"))
	}
	if events != nil {
		events.Done(results, metrics)
	}
	return nil
}

// metricsOf reads what the run's evaluation found; nothing where the run left
// it out.
func metricsOf(g *pipelines.Graph, results []pipelines.Result) (progress.Metrics, error) {
	if !has(results, "evaluate") {
		return progress.Metrics{}, nil
	}
	return progress.LoadMetrics(filepath.Join(g.Root(), "evaluate", "metrics.json"))
}

func has(results []pipelines.Result, stage string) bool {
	for _, r := range results {
		if r.Name == stage {
			return true
		}
	}
	return false
}
