package kernels

// F(4x4, 3x3) computes 16 pixels from 36 products, where F(2x2, 3x3) takes 64.
// Its points are 0, ±√½, ±√2 and ∞: with those the error is about twice that of a
// direct sum, with the usual 0, ±1, ±2 and ∞ three times as much.

// winoForm is F(side x side, 3x3): tiles of side x side pixels are computed from
// patches of edge x edge, by edge² products.
type winoForm struct {
	side, edge int
	least      int // channels from which it pays
	floats     int // of the transformed tiles of a block, and of its products
	most       int // tiles of a block
}

var (
	wino2 = winoForm{side: 2, edge: 4, least: 32, floats: 192 << 10, most: 96}
	wino4 = winoForm{side: 4, edge: 6, least: 16, floats: 160 << 10, most: 96}
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

// winoForm is what winograd computes the convolution by: F(2x2, 3x3) where the tiles
// of F(4x4, 3x3) reach so far over the image's edge that they save little.
func (s Conv) winoForm() winoForm {
	if 6*wino4.products(s) <= 5*wino2.products(s) {
		return wino4
	}
	return wino2
}

// output4 writes the pixels of count tiles of a row.
func (w *winoItem) output4(p *convPanel, fin *finish, m []float32, row, col, count int) {
	s := w.s
	image, row := row/w.rows, row%w.rows
	rows := min(4, s.OH-4*row)
	whole := min(count, max(0, s.OW/4-col))
	write := func(m []float32, col, cols, count int) {
		at := w.out.base + image*w.out.image + 4*(row*w.out.row+col*w.out.pixel) + p.y
		var r *float32
		if fin.residual != nil {
			r = &w.finish.Residual[at]
		}
		if w.strips.winoOutput4(&m[0], &w.tmp[0], &w.y[at], r, fin.scale, fin.offset, fin.relu, p.cols,
			w.planeStep, w.tileStep, w.out.pixel, w.out.row, rows, cols, count) != 0 {
			w.strange.Store(true)
		}
	}
	if whole > 0 {
		write(m, col, 4, whole)
	}
	if whole < count {
		write(m[whole*w.tileStep:], col+whole, s.OW%4, 1)
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
