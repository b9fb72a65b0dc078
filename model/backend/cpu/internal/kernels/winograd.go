package kernels

import (
	"sync/atomic"

	"github.com/retort-ml/retort/internal/workpool"
)

// winograd computes a 3x3 convolution of stride 1 by F(2x2, 3x3) of Lavin and
// Gray (2016): tiles of 2x2 output pixels take 16 multiplications for each
// pair of channels instead of 36. The weights are transformed once, then each
// block of tiles is transformed, multiplied (16 products of matrices) and
// transformed back while it lies in the cache.
//
// The transforms mix the pixels of a tile, so that one that is not finite
// would reach its neighbours: then, and only then, the convolution is computed
// again directly.
type winograd struct {
	*gatherConv
	winoForm
	weights    []float32 // by panel: planes of Ci rows
	rows, cols int       // tiles of an image
	block      int       // tiles of a work item
	plane      int       // floats between the planes of a block's tiles
	strange    atomic.Bool
}

const (
	winoPitch    = 32        // floats between the planes of a product
	winoMultiple = 16        // of which both channel counts are multiples
	winoLeast    = 32        // channels from which it pays
	winoTiles    = 64        // tiles from which transforming the weights pays
	winoFloats   = 192 << 10 // of the transformed tiles of a block
	winoMost     = 96        // tiles of a block
	winoTmp      = 36 * 16   // floats that a transform of F(4x4, 3x3) needs
)

// direct turns winograd off: for tests.
var direct bool

// byWinograd says whether the convolution is one that winograd computes, and
// faster. Its shape alone decides.
func (s Conv) byWinograd() bool {
	return !direct && s.KH == 3 && s.KW == 3 && s.StrideH == 1 && s.StrideW == 1 && s.DilH == 1 && s.DilW == 1 && s.Groups == 1 &&
		s.Ci%winoMultiple == 0 && s.Co%winoMultiple == 0 && min(s.Ci, s.Co) >= winoLeast &&
		s.N*((s.OH+1)/2)*((s.OW+1)/2) >= winoTiles
}

// run computes the convolution from the packed weights; false if the result
// is not finite everywhere, and so not to be used.
func (w *winograd) run() bool {
	s := w.s
	w.rows, w.cols = w.grid(s.OH, s.OW)
	tiles := s.N * w.rows * w.cols
	lines := func(n int) int { return (n + w.isa.rows - 1) / w.isa.rows * w.isa.rows }
	w.block = min(w.most, max(w.isa.rows, w.floats/(w.planes()*s.Ci)), (tiles+convItems-1)/convItems)
	w.block = lines(w.block)
	w.plane = w.block*s.Ci + winoMultiple // not a power of two apart
	size := 0
	for _, p := range w.panels {
		size += w.planes() * s.Ci * p.tile.cols
	}
	buf := floats.get(size)
	defer floats.put(buf)
	w.weights = buf.data
	w.transform()
	workpool.For((tiles+w.block-1)/w.block, func(i int) {
		if w.strange.Load() {
			return
		}
		item := winoPool.get()
		defer winoPool.put(item)
		item.winograd, item.from, item.to = w, i*w.block, min((i+1)*w.block, tiles)
		item.run()
		*item = winoItem{}
	})
	return !w.strange.Load()
}

// at is where the planes of a panel start.
func (w *winograd) at(p *convPanel) int { return p.at / 9 * w.planes() }

// transform turns the packed taps into planes.
func (w *winograd) transform() {
	const rows = 16 // of a work item
	parts := (w.s.Ci + rows - 1) / rows
	workpool.For(len(w.panels)*parts, func(i int) {
		p, from := &w.panels[i/parts], i%parts*rows
		n := min(rows, w.s.Ci-from) * p.tile.cols
		tap := w.s.Ci * p.tile.cols
		from *= p.tile.cols
		dst, src := &w.weights[w.at(p)+from], &w.packed[p.at+from]
		if w.edge == 4 {
			w.strips.winoWeights(dst, src, tap, tap, n)
			return
		}
		tmp := floats.get(winoTmp)
		defer floats.put(tmp)
		w.strips.winoWeights4(dst, src, &tmp.data[0], tap, tap, n)
	})
}

// winoItem is a block of tiles.
type winoItem struct {
	*winograd
	from, to   int
	tiles      []float32 // transformed
	patch      []float32 // at an edge of the image
	products   []float32
	aoff, coff [maxRows]int
	tap        int // always 0
	fin        finish
	outside    []float32 // where pixels outside the image go
	tmp        []float32
	y4, r4     [16]*float32 // the pixels of a tile
}

var winoPool items[winoItem]

