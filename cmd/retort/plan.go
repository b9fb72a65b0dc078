package main

import (
	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/runners/program"
)

func planCommand() *cobra.Command {
	var flags configFlags
	var jobs program.PlanFlags
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what would run, why, and how much it is; nothing runs",
		Long: `Show for every stage whether it would run or be kept, why, and how much work it
is thought to be. Nothing runs and nothing is written. It takes the flags of
retort run. With --runner it shows the jobs that would start and what machines
they want, with --prices what that costs.`,
		Example: `  # what a first run costs
  retort plan --preset cifar10-small --images cifar10-train.tar --out runs/cifar

  # what one changed setting would make run again
  retort plan --preset cifar10-small --images cifar10-train.tar --out runs/cifar --set distill.epochs=3

  # the jobs on a cluster, at your prices (docs/prices.yaml, filled in)
  retort plan --runner dataflow --project P --region R --staging gs://b/s --prices prices.yaml --images gs://b/photos --out gs://b/run`,
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
			return jobs.Write(cmd, stdio.Out, stdio.Err, g.Root(), steps)
		},
	}
	flags.register(cmd)
	jobs.Register(cmd)
	return cmd
}
