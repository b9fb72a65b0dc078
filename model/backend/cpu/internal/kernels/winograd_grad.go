package kernels

import (
	"sync/atomic"

	"github.com/retort-ml/retort/internal/workpool"
)

// winoGrad computes the kernel gradient of a 3x3 convolution of stride 1 by
// F(3x3, 4x4), the transpose of F(4x4, 3x3): tiles of 4x4 pixels of dy and the 6x6
// of x that they see take 36 multiplications for each pair of channels instead of
// 144. It is
//
//	dw = Gᵀ·(Σ (Bᵀ·x·B) ⊙ (A·dy·Aᵀ))·G
//
// over all tiles: 36 products of matrices whose depth is the tiles, and one
// transform back for each pair of channels. A work item is a block of channels
// over a chunk of the tiles; the partial sums of chunks are added in order.
//
// As in winograd, what is not finite would reach weights that it should not: then,
// and only then, the gradient is computed again directly.
type winoGrad struct {
	*isa
	s          Conv
	x, dy      []float32
	sums       partialSums
	rows, cols int // tiles of an image
	tiles      int // of the batch
	ins, outs  int // blocks of channels
	strange    atomic.Bool
}

const (
	winoGradBlock = 128 // channels of a block, in and out
	winoGradDepth = 32  // tiles that are multiplied at a time: long sums are less exact
	winoGradTiles = 16  // tiles from which transforming back pays
)

// gradByWinograd says whether winoGrad computes the kernel gradient of s, and
// faster. Its shape alone decides.
func (s Conv) gradByWinograd(i *isa) bool {
	if direct || s.KH != 3 || s.KW != 3 || s.StrideH != 1 || s.StrideW != 1 || s.DilH != 1 || s.DilW != 1 || s.Groups != 1 ||
		s.Ci%winoMultiple != 0 || s.Co%winoMultiple != 0 || min(s.Ci, s.Co) < i.winoGradLeast {
		return false
	}
	rows, cols := wino4.grid(s.OH, s.OW)
	return s.N*rows*cols >= winoGradTiles && 6*rows*cols <= s.OH*s.OW && // two thirds of the products
		seesHalf(s.OH, s.PadT, s.H) && seesHalf(s.OW, s.PadL, s.W)
}

// seesHalf says whether each of three taps sees elements of x at half of the n
// places or more: what one that sees few is rounded by comes from those that see more.
func seesHalf(n, pad, size int) bool {
	for a := range 3 {
		if first, end := max(0, pad-a), min(n, size+pad-a); 2*(end-first) < n {
			return false
		}
	}
	return true
}

// run computes the gradient; false if it is not finite everywhere, and so not to
// be used.
func (g *winoGrad) run(dw []float32) bool {
	s := g.s
	g.rows, g.cols = wino4.grid(s.OH, s.OW)
	g.tiles = s.N * g.rows * g.cols
	blocks := func(n int) int { return (n + winoGradBlock - 1) / winoGradBlock }
	g.ins, g.outs = blocks(s.Ci), blocks(s.Co)
	each := g.ins * g.outs
	chunks := min((gradItems+each-1)/each, max(1, g.tiles/winoGradDepth), max(1, gradPartials/s.lenW()))
	g.sums.begin(dw, chunks)
	defer g.sums.end()
	workpool.For(chunks*each, func(i int) {
		if g.strange.Load() {
			return
		}
		chunk, block := i/each, i%each
		item := winoGradPool.get()
		defer winoGradPool.put(item)
		item.winoGrad, item.dw = g, g.sums.of(chunk)
		item.in, item.out = cutBlock(block/g.outs, s.Ci), cutBlock(block%g.outs, s.Co)
		item.run(chunk*g.tiles/chunks, (chunk+1)*g.tiles/chunks)
		item.winoGrad, item.dw = nil, nil
	})
	if g.strange.Load() {
		return false
	}
	g.sums.add()
	return true
}

// channels is a block of channels.
type channels struct{ from, n int }

func cutBlock(i, n int) channels {
	from := i * winoGradBlock
	return channels{from, min(winoGradBlock, n-from)}
}

// winoGradItem is a block of channels over a chunk of the tiles.
type winoGradItem struct {
	*winoGrad
	dw       []float32
	in, out  channels
	panels   []panel    // of the block's output channels; at counts floats of a plane
	bands    []gradBand // of its input channels
	xs, ys   planes     // transformed tiles
	products planes     // by panel and band
	tmp      []float32
	bounce   bounce
}

// planes are the 36 planes of something transformed.
type planes struct {
	data  []float32
	pitch int // from a plane to the next
	row   int // and from a row: neither is a power of two if it is large
}

// plane is plane i from place at on.
func (p *planes) plane(i, at int) *float32 { return &p.data[i*p.pitch+at] }

