package dagsvg

import (
	"cmp"
	"math"
	"slices"
)

// Sizes in SVG units (CSS pixels at scale 1).
const (
	margin    = 12
	gapX      = 26 // between boxes of one layer
	gapY      = 38 // between layers
	laneWidth = 10 // room that an edge takes where it passes a layer
	minBox    = 150
	maxBox    = 300
	sweeps    = 12 // of the crossing reduction

	relaxations = 200 // of the horizontal placement
)

// vertex is a box, or a bend of an edge where it passes a layer.
type vertex struct {
	node     int // index into the nodes, -1 for a bend
	layer    int
	x, w     float64 // centre and width
	in, out  []int   // neighbours in the layers beside it
	position int     // within the layer
}

// box is a placed node.
type box struct {
	Node
	face       face
	x, y, w, h float64
}

// path is a placed edge: the points that it passes, top to bottom.
type path struct {
	Edge
	points []point
}

type point struct{ x, y float64 }

type layout struct {
	width, height int
	boxes         []box
	edges         []path
}

// layOut places everything: layers by longest path, order within the layers by
// barycentres, then x by moving each vertex towards its neighbours (the steps
// of Sugiyama, Tagawa and Toda 1981).
func layOut(nodes []Node, edges []Edge) layout {
	g := newGraph(nodes, edges)
	g.assignLayers()
	g.bendLongEdges()
	g.orderLayers()
	g.assignX()
	return g.place()
}

type graph struct {
	nodes    []Node
	faces    []face
	edges    []Edge
	ends     [][2]int // node indices of edges, turned so that they point down
	vertices []vertex
	chains   [][]int // vertices that each edge passes
	layers   [][]int
}

func newGraph(nodes []Node, edges []Edge) *graph {
	g := &graph{nodes: nodes}
	index := map[string]int{}
	for i, n := range nodes {
		g.faces = append(g.faces, faceOf(n))
		g.vertices = append(g.vertices, vertex{node: i, w: g.faces[i].w})
		if _, twice := index[n.Name]; !twice {
			index[n.Name] = i
		}
	}
	seen := map[[2]int]bool{}
	for _, e := range edges {
		from, okFrom := index[e.From]
		to, okTo := index[e.To]
		if ends := [2]int{from, to}; okFrom && okTo && from != to && !seen[ends] {
			seen[ends] = true
			g.edges = append(g.edges, e)
			g.ends = append(g.ends, ends)
		}
	}
	g.turnBackEdges()
	return g
}

// turnBackEdges makes the graph acyclic: edges to a node that the depth-first
// walk is still inside are turned round.
func (g *graph) turnBackEdges() {
	out := make([][]int, len(g.nodes))
	for i, e := range g.ends {
		out[e[0]] = append(out[e[0]], i)
	}
	state := make([]int, len(g.nodes)) // 0 new, 1 inside, 2 done
	var walk func(n int)
	walk = func(n int) {
		state[n] = 1
		for _, i := range out[n] {
			switch to := g.ends[i][1]; state[to] {
			case 0:
				walk(to)
			case 1:
				g.ends[i] = [2]int{to, n}
			}
		}
		state[n] = 2
	}
	for n := range g.nodes {
		if state[n] == 0 {
			walk(n)
		}
	}
}

// assignLayers puts each node one below the lowest of its inputs; then nodes
// without inputs sink to just above their highest reader.
func (g *graph) assignLayers() {
	layer := make([]int, len(g.nodes))
	for range g.nodes {
		moved := false
		for _, e := range g.ends {
			if layer[e[1]] <= layer[e[0]] {
				layer[e[1]], moved = layer[e[0]]+1, true
			}
		}
		if !moved {
			break
		}
	}
	first := make([]int, len(g.nodes))
	hasInput := make([]bool, len(g.nodes))
	for i := range first {
		first[i] = math.MaxInt
	}
	for _, e := range g.ends {
		first[e[0]] = min(first[e[0]], layer[e[1]])
		hasInput[e[1]] = true
	}
	for i := range layer {
		if !hasInput[i] && first[i] != math.MaxInt {
			layer[i] = first[i] - 1
		}
		g.vertices[i].layer = layer[i]
	}
}

// bendLongEdges gives every edge one vertex in each layer that it passes.
func (g *graph) bendLongEdges() {
	for _, e := range g.ends {
		chain := []int{e[0]}
		for l := g.vertices[e[0]].layer + 1; l < g.vertices[e[1]].layer; l++ {
			g.vertices = append(g.vertices, vertex{node: -1, layer: l, w: laneWidth})
			chain = append(chain, len(g.vertices)-1)
		}
		chain = append(chain, e[1])
		for i := 1; i < len(chain); i++ {
			g.vertices[chain[i-1]].out = append(g.vertices[chain[i-1]].out, chain[i])
			g.vertices[chain[i]].in = append(g.vertices[chain[i]].in, chain[i-1])
		}
		g.chains = append(g.chains, chain)
	}
	for i, v := range g.vertices {
		for len(g.layers) <= v.layer {
			g.layers = append(g.layers, nil)
		}
		g.layers[v.layer] = append(g.layers[v.layer], i)
	}
}

// orderLayers sweeps down and up, sorting each layer by the mean position of
// its neighbours, and keeps the order with the fewest crossings.
func (g *graph) orderLayers() {
	g.number()
	best, fewest := g.copyLayers(), g.crossings()
	for s := 0; s < sweeps && fewest > 0; s++ {
		for k := range g.layers {
			l := k
			if s%2 == 1 {
				l = len(g.layers) - 1 - k
			}
			g.sortLayer(l, s%2 == 0)
		}
		if c := g.crossings(); c < fewest {
			best, fewest = g.copyLayers(), c
		}
	}
	g.layers = best
	g.number()
}

func (g *graph) sortLayer(l int, down bool) {
	mean := map[int]float64{}
	for _, v := range g.layers[l] {
		near := g.vertices[v].in
		if !down {
			near = g.vertices[v].out
		}
		mean[v] = float64(g.vertices[v].position)
		if len(near) > 0 {
			sum := 0.0
			for _, n := range near {
				sum += float64(g.vertices[n].position)
			}
			mean[v] = sum / float64(len(near))
		}
	}
	slices.SortStableFunc(g.layers[l], func(a, b int) int { return cmp.Compare(mean[a], mean[b]) })
	for i, v := range g.layers[l] {
		g.vertices[v].position = i
	}
}

func (g *graph) number() {
	for _, layer := range g.layers {
		for i, v := range layer {
			g.vertices[v].position = i
		}
	}
}

func (g *graph) copyLayers() [][]int {
	c := make([][]int, len(g.layers))
	for i := range c {
		c[i] = slices.Clone(g.layers[i])
	}
	return c
}

// crossings counts pairs of edges between two layers that cross.
func (g *graph) crossings() int {
	n := 0
	for _, layer := range g.layers {
		var seen []int // positions of lower ends, in order of the upper ends
		for _, v := range layer {
			at := len(seen)
			for _, o := range g.vertices[v].out {
				p := g.vertices[o].position
				for _, q := range seen[:at] {
					if q > p {
						n++
					}
				}
				seen = append(seen, p)
			}
		}
	}
	return n
}
