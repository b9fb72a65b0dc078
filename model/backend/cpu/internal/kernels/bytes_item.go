package kernels

// byteItem is what a work item needs beside its frame: assembly takes addresses in
// it.
type byteItem struct {
	fin        byteFinish
	aoff, coff [byteRows]int // of the last pixels, which are too few
	rows       []float32     // scales by pixel
	byteRows   []float32
	maxAt      []int
	max        []float32
}

var byteItems items[byteItem]

// item computes a frame, or some panels of it, into y, the results of the unit
// whose first image is first.
func (c *byteConv) item(y []float32, first, at, split, splits int, tops *peaks) {
	s, p := c.s, c.frame.patch(at)
	buf := floats.get(c.frame.size())
	defer floats.put(buf)
	item := byteItems.get()
	defer byteItems.put(item)
	item.prepare(c, p)
	a := c.frame.fill(buf.data, quads(c.x.Data), p)
	base := ((p.image-first)*s.OH + p.row) * s.OW * s.Co
	pixels, panels := p.pixels(s), (s.Co+2*byteCols-1)/(2*byteCols)
	for j := split * panels / splits; j < (split+1)*panels/splits; j++ {
		col := j * 2 * byteCols
		kernel := c.set.wide
		if s.Co-col < 2*byteCols {
			kernel = c.set.narrow
		}
		item.column(c, (p.image*s.OH+p.row)*s.OW*s.Co, col)
		for pixel := 0; pixel < pixels; pixel += byteRows {
			aoff, coff := item.tile(c, pixel, pixels, p.images > 1)
			kernel(&y[base+col], coff, &a[0], aoff, &c.taps[0], len(c.taps), c.depth, &c.w.packed[col*c.w.rows], item.fin.pointer())
		}
	}
	item.report(tops, p.image-first)
	item.fin = byteFinish{}
}

// prepare lists the scales of the frame's pixels: of one image only as many as a
// tile has, for all are alike.
func (t *byteItem) prepare(c *byteConv, p patch) {
	n, size := byteRows, max(1, p.pixels(c.s)/p.images)
	if p.images > 1 {
		n += p.pixels(c.s)
	}
	t.rows, t.byteRows, t.maxAt = t.rows[:0], t.byteRows[:0], t.maxAt[:0]
	for i := range n {
		image := min(i/size, p.images-1)
		t.rows = append(t.rows, c.x.Scale[p.image+image])
		t.maxAt = append(t.maxAt, byteCols*image)
		if c.e.ByteResidual.Data != nil {
			t.byteRows = append(t.byteRows, c.e.ByteResidual.Scale[p.image+image])
		}
	}
	t.max = append(t.max[:0], make([]float32, byteCols*p.images)...)
}

// column makes ready for the columns from col on; at is where the frame's results
// lie in a whole tensor.
func (t *byteItem) column(c *byteConv, at, col int) {
	t.fin = byteFinish{scale: &c.scale[col], offset: &c.offset[col]}
	if c.e.Residual != nil {
		t.fin.floats = &c.e.Residual[at+col]
	}
	if c.e.ByteResidual.Data != nil {
		t.fin.bytes = &c.e.ByteResidual.Data[at+col]
	}
	if c.e.ReLU {
		t.fin.relu = 1
	}
	if c.y == nil {
		t.fin.max = &t.max[0]
	}
}

// tile makes ready for the pixels from pixel on, and says where they lie. Those that
// a tile has too many are the last again.
func (t *byteItem) tile(c *byteConv, pixel, pixels int, several bool) (aoff, coff *int) {
	at := 0
	if several {
		at = pixel
	}
	t.fin.rows, t.fin.maxAt = &t.rows[at], &t.maxAt[at]
	if t.fin.bytes != nil {
		t.fin.byteRows = &t.byteRows[at]
	}
	if pixel+byteRows <= pixels {
		return &c.aoff[pixel], &c.coff[pixel]
	}
	for i := range byteRows {
		from := min(pixel+i, pixels-1)
		t.aoff[i], t.coff[i] = c.aoff[from], c.coff[from]
	}
	return &t.aoff[0], &t.coff[0]
}

// report hands over the largest values, which belong to images from first of the
// unit on.
func (t *byteItem) report(tops *peaks, first int) {
	tops.mu.Lock()
	defer tops.mu.Unlock()
	for i, v := range t.max {
		to := &tops.max[first+i/byteCols]
		*to = max(*to, v)
	}
}