// take gets memory for planes of rows of n floats.
func (p *planes) take(rows, n int) *buffer[float32] {
	p.row = n
	if n >= 4*winoMultiple {
		p.row += winoMultiple
	}
	p.pitch = rows*p.row + winoMultiple
	b := floats.get(wino4.planes() * p.pitch)
	p.data = b.data
	return b
}

// gradBand is rows of a product that a kernel computes at once.
type gradBand struct {
	from, skip, rows int // the first row, how many another band has, all
	outer            outerFunc
}

// cutBands lists the bands of n rows, a multiple of 16, for tiles of t.
func (s *isa) cutBands(list []gradBand, t tile, n int) []gradBand {
	whole, at := 0, 0
	for t.wholeRows > 0 && (n-whole)%s.rows != 0 && whole < n {
		whole += t.wholeRows
	}
	for ; at < whole; at += t.wholeRows {
		list = append(list, gradBand{from: at, rows: t.wholeRows, outer: t.whole})
	}
	for ; at < n; at += s.rows {
		b := gradBand{from: min(at, n-s.rows), rows: s.rows, outer: t.outer}
		b.skip = at - b.from
		list = append(list, b)
	}
	return list
}

var winoGradPool items[winoGradItem]

func (g *winoGradItem) run(from, to int) {
	depth := min(winoGradDepth, to-from)
	width := 0
	g.panels, width = g.isa.panels(g.panels[:0], g.out.n, 1, 0)
	tmp := floats.get(winoTmp)
	defer floats.put(tmp)
	defer floats.put(g.xs.take(depth, g.in.n))
	defer floats.put(g.ys.take(depth, g.out.n))
	rows := (g.in.n + g.isa.rows - 1) / g.isa.rows * g.isa.rows
	defer floats.put(g.products.take(1, rows*width))
	g.tmp = tmp.data
	for at := from; at < to; at += depth {
		n := min(depth, to-at)
		for t := range n {
			g.transform(at+t, t)
		}
		g.multiply(n, rows, at > from)
	}
	g.back(rows)
	g.xs.data, g.ys.data, g.products.data, g.tmp = nil, nil, nil, nil
}

// transform transforms a tile of x and of dy to place t of the planes.
func (g *winoGradItem) transform(tile, t int) {
	s, each := &g.s, g.rows*g.cols
	image, row, col := tile/each, tile%each/g.cols*4, tile%g.cols*4
	x := clipTo(row-s.PadT, col-s.PadL, 6, s.H, s.W)
	g.strips.winoInputGrad4(g.xs.plane(0, t*g.xs.row), index(x.first(g.x, image*s.H*s.W, s.Ci), g.in.from), &g.tmp[0],
		g.xs.pitch, s.Ci, s.W*s.Ci, g.in.n, x.skip*s.Ci, x.rows, x.cols)
	y := clipTo(row, col, 4, s.OH, s.OW)
	g.strips.winoOutputGrad4(g.ys.plane(0, t*g.ys.row), index(y.first(g.dy, image*s.OH*s.OW, s.Co), g.out.from), &g.tmp[0],
		g.ys.pitch, s.Co, s.OW*s.Co, g.out.n, y.skip*s.Co, y.rows, y.cols)
}

// multiply adds the products of n tiles to those of the tiles before them.
func (g *winoGradItem) multiply(n, rows int, accumulate bool) {
	acc := 0
	if accumulate {
		acc = 1
	}
	for plane := range wino4.planes() {
		for i := range g.panels {
			p := &g.panels[i]
			g.bands = g.isa.cutBands(g.bands[:0], p.tile, g.in.n)
			coff := g.bounce.rowsOf(p.tile.cols)
			b := g.ys.plane(plane, p.col)
			at := rows * p.at
			for j := range g.bands {
				band := &g.bands[j]
				band.outer(g.products.plane(plane, at), coff, g.xs.plane(plane, band.from), &g.bounce.tap, 1, n, g.xs.row, b, g.ys.row, acc)
				at += band.rows * p.tile.cols
			}
		}
	}
}

// back transforms the sums to the weights' gradients.
func (g *winoGradItem) back(rows int) {
	s := &g.s
	strange := uint32(0)
	for i := range g.panels {
		p := &g.panels[i]
		g.bands = g.isa.cutBands(g.bands[:0], p.tile, g.in.n)
		at := rows * p.at
		for _, band := range g.bands {
			for r := band.skip; r < band.rows; r++ {
				dst := &g.dw[(g.in.from+band.from+r)*s.Co+g.out.from+p.col]
				strange |= g.strips.winoWeightsGrad4(dst, g.products.plane(0, at+r*p.tile.cols), &g.tmp[0], g.products.pitch, s.Ci*s.Co, p.cols)
			}
			at += band.rows * p.tile.cols
		}
	}
	if strange != 0 {
		g.strange.Store(true)
	}
}
