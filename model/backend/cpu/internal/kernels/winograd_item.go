package kernels

import "unsafe"

// winoItem is a work item: blocks of tiles, for some panels.
type winoItem struct {
	*winograd
	mine                []convPanel
	from, to, end       int       // rows of tiles: of the block, and of the work item
	tiles               []float32 // transformed
	patch               []float32 // a frame
	products            []float32
	tileStep, planeStep int // of products
	aoff, coff          [maxRows]int
	fin                 finish
	ahead               ahead
	outside             []float32 // where pixels outside the image go
	tmp                 []float32
}

var winoPool items[winoItem]

// run computes the rows of tiles [from, to) of some panels, block by block.
func (w *winoItem) run(from, to int) {
	s, n := w.s, w.block*w.cols
	each, group := w.padded(n), 1 // tiles and panels whose products are there at a time
	if w.near() {
		each = w.isa.rows
	}
	w.planeStep = winoPitch
	panelStep := each * w.planes() * winoPitch
	if widest := w.panels[0].tile.cols; w.edge == 6 {
		w.planeStep = each * widest
		panelStep = w.planes() * w.planeStep
	}
	if !w.near() {
		group = min(len(w.mine), max(1, winoProducts/panelStep))
	}
	tiles, patch := floats.get(w.planes()*w.plane), floats.get(w.heightOf(w.frame.bands)*w.frame.width*s.Ci)
	products, outside := floats.get(panelStep*group), floats.get(2*winoPitch+winoTmp)
	defer floats.put(tiles)
	defer floats.put(patch)
	defer floats.put(products)
	defer floats.put(outside)
	w.tiles, w.patch, w.products, w.outside = tiles.data, patch.data, products.data, outside.data[:2*winoPitch]
	w.tmp = outside.data[2*winoPitch:]
	clear(w.outside)
	for ; from < to; from += w.block {
		w.from, w.to, w.end = from, min(from+w.block, to), to
		w.input()
		if n := (w.to - w.from) * w.cols; w.near() {
			for i := range w.mine {
				w.multiplyNear(&w.mine[i], n)
			}
		} else {
			for i := 0; i < len(w.mine); i += group {
				w.multiply(w.mine[i:min(i+group, len(w.mine))], n, panelStep)
			}
		}
	}
}

// fetch says what the kernel shall ask for while it multiplies the tiles from t on: a
// part of what the block will write, and as much of what the next block reads.
func (w *winoItem) fetch(t, n int) *int {
	s, all := w.s, (w.to-w.from)*w.cols
	row := func(r, side, height int) int { return r/w.rows*height + min(r%w.rows*side, height) }
	part := func(x []float32, from, to int) uintptr {
		return uintptr(unsafe.Pointer(&x[0])) + uintptr(4*(from+(to-from)*t/all))
	}
	from, to := row(w.from, w.side, s.OH)*s.OW*s.Co, row(w.to, w.side, s.OH)*s.OW*s.Co
	next, end := row(w.to, w.side, s.H)*s.W*s.Ci, row(min(w.to+w.block, w.end), w.side, s.H)*s.W*s.Ci
	w.ahead.place = [2]uintptr{part(w.y, from, to), part(w.x, next, end)}
	w.ahead.lines = max(1, (max(to-from, end-next)*n/all+16*w.planes()-1)/(16*w.planes()))
	return (*int)(unsafe.Pointer(&w.ahead))
}

// near says whether the weights of a panel stay in the near caches, so that the
// products of a few tiles can be used at once.
func (w *winograd) near() bool {
	return w.edge == 6 && w.planes()*w.s.Ci*w.panels[0].tile.cols <= winoNear
}

// input transforms the tiles of the block, from frames with the padding around.
func (w *winoItem) input() {
	s := w.s
	for at := w.from; at < w.to; {
		image, row := at/w.rows, at%w.rows
		bands := min(w.frame.bands, w.rows-row, w.to-at)
		pitch := w.frame.rowPitch()
		for r := range w.heightOf(bands) {
			w.frame.fillRow(w.patch[r*pitch:][:pitch], w.x, image, w.side*row-s.PadT+r)
		}
		for i := range bands {
			w.inputRow((at+i-w.from)*w.cols, w.patch[i*w.side*pitch:])
		}
		at += bands
	}
}

