package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/runners/program"
)

func graphCommand() *cobra.Command {
	var flags configFlags
	var format string
	cmd := &cobra.Command{
		Use:   "graph",
		Short: "Draw the graph as text, DOT or SVG",
		Long: `Draw the graph of stages that retort run with the same flags would run. The
SVG leaves out the edges that a longer way implies; text and DOT have them all.`,
		Example: `  # which stage reads what
  retort graph --preset demo --images shapes/

  # a picture
  retort graph --preset demo --images shapes/ --format svg > graph.svg
  retort graph --preset demo --images shapes/ --format dot | dot -Tpng > graph.png`,
		Args: noArguments(" (images are given with --images)"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			draw, err := program.Drawer(format)
			if err != nil {
				return err
			}
			g, _, err := flags.graph(cmd)
			if err != nil {
				return err
			}
			steps, err := g.Plan(cmd.Context())
			if err != nil {
				return err
			}
			return draw(stdio.Out, steps)
		},
	}
	flags.register(cmd)
	cmd.Flags().StringVar(&format, "format", "text", strings.Join(program.GraphFormats, ", "))
	return cmd
}
