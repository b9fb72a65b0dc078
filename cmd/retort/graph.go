package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/internal/dagsvg"
	"github.com/retort-ml/retort/internal/stdio"
	"github.com/retort-ml/retort/pipelines"
)

var graphFormats = []string{"text", "dot", "svg"}

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
			draw, err := drawer(format)
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
	cmd.Flags().StringVar(&format, "format", "text", strings.Join(graphFormats, ", "))
	return cmd
}

func drawer(format string) (func(io.Writer, []pipelines.Step) error, error) {
	switch format {
	case "text":
		return drawText, nil
	case "dot":
		return drawDOT, nil
	case "svg":
		return drawSVG, nil
	}
	return nil, usage("--format %s: want one of %s%s", format, strings.Join(graphFormats, ", "), nearest(format, graphFormats))
}

func drawText(w io.Writer, steps []pipelines.Step) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "stage\tmakes\treads")
	for _, s := range steps {
		fmt.Fprintf(t, "%s\t%s\t%s\n", s.Name, s.Kind, strings.Join(s.Inputs, ", "))
	}
	return t.Flush()
}

func drawDOT(w io.Writer, steps []pipelines.Step) error {
	var b strings.Builder
	b.WriteString("digraph retort {\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n")
	for _, s := range steps {
		fmt.Fprintf(&b, "  %s [label=%s];\n", strconv.Quote(s.Name), strconv.Quote(s.Name+"\n"+s.Kind))
		for _, in := range s.Inputs {
			fmt.Fprintf(&b, "  %s -> %s;\n", strconv.Quote(in), strconv.Quote(s.Name))
		}
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func drawSVG(w io.Writer, steps []pipelines.Step) error {
	kinds := map[string]string{}
	begun := slices.ContainsFunc(steps, func(s pipelines.Step) bool { return s.State == pipelines.Keep })
	var nodes []dagsvg.Node
	var edges []dagsvg.Edge
	for _, s := range steps {
		kinds[s.Name] = s.Kind
		if begun {
			nodes = append(nodes, node(s))
		} else { // of a run that has not begun, the shape is all there is to see
			nodes = append(nodes, dagsvg.Node{Name: s.Name, Kind: s.Kind})
		}
		for _, in := range s.Inputs {
			edges = append(edges, dagsvg.Edge{From: in, To: s.Name, Label: kinds[in]})
		}
	}
	_, err := io.WriteString(w, dagsvg.Draw(nodes, dagsvg.Reduce(edges)))
	return err
}

// node is a stage as it is drawn: with what it holds, where it is kept.
func node(s pipelines.Step) dagsvg.Node {
	n := dagsvg.Node{Name: s.Name, Kind: s.Kind, State: dagsvg.StatePending, Tip: s.Why}
	if s.State == pipelines.Keep {
		n.State, n.Bytes = dagsvg.StateKept, s.Manifest.Bytes()
	}
	return n
}