func (w *winoItem) run() {
	s, n := w.s, w.to-w.from
	padded := (n + w.isa.rows - 1) / w.isa.rows * w.isa.rows
	tiles, patch := floats.get(w.planes()*w.plane), floats.get(w.planes()*s.Ci)
	products, outside := floats.get(padded*w.planes()*winoPitch), floats.get(2*winoPitch+winoTmp)
	defer floats.put(tiles)
	defer floats.put(patch)
	defer floats.put(products)
	defer floats.put(outside)
	w.tiles, w.patch, w.products, w.outside = tiles.data, patch.data, products.data, outside.data[:2*winoPitch]
	w.tmp = outside.data[2*winoPitch:]
	clear(w.outside)
	for t := range n {
		w.input(t)
	}
	for i := range w.isa.rows {
		w.coff[i] = i * w.planes() * winoPitch
	}
	for i := range w.panels {
		p := &w.panels[i]
		w.multiply(p, n)
		fin := w.finish.of(&w.fin, p.y, 0)
		for t := range n {
			if w.edge == 4 {
				w.output(p, fin, t)
			} else {
				w.output4(p, fin, t)
			}
		}
	}
}

// place is the image, tile row and tile column of a tile.
func (w *winograd) place(tile int) (image, row, col int) {
	each := w.rows * w.cols
	return tile / each, tile % each / w.cols, tile % w.cols
}

// input transforms tile t of the block, from x itself or from a patch with the
// padding around it.
func (w *winoItem) input(t int) {
	s := w.s
	image, row, col := w.place(w.from + t)
	top, left := w.side*row-s.PadT, w.side*col-s.PadL
	if w.edge != 4 {
		c := clipTo(top, left, w.edge, s.H, s.W)
		w.strips.winoInput4(&w.tiles[t*s.Ci], c.first(w.x, image*s.H*s.W, s.Ci), &w.tmp[0], w.plane, s.Ci, s.W*s.Ci, s.Ci,
			c.skip*s.Ci, c.rows, c.cols)
		return
	}
	src, pitch := w.patch, w.edge*s.Ci
	if top >= 0 && left >= 0 && top+w.edge <= s.H && left+w.edge <= s.W {
		src, pitch = w.x[((image*s.H+top)*s.W+left)*s.Ci:], s.W*s.Ci
	} else {
		w.fillPatch(image, top, left)
	}
	w.strips.winoInput(&w.tiles[t*s.Ci], &src[0], w.plane, s.Ci, pitch, s.Ci)
}

func (w *winoItem) fillPatch(image, top, left int) {
	s := w.s
	from, to := max(left, 0), min(left+w.edge, s.W)
	for r := range w.edge {
		dst := w.patch[r*w.edge*s.Ci:][:w.edge*s.Ci]
		if top+r < 0 || top+r >= s.H || from >= to {
			clear(dst)
			continue
		}
		clear(dst[:(from-left)*s.Ci])
		copy(dst[(from-left)*s.Ci:], w.x[((image*s.H+top+r)*s.W+from)*s.Ci:][:(to-from)*s.Ci])
		clear(dst[(to-left)*s.Ci:])
	}
}

// multiply computes the products of all tiles and the panel: plane i of tile t
// is at (planes·t + i)·winoPitch.
func (w *winoItem) multiply(p *convPanel, n int) {
	ci, planes := w.s.Ci, w.planes()
	for plane := range planes {
		b := &w.weights[w.at(p)+plane*ci*p.tile.cols]
		for t := 0; t < n; t += w.isa.rows {
			for i := range w.isa.rows {
				w.aoff[i] = min(i, n-1-t) * ci
			}
			p.tile.gather(&w.products[(t*planes+plane)*winoPitch], &w.coff[0], &w.tiles[plane*w.plane+t*ci], &w.aoff[0],
				&w.tap, 1, ci, b, 0, nil)
		}
	}
}

// output writes the four pixels of tile t.
func (w *winoItem) output(p *convPanel, fin *finish, t int) {
	s := w.s
	image, row, col := w.place(w.from + t)
	var y, r [4]*float32
	for i := range 4 {
		py, px := 2*row+i/2, 2*col+i%2
		if py >= s.OH || px >= s.OW {
			y[i], r[i] = &w.outside[0], &w.outside[winoPitch]
			continue
		}
		at := w.out.base + image*w.out.image + py*w.out.row + px*w.out.pixel + p.y
		y[i] = &w.y[at]
		if fin != nil && fin.residual != nil {
			r[i] = &w.finish.Residual[at]
		}
	}
	m, n, v := &w.products[t*w.planes()*winoPitch], p.cols, w.strips
	strange := uint32(0)
	switch {
	case fin == nil:
		strange = v.winoOutput(m, y[0], y[1], y[2], y[3], n)
	case fin.residual == nil && fin.relu == 0:
		strange = v.winoOutputFinish(m, y[0], y[1], y[2], y[3], fin.scale, fin.offset, n)
	case fin.residual == nil:
		strange = v.winoOutputFinishReLU(m, y[0], y[1], y[2], y[3], fin.scale, fin.offset, n)
	case fin.relu == 0:
		strange = v.winoOutputFinishResidual(m, y[0], y[1], y[2], y[3], fin.scale, fin.offset, r[0], r[1], r[2], r[3], n)
	default:
		strange = v.winoOutputFinishResidualReLU(m, y[0], y[1], y[2], y[3], fin.scale, fin.offset, r[0], r[1], r[2], r[3], n)
	}
	if strange != 0 {
		w.strange.Store(true)
	}
}
