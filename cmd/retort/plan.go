package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners/progress"
)

func planCommand() *cobra.Command {
	var flags configFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what would run, why, and how much it is; nothing runs",
		Long: `Show for every stage whether it would run or be kept, why, and how much work it
is thought to be. Nothing runs and nothing is written. It takes the flags of
retort run.`,
		Example: `  # what a first run costs
  retort plan --preset cifar10-small --images cifar10-train.tar --out runs/cifar

  # what one changed setting would make run again
  retort plan --preset cifar10-small --images cifar10-train.tar --out runs/cifar --set distill.epochs=3`,
		Args: noArguments(" (images are given with --images)"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			g, _, err := flags.graph(cmd)
			if err != nil {
				return err
			}
			steps, err := g.Plan(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				progress.JSON(stdio.Out).Planned(steps)
				return nil
			}
			return printPlan(stdio.Out, steps)
		},
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "as one JSON object")
	return cmd
}

func printPlan(w io.Writer, steps []pipelines.Step) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "stage\tstate\timages\tviews\tbytes\tsteps\tCPU hours\tGPU hours\twhy")
	var run int
	var total pipelines.Estimate
	for _, s := range steps {
		state, e := "keep", pipelines.Estimate{}
		if s.State == pipelines.Run {
			state, e = "run", s.Estimate
			run++
			total.CPUHours += e.CPUHours
			total.GPUHours += e.GPUHours
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.Name, state, some(e.Images), some(e.Views),
			someBytes(e.Bytes), some(e.Steps), hours(e.CPUHours), hours(e.GPUHours), s.Why)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s\n", planSentence(run, len(steps), total))
	return err
}

func planSentence(run, all int, total pipelines.Estimate) string {
	if run == 0 {
		return fmt.Sprintf("everything is kept: all %s are up to date", progress.Plural(int64(all), "stage"))
	}
	s := fmt.Sprintf("%d of %s would run", run, progress.Plural(int64(all), "stage"))
	var costs []string
	if total.CPUHours > 0 {
		costs = append(costs, hours(total.CPUHours)+" CPU hours")
	}
	if total.GPUHours > 0 {
		costs = append(costs, hours(total.GPUHours)+" GPU hours")
	}
	if len(costs) > 0 {
		s += ", about " + strings.Join(costs, " or ")
		s = strings.ReplaceAll(strings.ReplaceAll(s, "about <", "<"), "<", "less than ")
	}
	return s
}

// some writes an estimate; what is unknown or nothing is a dash.
func some(n int64) string {
	if n == 0 {
		return "-"
	}
	return progress.Count(n)
}

func someBytes(n int64) string {
	if n == 0 {
		return "-"
	}
	return progress.Bytes(float64(n))
}

func hours(h float64) string {
	switch {
	case h == 0:
		return "-"
	case h < 0.005:
		return "<0.01"
	}
	return fmt.Sprintf("%.3g", h)
}
