package kernels

import (
	"slices"
	"sync/atomic"

	"github.com/retort-ml/retort/internal/workpool"
)

// winograd computes a 3x3 convolution of stride 1 by F(4x4, 3x3) or F(2x2, 3x3) of
// Lavin and Gray (2016): tiles of 4x4 output pixels take 36 multiplications for each
// pair of channels instead of 144, tiles of 2x2 take 16 instead of 36. The weights of
// some panels are transformed, then each block of tiles is transformed, multiplied (36
// or 16 products of matrices) and transformed back while it lies in the cache.
//
// Where a panel's weights stay near, the products of a dozen tiles are computed and
// used before the next, and the kernel asks for the memory that comes next meanwhile:
// with few channels that is what limits a convolution.
//
// The transforms mix the pixels of a tile, so that one that is not finite
// would reach its neighbours: then, and only then, the convolution is computed
// again directly.
type winograd struct {
	*gatherConv
	winoForm
	weights    []float32 // by panel: planes of Ci rows
	rows, cols int       // tiles of an image
	block      int       // rows of tiles that are transformed at a time
	item       int       // of a work item
	splits     int       // work items that share a block
	together   int       // panels whose weights are there at a time
	plane      int       // floats between the planes of a block's tiles
	frame      frame     // of x, padded: bands rows of tiles
	strange    atomic.Bool
}

const (
	winoPitch    = 32         // floats between the planes of a product of F(2x2, 3x3)
	winoMultiple = 16         // of which both channel counts are multiples
	winoTiles    = 64         // tiles from which transforming the weights pays
	winoNear     = 80 << 10   // floats of a panel's weights that stay near
	winoFew      = 24         // tiles of a block whose weights do
	winoItems    = 64         // pieces into which their convolution is cut
	winoFar      = 288 << 10  // floats of a panel's weights above which blocks are larger
	winoTogether = 1152 << 10 // floats of weights that are there at a time, or those of x if it has less
	winoProducts = 192 << 10  // floats of products that are there at a time
	winoFrame    = 16 << 10   // floats of a frame
	winoTmp      = 36 * 16    // floats that a transform of F(4x4, 3x3) needs
)

// direct turns winograd off: for tests.
var direct bool

// byWinograd says whether the convolution is one that winograd computes, and
// faster. Its shape alone decides.
func (s Conv) byWinograd() bool {
	return !direct && s.KH == 3 && s.KW == 3 && s.StrideH == 1 && s.StrideW == 1 && s.DilH == 1 && s.DilW == 1 && s.Groups == 1 &&
		s.Ci%winoMultiple == 0 && s.Co%winoMultiple == 0 && min(s.Ci, s.Co) >= s.winoForm().least &&
		s.N*((s.OH+1)/2)*((s.OW+1)/2) >= winoTiles
}

// run computes the convolution, some panels after the others; false if the result is
// not finite everywhere, and so not to be used.
func (w *winograd) run() bool {
	s := w.s
	w.rows, w.cols = w.grid(s.OH, s.OW)
	if w.finish == nil && w.edge == 6 {
		w.finish = Epilogue{}.finisher(s.Co)
		defer func() { // the direct convolution has none
			w.finish.release()
			w.finish = nil
		}()
	}
	w.cut()
	if rows := s.N * w.rows; w.splits == 1 && w.together == len(w.panels) {
		w.moments.begin((rows + w.item - 1) / w.item)
	}
	most := w.together * s.Ci * w.panels[0].tile.cols
	packed, weights := floats.get(9*most), floats.get(w.planes()*most)
	defer floats.put(packed)
	defer floats.put(weights)
	w.packed, w.weights = packed.data, weights.data
	all := w.panels
	for from := 0; from < len(all) && !w.strange.Load(); from += w.together {
		w.panels = slices.Clone(all[from:min(from+w.together, len(all))])
		for i := range w.panels {
			w.panels[i].at -= all[from].at
		}
		w.pack(w.packed, w.panels)
		w.transform()
		w.multiplyAll()
	}
	w.panels = all
	return !w.strange.Load()
}

// multiplyAll computes the pixels of the panels whose weights are there.
func (w *winograd) multiplyAll() {
	rows, splits := w.s.N*w.rows, min(w.splits, len(w.panels))
	workpool.For((rows+w.item-1)/w.item*splits, func(i int) {
		if w.strange.Load() {
			return
		}
		item := winoPool.get()
		defer winoPool.put(item)
		item.winograd = w
		block, split := i/splits, i%splits
		item.mine = w.panels[split*len(w.panels)/splits : (split+1)*len(w.panels)/splits]
		from, to := block*w.item, min((block+1)*w.item, rows)
		item.run(from, to)
		w.moments.add(i, w.pixel(from), w.pixel(to), w.y)
		*item = winoItem{}
	})
}

// pixel is the first of a row of tiles.
func (w *winograd) pixel(row int) int {
	return (row/w.rows*w.s.OH + min(row%w.rows*w.side, w.s.OH)) * w.s.OW
}

// cut chooses the rows of tiles of a block, of a work item and of a frame, and the
// panels that are computed together, by shape alone: of the numbers of rows that fit,
// one that leaves least of a kernel's last call idle.
func (w *winograd) cut() {
	s := w.s
	tiles, perPanel := s.N*w.rows*w.cols, w.planes()*s.Ci*w.panels[0].tile.cols
	most := w.floats / (w.planes() * s.Ci)
	if perPanel > winoFar {
		most *= 4
	}
	if w.near() {
		most = winoFew
	}
	most = w.padded(max(1, min(w.most, most, tiles*len(w.panels)/convItems)))
	w.block = 1
	best := 0.0
	for rows := 1; rows == 1 || rows*w.cols <= most; rows++ {
		n := rows * w.cols
		if used := float64(n) / float64(w.padded(n)); used >= best {
			w.block, best = rows, used
		}
	}
	w.item = w.block
	if w.near() { // whole blocks, each of which fetches what the next reads
		w.item *= max(1, s.N*w.rows/(winoItems*w.block))
	}
	items := (s.N*w.rows + w.item - 1) / w.item
	w.together = min(len(w.panels), (min(winoTogether, s.lenX())+perPanel-1)/perPanel)
	w.splits = min(w.together, (convItems+items-1)/items)
	w.plane = w.padded(w.block*w.cols)*s.Ci + winoMultiple // not a power of two apart
	w.frame = frame{s: s, images: 1, bands: 1, width: w.side*(w.cols-1) + w.edge}
	for w.frame.bands < min(w.block, w.rows) && w.heightOf(w.frame.bands+1)*w.frame.width*s.Ci <= winoFrame {
		w.frame.bands++
	}
}

// padded is n as a number of whole calls of a kernel.
func (w *winograd) padded(n int) int { return (n + w.isa.rows - 1) / w.isa.rows * w.isa.rows }

// heightOf is the rows of pixels that rows of tiles read.
func (w *winograd) heightOf(rows int) int { return w.side*(rows-1) + w.edge }

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
