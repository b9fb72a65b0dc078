package pipelines

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
)

// Graph is a set of stages connected by edges. Build it with Add, then plan or
// run it. A Graph is not safe for concurrent use.
type Graph struct {
	name  string
	root  string   // as it was given
	place blob.Dir // of root, made absolute here and nowhere else
	nodes []*node
	errs  []error

	shared    map[string]*node // see Variants; nil: every Add is a stage
	keepGoing bool
	executed  bool // at least once
}

type node struct {
	graph  *Graph
	name   string
	stage  any
	erased *erased
	in     Input // by position, nil for none
	inPort string

	applied *applied // in a Beam pipeline rather than a graph

	// set by plan
	fingerprint string
	config      []byte
	state       *string            // see Stateful; asked for once
	manifest    *artifact.Manifest // of the finished artifact
}

// Option sets a property of a Graph.
type Option func(*Graph)

// Root is the folder in which every stage has its own folder: a path, or the URL
// of a store (see io/blob). Default: "run".
func Root(dir string) Option { return func(g *Graph) { g.root = dir } }

// New makes an empty graph.
func New(name string, options ...Option) *Graph {
	g := &Graph{name: name, root: "run"}
	for _, o := range options {
		o(g)
	}
	var err error
	if g.place, err = blob.Open(g.root); err != nil {
		g.fail("%w", err)
	}
	return g
}

// Name of the graph.
func (g *Graph) Name() string { return g.name }

// Root folder of the graph's artifacts, as it was given.
func (g *Graph) Root() string { return g.root }

// At is how people find the file name of a stage's artifact.
func (g *Graph) At(stage, name string) string { return g.place.In(stage).At(name) }

// File is how people find a file that lies beside the stages' folders.
func (g *Graph) File(name string) string { return g.place.At(name) }

// WriteFile writes a file beside the stages' folders, whole or not at all: a
// summary of what the graph made.
func (g *Graph) WriteFile(name string, data []byte) error { return g.place.WriteFile(name, data) }

// Add puts a stage into the graph under a name that no other stage has (lower
// case letters, digits, '.', '_' and '-'; it names the artifact's folder), and
// returns the edge that carries what it makes. A stage that reads an artifact
// gets it as in; one of kind None gets none. What is wrong with the call is
// reported by Check.
func Add[In, Out any](g *Graph, name string, s Stage[In, Out], in ...Edge[In]) Edge[Out] {
	n := &node{graph: g, name: name, stage: s}
	if isNil(s) {
		g.fail("%s: the stage is nil", name)
		n.stage = struct{}{}
	} else {
		n.erased = remember(s)
	}
	if len(in) > 0 {
		n.in, n.inPort = in[0], in[0].port
	}
	if g.shared != nil && n.erased != nil {
		if same := g.share(n); same != nil {
			return Edge[Out]{node: same}
		}
	}
	g.nodes = append(g.nodes, n)
	_, source := any(*new(In)).(None)
	g.check(n, len(in), source)
	return Edge[Out]{node: n}
}

// inputs are the stages that n reads from: by position, then by field.
func (n *node) inputs() []*node {
	var list []*node
	add := func(in Input) {
		if s := in.source(); s != nil {
			for _, have := range list {
				if have == s {
					return
				}
			}
			list = append(list, s)
		}
	}
	if n.in != nil {
		add(n.in)
	}
	eachEdge(reflect.ValueOf(n.stage), func(_ string, in Input) { add(in) })
	return list
}

// before are all stages that n depends on.
func (n *node) before() []*node {
	seen := map[*node]bool{}
	var all []*node
	var visit func(n *node)
	visit = func(n *node) {
		for _, in := range n.inputs() {
			if !seen[in] {
				seen[in] = true
				all = append(all, in)
				visit(in)
			}
		}
	}
	visit(n)
	return all
}

// eachEdge visits the Edge fields of a stage, also inside nested structs,
// slices and maps.
func eachEdge(v reflect.Value, visit func(field string, in Input)) {
	eachEdgeNamed("", v, visit)
}

func eachEdgeNamed(name string, v reflect.Value, visit func(string, Input)) {
	if !v.IsValid() {
		return
	}
	if v.CanInterface() {
		switch x := v.Interface().(type) {
		case Input:
			if v.Kind() == reflect.Struct {
				visit(name, x)
				return
			}
		case interface{ stages() []any }: // an Elementwise
			for _, stage := range x.stages() {
				eachEdgeNamed(name, reflect.ValueOf(stage), visit)
			}
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		eachEdgeNamed(name, v.Elem(), visit)
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				eachEdgeNamed(f.Name, v.Field(i), visit)
			}
		}
	case reflect.Slice, reflect.Array:
		if k := v.Type().Elem().Kind(); k < reflect.Array { // plain values hold no edges
			return
		}
		for i := range v.Len() {
			eachEdgeNamed(name, v.Index(i), visit)
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		for _, k := range keys {
			eachEdgeNamed(fmt.Sprint(name, ".", k), v.MapIndex(k), visit)
		}
	}
}

// sorted returns the stages so that each comes after its inputs, otherwise in
// the order in which they were added.
func (g *Graph) sorted() ([]*node, error) {
	const visiting, done = 1, 2
	state := map[*node]int{}
	var order []*node
	var visit func(n *node, path []string) error
	visit = func(n *node, path []string) error {
		path = append(path, n.name)
		switch state[n] {
		case done:
			return nil
		case visiting:
			return fmt.Errorf("the graph has a cycle: %s", strings.Join(path, " <- "))
		}
		state[n] = visiting
		for _, in := range n.inputs() {
			if err := visit(in, path); err != nil {
				return err
			}
		}
		state[n] = done
		order = append(order, n)
		return nil
	}
	for _, n := range g.nodes {
		if err := visit(n, nil); err != nil {
			return nil, err
		}
	}
	return order, nil
}

func (g *Graph) find(name string) *node {
	for _, n := range g.nodes {
		if n.name == name {
			return n
		}
	}
	return nil
}
