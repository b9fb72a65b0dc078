package kernels

import "github.com/retort-ml/retort/internal/workpool"

// gatherConv runs a convolution as a matrix product whose left rows are the
// windows of pixels, read where they lie (implicit GEMM): a window row is
// contiguous in an NHWC image, so a tile is a dozen pixels, and its depth runs
// through the rows of the window. Forward and input gradient are both of this
// kind.
type gatherConv struct {
	*isa
	s       Conv
	x, y    []float32
	out     layout
	finish  *finisher
	moments *convMoments // nil if nobody asks
	frame   frame
	splits  int // work items that share a frame
	panels  []convPanel
	packed  []float32
	pack    func(dst []float32, panels []convPanel)
	runs    []run
	aoff    []int // of the pixels of a full frame
	coff    []int
}

// layout is where output pixels lie in y: not always adjacent, for the input
// gradient of a strided convolution computes every other pixel.
type layout struct{ base, image, row, pixel int }

// convPanel is a panel of output channels of one group.
type convPanel struct {
	panel
	x, y int // first channel that it reads and writes
}

// run is a part of the depth: depth floats from each tap.
type run struct {
	taps  []int
	depth int
	row   int // of the panel
}

const (
	framePixels = 2048
	frameFloats = 1 << 17 // 512 KiB: a frame and a panel stay in L2
	convItems   = 16      // pieces a convolution is cut into, if it is large enough
	runRows     = 5120    // rows of a panel that stay in L2
)

// channels returns the channels of a group: in and out.
func (s Conv) channels() (in, out int) { return s.Ci / s.Groups, s.Co / s.Groups }

// rows is the depth of the product.
func (s Conv) rows() int { return s.KH * s.KW * (s.Ci / s.Groups) }

// fused says whether a window row is contiguous in the image.
func (s Conv) fused() bool { return s.DilW == 1 && s.Groups == 1 }

// plan cuts the convolution into frames, panels and runs, by shape alone. It
// returns the floats of all packed weights.
func (g *gatherConv) plan() int {
	g.flatten()
	s := g.s
	in, out := s.channels()
	floats := 0
	for group := range s.Groups {
		var list []panel
		list, floats = g.isa.panels(nil, out, s.rows(), floats)
		for _, p := range list {
			g.panels = append(g.panels, convPanel{panel: p, x: group * in, y: group*out + p.col})
		}
	}
	pixels := min(framePixels, max(g.isa.rows, s.N*s.OH*s.OW/convItems))
	g.frame = tileFrameFor(s, pixels, frameFloats, g.isa.rows)
	g.splits = min(len(g.panels), max(1, convItems/g.frame.count()))
	g.runs = g.cutDepth()
	return floats
}

// flatten sees a convolution of single pixels as one image of one column, which
// can be cut anywhere.
func (g *gatherConv) flatten() {
	s := &g.s
	if s.KH != 1 || s.KW != 1 || s.StrideH != 1 || s.StrideW != 1 || s.PadT != 0 || s.PadL != 0 || s.OH != s.H || s.OW != s.W ||
		g.out.row != s.OW*g.out.pixel || g.out.image != s.OH*g.out.row {
		return
	}
	s.H, s.W, s.N = s.N*s.H*s.W, 1, 1
	s.OH, s.OW = s.H, 1
	g.out.image, g.out.row = s.H*g.out.pixel, g.out.pixel
}

// cutDepth lists the runs of the depth.
func (g *gatherConv) cutDepth() []run {
	s := g.s
	var taps []int
	depth := s.Ci / s.Groups
	for a := range s.KH {
		if s.fused() {
			taps = append(taps, a*s.DilH*g.frame.rowPitch())
			continue
		}
		for b := range s.KW {
			taps = append(taps, a*s.DilH*g.frame.rowPitch()+b*s.DilW*s.Ci)
		}
	}
	if s.fused() {
		depth *= s.KW
	}
	var runs []run
	if depth > runRows {
		for t, tap := range taps {
			for d := 0; d < depth; d += runRows {
				runs = append(runs, run{taps: []int{tap + d}, depth: min(runRows, depth-d), row: t*depth + d})
			}
		}
		return runs
	}
	each := max(1, runRows/max(depth, 1))
	for t := 0; t < len(taps); t += each {
		runs = append(runs, run{taps: taps[t:min(t+each, len(taps))], depth: depth, row: t * depth})
	}
	return runs
}

