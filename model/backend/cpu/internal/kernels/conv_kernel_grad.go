package kernels

import "github.com/retort-ml/retort/internal/workpool"

// ConvKernelGrad computes dw, the gradient of ConvForward by w, from x and dy.
//
// For each tap it is the product of the transposed pixels that the tap sees
// and dy. The batch is cut into chunks whose partial sums are added in order.
func ConvKernelGrad(dw, x, dy []float32, s Conv) {
	s.check("ConvKernelGrad", x, dw, dy)
	if s.lenW() == 0 {
		return
	}
	if s.lenX() == 0 || s.lenY() == 0 {
		clear(dw[:s.lenW()])
		return
	}
	dw = dw[:s.lenW()]
	if s.gradByWinograd(active) {
		if g := (&winoGrad{isa: active, s: s, x: x, dy: dy}); g.run(dw) {
			return
		}
	}
	g := kernelGrad{isa: active, s: s, x: x, dy: dy, dw: dw}
	g.plan()
	g.execute()
}

// kernelGrad is one call.
type kernelGrad struct {
	*isa
	s        Conv
	x, dy    []float32
	dw       []float32
	sums     partialSums
	frame    frame
	chunks   int // of frames
	splits   int // work items that share a chunk
	panels   []convPanel
	tiles    []gradTile
	taps     []int // of the output rows of a full frame
	dyRows   int   // packed rows of dy in a full frame
	dyFloats int
}

// gradTile is a tile of rows of dw.
type gradTile struct {
	x     int // offset in the frame of the tile's first row
	w     int // first row of dw
	skip  int // rows that the tile before has computed
	rows  int // rows that count, from skip on
	group int
}

const (
	gradPixels   = 256
	gradFloats   = 1 << 17
	gradItems    = 16
	gradPartials = 1 << 22 // floats of partial sums
)

// plan cuts the work, by shape alone.
func (g *kernelGrad) plan() {
	s := g.s
	g.frame = frameFor(s, gradPixels, gradFloats, 1)
	unit := s.Ci / s.Groups
	if s.fused() {
		unit *= s.KW
	}
	if unit < g.isa.rows {
		g.frame.direct = false // a tile reads past the last pixel
	}
	g.listTiles(unit)
	in, out := s.channels()
	g.dyRows = g.frame.images * g.frame.bands * s.OW
	for group := range s.Groups {
		var list []panel
		list, g.dyFloats = g.isa.panels(nil, out, g.dyRows, g.dyFloats)
		for _, p := range list {
			g.panels = append(g.panels, convPanel{panel: p, x: group * in, y: group*out + p.col})
		}
	}
	for i := range g.frame.images * g.frame.bands {
		g.taps = append(g.taps, g.frame.at(i*s.OW))
	}
	g.chunks = max(1, min(gradItems, g.frame.count(), gradPartials/s.lenW()))
	g.splits = max(1, min(gradItems/2/g.chunks, len(g.tiles)))
}

// listTiles cuts the rows of dw; unit of them are adjacent in a frame too.
func (g *kernelGrad) listTiles(unit int) {
	s := g.s
	row := 0
	add := func(x, group int) {
		for m := 0; m < unit; m += g.isa.rows {
			t := gradTile{x: x + m, w: row + m, rows: min(g.isa.rows, unit-m), group: group}
			if t.rows < g.isa.rows && unit >= g.isa.rows {
				t.skip = g.isa.rows - t.rows
				t.x -= t.skip
				t.w -= t.skip
			}
			g.tiles = append(g.tiles, t)
		}
	}
	for a := range s.KH {
		tap := a * s.DilH * g.frame.rowPitch()
		if s.fused() {
			add(tap, 0)
			row += unit
			continue
		}
		for b := range s.KW {
			for group := range s.Groups {
				add(tap+b*s.DilW*s.Ci+group*unit, group)
			}
			row += unit
		}
	}
}

func (g *kernelGrad) execute() {
	g.sums.begin(g.dw, g.chunks)
	defer g.sums.end()
	workpool.For(g.chunks*g.splits, func(i int) {
		chunk, split := i/g.splits, i%g.splits
		item := gradPool.get()
		defer gradPool.put(item)
		item.kernelGrad, item.dw = g, g.sums.of(chunk)
		item.tiles = g.tiles[split*len(g.tiles)/g.splits : (split+1)*len(g.tiles)/g.splits]
		frames := g.frame.count()
		item.run(chunk*frames/g.chunks, (chunk+1)*frames/g.chunks)
		item.kernelGrad, item.dw, item.tiles = nil, nil, nil
	})
	g.sums.add()
}

// gradItem is some tiles over a chunk of frames.
type gradItem struct {
	*kernelGrad
	dw     []float32
	tiles  []gradTile
	bounce bounce
}

var gradPool items[gradItem]

func (g *gradItem) run(from, to int) {
	x, dy := floats.get(g.frame.size()), floats.get(g.dyFloats)
	defer floats.put(x)
	defer floats.put(dy)
	for i := from; i < to; i++ {
		p := g.frame.patch(i)
		xs := g.frame.fill(x.data, g.x, p)
		rows := p.images * p.rows
		src := g.dy[(p.image*g.s.OH+p.row)*g.s.OW*g.s.Co:]
		for j := range g.panels {
			c := &g.panels[j]
			b, step := dy.data[c.at:], c.tile.cols
			if c.cols == g.s.Co && c.cols == c.tile.cols {
				b = src // already a panel
			} else {
				q := c.panel
				q.at, q.col = 0, c.y
				q.packRows(b, src, g.s.Co, 0, rows*g.s.OW)
			}
			for k := range g.tiles {
				if t := &g.tiles[k]; g.s.Groups == 1 || t.group == c.x/(g.s.Ci/g.s.Groups) {
					g.tile(t, c, xs, b, rows, step, i > from)
				}
			}
		}
	}
}

func (g *gradItem) tile(t *gradTile, c *convPanel, x, b []float32, rows, step int, accumulate bool) {
	s := g.s
	if t.skip == 0 && t.rows == g.isa.rows && c.cols == c.tile.cols {
		acc := 0
		if accumulate {
			acc = 1
		}
		c.tile.outer(&g.dw[t.w*s.Co+c.y], g.bounce.rowsOf(s.Co), &x[t.x], &g.taps[0], rows, s.OW, s.StrideW*s.Ci, &b[0], step, acc)
		return
	}
	c.tile.outer(&g.bounce.tile[0], g.bounce.rowsOf(c.tile.cols), &x[t.x], &g.taps[0], rows, s.OW, s.StrideW*s.Ci, &b[0], step, 0)
	for i := range t.rows {
		out, src := g.dw[(t.w+t.skip+i)*s.Co+c.y:][:c.cols], g.bounce.tile[(t.skip+i)*c.tile.cols:][:c.cols]
		if accumulate {
			Add(out, out, src)
		} else {
			copy(out, src)
		}
	}
}
