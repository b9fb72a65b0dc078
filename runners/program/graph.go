package program

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/retort-ml/retort/internal/dagsvg"
	"github.com/retort-ml/retort/pipelines"
)

// GraphFormats are what a graph can be drawn as.
var GraphFormats = []string{"text", "dot", "svg"}

// Drawer is what draws a plan in one of GraphFormats.
func Drawer(format string) (func(w io.Writer, steps []pipelines.Step) error, error) {
	switch format {
	case "text":
		return drawText, nil
	case "dot":
		return drawDOT, nil
	case "svg":
		return drawSVG, nil
	}
	return nil, OneOf("format", format, GraphFormats)
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
