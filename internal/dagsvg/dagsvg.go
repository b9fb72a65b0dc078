// Package dagsvg draws a directed acyclic graph as one SVG element: boxes in
// layers from top to bottom, edges as curves between them. It knows nothing
// of stages or artifacts beyond the words that it is given.
//
// The picture stands alone (as a file or in an <img>) and inside an HTML page;
// it carries its own style, which follows the reader's light or dark scheme.
// The same input gives the same bytes.
package dagsvg

import (
	"fmt"
	"strings"
)

// Node is one box.
type Node struct {
	Name    string  `json:"name"`              // unique; edges refer to it
	Kind    string  `json:"kind,omitempty"`    // small print beside the name: what comes out
	State   string  `json:"state,omitempty"`   // StateRan, StateKept, …; other words are shown as they are
	Counts  []Count `json:"counts,omitempty"`  // shown in order
	Seconds float64 `json:"seconds,omitempty"` // 0: not shown
	Bytes   int64   `json:"bytes,omitempty"`   // 0: not shown
	Tip     string  `json:"tip,omitempty"`     // hover text
}

// Count is a number of things: 50,000 images.
type Count struct {
	Name string `json:"name"`
	N    int64  `json:"n"`
}

// Edge is an arrow from one node to another. Edges that name an unknown node
// and edges from a node to itself are not drawn.
type Edge struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Label string `json:"label,omitempty"` // hover text: what the edge carries
}

// The states that have a look of their own.
const (
	StateRan     = "ran"
	StateKept    = "kept"
	StateFailed  = "failed"
	StatePending = "pending"
)

// Draw returns an <svg> element. A cycle, which a stage graph cannot have, is
// drawn with one of its edges pointing upwards.
func Draw(nodes []Node, edges []Edge) string {
	l := layOut(nodes, edges)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="dag" role="img" aria-label="%s" viewBox="0 0 %d %d" width="%d" height="%d">`,
		escape(summary(nodes, edges)), l.width, l.height, l.width, l.height)
	b.WriteString(style)
	for _, e := range l.edges {
		drawEdge(&b, e)
	}
	for i := range l.boxes {
		drawBox(&b, &l.boxes[i])
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// summary is what a screen reader says of the picture.
func summary(nodes []Node, edges []Edge) string {
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = n.Name
		if n.State != "" {
			names[i] += " (" + n.State + ")"
		}
	}
	return fmt.Sprintf("Graph of %d stages and %d edges: %s", len(nodes), len(edges), strings.Join(names, ", "))
}