// locate sets the offsets of the pixels of a full frame.
func (g *gatherConv) locate(aoff, coff []int) {
	f := &g.frame
	for p := range aoff {
		image, row, col := p/(f.bands*g.s.OW), p/g.s.OW%f.bands, p%g.s.OW
		aoff[p] = f.at(p)
		coff[p] = image*g.out.image + row*g.out.row + col*g.out.pixel
	}
	g.aoff, g.coff = aoff, coff
}

// execute plans and runs the convolution.
func (g *gatherConv) execute() {
	size := g.plan()
	if g.s.byWinograd() {
		if w := (&winograd{gatherConv: g, winoForm: g.s.winoForm()}); w.run() {
			return
		}
	}
	weights := floats.get(size)
	defer floats.put(weights)
	g.packed = weights.data
	g.pack(g.packed, g.panels)
	pixels := g.frame.images * g.frame.bands * g.s.OW
	table := offsets.get(2 * pixels)
	defer offsets.put(table)
	g.locate(table.data[:pixels], table.data[pixels:])
	g.moments.end()
	if g.splits == 1 {
		g.moments.begin(g.frame.count())
	}
	workpool.For(g.frame.count()*g.splits, func(i int) {
		buf := floats.get(g.frame.size())
		defer floats.put(buf)
		p, split := g.frame.patch(i/g.splits), i%g.splits
		item := gatherPool.get()
		defer gatherPool.put(item)
		item.gatherConv, item.pixels, item.frame = g, p.pixels(g.s), g.frame.fill(buf.data, g.x, p)
		item.panels = g.panels[split*len(g.panels)/g.splits : (split+1)*len(g.panels)/g.splits]
		item.base = g.out.base + p.image*g.out.image + p.row*g.out.row
		item.run()
		first := (p.image*g.s.OH + p.row) * g.s.OW
		g.moments.add(i, first, first+item.pixels, g.y)
		item.gatherConv, item.frame, item.panels, item.bounce.fin = nil, nil, nil, finish{}
	})
}

// gatherItem is one frame over some panels.
type gatherItem struct {
	*gatherConv
	pixels int
	frame  []float32
	panels []convPanel
	base   int // of the frame's pixels in y
	bounce bounce
}

var gatherPool items[gatherItem]

func (g *gatherItem) run() {
	for j := range g.panels {
		p := &g.panels[j]
		fin := g.finish.of(&g.bounce.fin, p.y, g.base)
		for i := range g.runs {
			last := i == len(g.runs)-1
			for pixel := 0; pixel < g.pixels; pixel += g.isa.rows {
				if last {
					g.tile(p, &g.runs[i], pixel, i > 0, fin)
				} else {
					g.tile(p, &g.runs[i], pixel, i > 0, nil)
				}
			}
		}
	}
}

func (g *gatherItem) tile(p *convPanel, r *run, pixel int, accumulate bool, fin *finish) {
	b := &g.packed[p.at+r.row*p.tile.cols]
	a, y := g.frame[p.x:], g.y[g.base+p.y:]
	rows := min(g.isa.rows, g.pixels-pixel)
	if rows == g.isa.rows && p.cols == p.tile.cols {
		acc := 0
		if accumulate {
			acc = 1
		}
		p.tile.gather(&y[0], &g.coff[pixel], &a[0], &g.aoff[pixel], &r.taps[0], len(r.taps), r.depth, b, acc, fin.pointer())
		return
	}
	for i := range g.isa.rows {
		g.bounce.aoff[i] = g.aoff[pixel+min(i, rows-1)]
	}
	p.tile.gather(&g.bounce.tile[0], g.bounce.rowsOf(p.tile.cols), &a[0], &g.bounce.aoff[0],
		&r.taps[0], len(r.taps), r.depth, b, 0, nil)
	if fin != nil && !accumulate { // y may be the residual: nothing is written before it is read
		for i, at := range g.coff[pixel : pixel+rows] {
			g.finish.rowsOf(g.y, &g.bounce.tile[i*p.tile.cols], g.base+p.y+at, p.y, p.cols, 1)
		}
		return
	}
	g.bounce.copyTo(y, g.coff[pixel:pixel+rows], p.tile.cols, p.cols, accumulate)
	if fin != nil {
		for _, at := range g.coff[pixel : pixel+rows] {
			g.finish.rows(g.y, g.base+p.y+at, p.y, p.cols, 1)
		}
	}
}
