package main

import (
	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/runners/program"
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
			return program.WritePlan(stdio.Out, steps)
		},
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "as one JSON object")
	return cmd
}