// inputRow transforms a row of tiles, of which t is the first.
func (w *winoItem) inputRow(t int, src []float32) {
	ci, pitch := w.s.Ci, w.frame.rowPitch()
	if w.edge == 6 {
		w.strips.winoInput4(&w.tiles[t*ci], &src[0], &w.tmp[0], w.plane, ci, pitch, ci, w.side*ci, w.cols)
		return
	}
	for i := range w.cols {
		w.strips.winoInput(&w.tiles[(t+i)*ci], &src[i*w.side*ci], w.plane, ci, pitch, ci)
	}
}

// multiplyNear computes the products of the tiles of a kernel's call, and their
// pixels while they are near.
func (w *winoItem) multiplyNear(p *convPanel, n int) {
	ci, rows := w.s.Ci, w.isa.rows
	fin := w.finish.of(&w.fin, p.y, 0)
	w.step(p)
	for t := 0; t < n; t += rows {
		count := min(rows, n-t)
		p.tile.many(&w.products[0], &w.coff[0], &w.tiles[t*ci], w.rowsOf(count), ci, &w.weights[w.at(p)], w.planes(), w.plane,
			ci*p.tile.cols, w.planeStep, w.fetch(t, count))
		w.output(p, fin, w.products, t, count)
	}
}

// multiply computes the products of n tiles and some panels, plane by plane, and then
// the pixels: plane i of tile t is at t·tileStep + i·planeStep of a panel's.
func (w *winoItem) multiply(panels []convPanel, n, panelStep int) {
	ci, rows := w.s.Ci, w.isa.rows
	whole := n / rows
	for plane := range w.planes() {
		for i := range panels {
			p := &panels[i]
			w.step(p)
			b, tiles := &w.weights[w.at(p)+plane*ci*p.tile.cols], w.tiles[plane*w.plane:]
			products := w.products[i*panelStep+plane*w.planeStep:]
			if whole > 0 {
				p.tile.many(&products[0], &w.coff[0], &tiles[0], w.rowsOf(rows), ci, b, whole, rows*ci, 0, rows*w.tileStep, nil)
			}
			if t := whole * rows; t < n {
				p.tile.many(&products[t*w.tileStep], &w.coff[0], &tiles[t*ci], w.rowsOf(n-t), ci, b, 1, 0, 0, 0, nil)
			}
		}
	}
	for i := range panels {
		p := &panels[i]
		w.step(p)
		w.output(p, w.finish.of(&w.fin, p.y, 0), w.products[i*panelStep:], 0, n)
	}
}

// step sets how far apart the products of two tiles lie.
func (w *winoItem) step(p *convPanel) {
	w.tileStep = w.planes() * winoPitch
	if w.edge == 6 {
		w.tileStep = p.tile.cols
	}
	for i := range w.isa.rows {
		w.coff[i] = i * w.tileStep
	}
}

// rowsOf sets the offsets of a kernel's tiles, of which n are there.
func (w *winoItem) rowsOf(n int) *int {
	for i := range w.isa.rows {
		w.aoff[i] = min(i, n-1) * w.s.Ci
	}
	return &w.aoff[0]
}

// output writes the pixels of n tiles from t on, whose products are given.
func (w *winoItem) output(p *convPanel, fin *finish, m []float32, t, n int) {
	for end := t + n; t < end; {
		row, col := w.from+t/w.cols, t%w.cols
		count := min(end-t, w.cols-col)
		if w.edge == 6 {
			w.output4(p, fin, m, row, col, count)
		} else {
			for i := range count {
				w.output2(p, fin, &m[i*w.tileStep], row, col+i)
			}
		}
		t, m = t+count, m[count*w.tileStep:]
	}
}

// output2 writes the four pixels of a tile.
func (w *winoItem) output2(p *convPanel, fin *finish, m *float32, row, col int) {
	s := w.s
	image, row := row/w.rows, row%w.rows
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
	n, v := p.cols, w.strips
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
