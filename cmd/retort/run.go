package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/runners"
	"github.com/retort-ml/retort/runners/program"
)

func runCommand() *cobra.Command {
	var flags configFlags
	var where runners.Flags
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

  # from somebody else's pretrained network, see retort checkpoint import
  retort run --encoder r50.safetensors --images photos/ --labels labels.csv --out runs/photos

  # the same again with one setting changed: only what depends on it runs
  retort run --images photos/ --labels labels.csv --test test.tar --out runs/photos --set distill.epochs=3

  # on a Flink cluster, whose machines have this program too; see docs/flink.md
  retort run --runner flink --endpoint flink:8099 --environment PROCESS --images gs://b/photos --out gs://b/run

  # up to the views and no further; events for a program
  retort run --images photos/ --out runs/photos --only views --json`,
		Args: noArguments(" (images are given with --images)"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			runner, err := where.Runner()
			if err != nil {
				return usage("%w", err)
			}
			g, _, err := flags.graph(cmd)
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("only") && len(only) == 0 {
				return usage("--only is empty; want names of stages, such as views,pretrain; known: %s", strings.Join(g.Names(), ", "))
			}
			r := program.Run{Graph: g, On: runner, Only: only, Err: stdio.Err, Again: "retort run"}
			if asJSON {
				r.Events = stdio.Out
			}
			return r.Do(cmd.Context())
		},
	}
	flags.register(cmd)
	where.Register(cmd.Flags())
	cmd.Flags().StringSliceVar(&only, "only", nil, "run these stages and what they depend on, such as views,pretrain")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one event per line on stdout, as JSON")
	return cmd
}
