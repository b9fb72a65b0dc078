package kernels

// F(4x4, 3x3) computes 16 pixels from 36 products, where F(2x2, 3x3) takes 64.
// Its points are 0, ±√½, ±√2 and ∞: with those the error is one and a half that
// of a direct sum, with the usual 0, ±1, ±2 and ∞ it is five times that. Only
// inference uses it (Epilogue.Inference).

// winoForm is F(side x side, 3x3): tiles of side x side pixels are computed from
// patches of edge x edge, by edge² products.
type winoForm struct {
	side, edge int
	floats     int // of the transformed tiles of a block, and of its products
	most       int // tiles of a block
}

var (
	wino2 = winoForm{side: 2, edge: 4, floats: winoFloats, most: winoMost}
	wino4 = winoForm{side: 4, edge: 6, floats: 160 << 10, most: 96}
)

func (f winoForm) planes() int { return f.edge * f.edge }

// grid is how many tiles cover an image of h x w pixels.
func (f winoForm) grid(h, w int) (rows, cols int) {
	return (h + f.side - 1) / f.side, (w + f.side - 1) / f.side
}

// products is how many multiplications an image takes for each pair of channels.
func (f winoForm) products(s Conv) int {
	rows, cols := f.grid(s.OH, s.OW)
	return rows * cols * f.planes()
}

// form is what winograd computes the convolution by: its shape decides, and
// whether inference is what it is for.
func (g *gatherConv) form() winoForm {
	if g.finish != nil && g.finish.Inference && 6*wino4.products(g.s) <= 5*wino2.products(g.s) {
		return wino4
	}
	return wino2
}

// output4 writes the 16 pixels of tile t.
func (w *winoItem) output4(p *convPanel, fin *finish, t int) {
	s := w.s
	image, row, col := w.place(w.from + t)
	for i := range w.y4 {
		py, px := 4*row+i/4, 4*col+i%4
		if py >= s.OH || px >= s.OW {
			w.y4[i], w.r4[i] = &w.outside[0], &w.outside[winoPitch]
			continue
		}
		at := w.out.base + image*w.out.image + py*w.out.row + px*w.out.pixel + p.y
		w.y4[i] = &w.y[at]
		if fin.residual != nil {
			w.r4[i] = &w.finish.Residual[at]
		}
	}
	r := &w.r4[0]
	if fin.residual == nil {
		r = nil
	}
	planes := wino4.planes()
	if w.strips.winoOutput4(&w.products[t*planes*winoPitch], &w.tmp[0], &w.y4[0], r, fin.scale, fin.offset, fin.relu, p.cols) != 0 {
		w.strange.Store(true)
	}
}

// clip is the part of a patch of pixels that lies in the image.
type clip struct {
	pixel      int // the first of them in the image
	skip       int // pixels of the image from where the patch starts to there
	rows, cols int // a bit for each row and column
}

// clipTo clips the patch of edge x edge pixels at row top and column left to an
// image of h x w pixels.
func clipTo(top, left, edge, h, w int) clip {
	bits := func(from, size int) (first, set int) {
		first, end := min(max(-from, 0), edge), min(edge, size-from)
		if first >= end {
			return first, 0
		}
		return first, 1<<end - 1<<first
	}
	row, rows := bits(top, h)
	col, cols := bits(left, w)
	if rows == 0 || cols == 0 {
		return clip{}
	}
	return clip{pixel: (top+row)*w + left + col, skip: row*w + col, rows: rows, cols: cols}
}

// first is where the clipped patch of the image at pixel image starts in x.
func (c clip) first(x []float32, image, channels int) *float32 { return &x[(image+c.pixel)*channels] }
