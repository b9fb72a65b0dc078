package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/pipelines/simclrv2"
)

func configCommand() *cobra.Command {
	var flags configFlags
	var list bool
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print the resolved config, every key with its meaning, range and default",
		Long: `Print the whole config that retort run with the same flags would use: YAML with
a comment on every key. What it prints can be given to --config as it is.`,
		Example: `  # which presets there are
  retort config --list

  # a config to start from
  retort config --preset cifar10 > mine.yaml
  retort run --config mine.yaml --images photos/

  # what a setting does to the whole
  retort config --preset demo --set pretrain.epochs=40`,
		Args: noArguments(""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if list {
				for _, p := range simclrv2.Presets {
					fmt.Fprintf(stdio.Out, "%-22s %s\n", p.Name, p.Doc)
				}
				return nil
			}
			c, err := flags.config(cmd)
			if err != nil {
				return err
			}
			return simclrv2.Print(stdio.Out, c)
		},
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&list, "list", false, "list the presets instead")
	return cmd
}
