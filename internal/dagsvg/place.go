package dagsvg

import (
	"math"
	"slices"
)

// assignX packs each layer in its order, then moves vertices towards the mean
// of their neighbours as far as the order and the gaps allow.
func (g *graph) assignX() {
	for _, layer := range g.layers {
		x := 0.0
		for _, v := range layer {
			g.vertices[v].x = x + g.vertices[v].w/2
			x += g.vertices[v].w + gapX
		}
		for _, v := range layer {
			g.vertices[v].x -= (x - gapX) / 2
		}
	}
	for s := range relaxations {
		for k := range g.layers {
			l := k
			if s%2 == 1 {
				l = len(g.layers) - 1 - k
			}
			g.relax(g.layers[l])
		}
	}
	for range 3 {
		for _, chain := range g.chains {
			g.straighten(chain[1 : len(chain)-1])
		}
	}
}

// straighten gives all bends of an edge one x, where their neighbours leave
// room for it.
func (g *graph) straighten(bends []int) {
	if len(bends) == 0 {
		return
	}
	lo, hi, mean := math.Inf(-1), math.Inf(1), 0.0
	for _, b := range bends {
		v := g.vertices[b]
		layer := g.layers[v.layer]
		if v.position > 0 {
			u := g.vertices[layer[v.position-1]]
			lo = max(lo, u.x+(u.w+v.w)/2+gapX)
		}
		if v.position < len(layer)-1 {
			u := g.vertices[layer[v.position+1]]
			hi = min(hi, u.x-(u.w+v.w)/2-gapX)
		}
		mean += v.x / float64(len(bends))
	}
	if lo > hi {
		return
	}
	for _, b := range bends {
		g.vertices[b].x = min(hi, max(lo, mean))
	}
}

// relax places one layer: each vertex wants to be at the weighted mean of its
// neighbours, bends more strongly so that long edges run straight. The wishes
// are met in the least-squares sense under the gaps, by pooling neighbours
// that collide (isotonic regression).
func (g *graph) relax(layer []int) {
	type block struct{ sum, weight float64 }
	offset := make([]float64, len(layer)) // distance from the layer's first vertex when packed
	var blocks []block
	var sizes []int
	for i, v := range layer {
		if i > 0 {
			u := layer[i-1]
			offset[i] = offset[i-1] + (g.vertices[u].w+g.vertices[v].w)/2 + gapX
		}
		want, weight := g.wish(v)
		blocks = append(blocks, block{sum: (want - offset[i]) * weight, weight: weight})
		sizes = append(sizes, 1)
		for n := len(blocks); n > 1 && blocks[n-2].sum/blocks[n-2].weight > blocks[n-1].sum/blocks[n-1].weight; n = len(blocks) {
			blocks[n-2].sum += blocks[n-1].sum
			blocks[n-2].weight += blocks[n-1].weight
			sizes[n-2] += sizes[n-1]
			blocks, sizes = blocks[:n-1], sizes[:n-1]
		}
	}
	i := 0
	for b, size := range sizes {
		for range size {
			g.vertices[layer[i]].x = blocks[b].sum/blocks[b].weight + offset[i]
			i++
		}
	}
}

func (g *graph) wish(v int) (x, weight float64) {
	sum, total := 0.0, 0.0
	for _, near := range [][]int{g.vertices[v].in, g.vertices[v].out} {
		for _, n := range near {
			w := 1.0
			if g.vertices[v].node < 0 && g.vertices[n].node < 0 {
				w = 8
			}
			sum += w * g.vertices[n].x
			total += w
		}
	}
	if total == 0 {
		return g.vertices[v].x, 1
	}
	return sum / total, total
}

// place turns layers into coordinates.
func (g *graph) place() layout {
	left, right := math.Inf(1), math.Inf(-1)
	for _, v := range g.vertices {
		left, right = min(left, v.x-v.w/2), max(right, v.x+v.w/2)
	}
	if len(g.vertices) == 0 {
		left, right = 0, 0
	}
	tops, heights, bottom := g.rows()
	l := layout{width: int(math.Ceil(right-left)) + 2*margin, height: int(bottom)}
	shift := margin - left
	for i, n := range g.nodes {
		v := g.vertices[i]
		f := g.faces[i]
		l.boxes = append(l.boxes, box{Node: n, face: f, w: v.w, h: f.h,
			x: v.x - v.w/2 + shift, y: tops[v.layer] + (heights[v.layer]-f.h)/2})
	}
	for i, chain := range g.chains {
		l.edges = append(l.edges, g.route(i, chain, shift, tops, heights, l.boxes))
	}
	return l
}

func (g *graph) rows() (tops, heights []float64, bottom float64) {
	y := float64(margin)
	for _, layer := range g.layers {
		h := 0.0
		for _, v := range layer {
			if n := g.vertices[v].node; n >= 0 {
				h = max(h, g.faces[n].h)
			}
		}
		tops, heights = append(tops, y), append(heights, h)
		y += h + gapY
	}
	if len(g.layers) > 0 {
		y -= gapY
	}
	return tops, heights, y + margin
}

// route leaves a box at its lower side and enters the next at its upper side,
// at ports in the order of the neighbours, so that edges do not cross there.
func (g *graph) route(i int, chain []int, shift float64, tops, heights []float64, boxes []box) path {
	p := path{Edge: g.edges[i]}
	first, last := chain[0], chain[len(chain)-1]
	b := boxes[first]
	p.points = append(p.points, point{g.port(first, chain[1], g.vertices[first].out) + shift, b.y + b.h})
	for _, v := range chain[1 : len(chain)-1] {
		l, x := g.vertices[v].layer, g.vertices[v].x+shift
		p.points = append(p.points, point{x, tops[l]}, point{x, tops[l] + heights[l]})
	}
	b = boxes[last]
	p.points = append(p.points, point{g.port(last, chain[len(chain)-2], g.vertices[last].in) + shift, b.y})
	if g.ends[i][0] >= 0 && g.nodes[g.ends[i][0]].Name != g.edges[i].From {
		slices.Reverse(p.points)
	}
	return p
}

// port is the x at which the edge between v and its neighbour touches v.
func (g *graph) port(v, neighbour int, near []int) float64 {
	order := slices.Clone(near)
	slices.SortStableFunc(order, func(a, b int) int { return g.vertices[a].position - g.vertices[b].position })
	k := slices.Index(order, neighbour)
	step := min(26, (g.vertices[v].w-40)/float64(len(near)))
	return g.vertices[v].x + (float64(k)-float64(len(near)-1)/2)*step
}
