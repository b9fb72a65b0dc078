package pipelines

import (
	"fmt"

	"github.com/retort-ml/retort/internal/didyoumean"
	"github.com/retort-ml/retort/io/blob"
)

func (g *Graph) dir(n *node) blob.Dir { return g.place.In(n.name) }

// wanted are the named stages and all that they depend on; with no names, all.
func (g *Graph) wanted(only []string) (map[*node]bool, error) {
	set := map[*node]bool{}
	if len(only) == 0 {
		for _, n := range g.nodes {
			set[n] = true
		}
		return set, nil
	}
	var add func(n *node)
	add = func(n *node) {
		if !set[n] {
			set[n] = true
			for _, in := range n.inputs() {
				add(in)
			}
		}
	}
	for _, name := range only {
		n := g.find(name)
		if n == nil {
			return nil, fmt.Errorf("the graph has no stage %q%s", name, didyoumean.Hint(name, g.Names()))
		}
		add(n)
	}
	return set, nil
}

// Names of the stages, in the order in which they were added.
func (g *Graph) Names() []string {
	names := make([]string, len(g.nodes))
	for i, n := range g.nodes {
		names[i] = n.name
	}
	return names
}
