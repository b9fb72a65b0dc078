package jpeg

// pending holds blocks until there are two: the kernel transforms a pair at
// once.
type pending struct {
	coefs  [2][64]int16 // zero but for the block being decoded
	dst    [2][]byte
	stride [2]int
	table  [2]*[64]int16
	n      int
	size   int         // samples a side that both come out as
	waste  [8 * 8]byte // where the missing second block of a last pair goes
}

// slot is where the next block's coefficients go.
func (p *pending) slot() *[64]int16 { return &p.coefs[p.n] }

// place transforms the block in the current slot to its place: column bx from
// the first one kept, row by. last is the zigzag position of its last
// coefficient.
func (d *Decoder) place(c *component, bx, by, last int) {
	p := &d.pend
	dst := c.ring[by*c.size%c.ringRows*c.stride+ringPad+bx*c.size:]
	coef := p.slot()
	if last == 0 || c.size == 1 {
		fillDC(dst, c.stride, c.size, coef[0]*c.table[0])
		if coef[0] = 0; last > 0 {
			*coef = [64]int16{}
		}
		return
	}
	if p.n == 1 && p.size != c.size {
		d.flushBefore(coef)

	}
	p.dst[p.n], p.stride[p.n], p.table[p.n], p.size = dst, c.stride, c.table, c.size
	if p.n++; p.n == 2 {
		p.n = 0
		idctPair(p, p.size)
	}
}

// flush transforms a block that is left without a partner.
func (d *Decoder) flush() {
	if p := &d.pend; p.n == 1 {
		p.n = 0
		p.dst[1], p.stride[1], p.table[1] = p.waste[:], 8, p.table[0]
		idctPair(p, p.size)
	}
}

// flushBefore transforms the waiting block although another one, of another
// size, is decoded behind it, which moves to the front.
func (d *Decoder) flushBefore(coef *[64]int16) {
	next := *coef
	d.flush()
	d.pend.coefs[0] = next
}

// emit writes the output rows that are complete once done rows of MCUs are.
func (d *Decoder) emit(done int) {
	limit := done * d.maxV * d.size
	if d.fancy && done < d.mcuY {
		limit-- // it needs the chroma row below
	}
	width := d.rect.Dx()
	for limit = min(limit, d.rect.Max.Y); d.nextY < limit; d.nextY++ {
		var rows [maxComponents][]byte
		for i := range d.n {
			rows[i] = d.upsampled(i, d.nextY)
		}
		at := 3 * width * (d.nextY - d.rect.Min.Y)
		d.colorRow(d.dst[at:at+3*width], &rows, width)
	}
}

// upsampled is component i's samples for output row y from rect.Min.X on.
func (d *Decoder) upsampled(i, y int) []byte {
	c := &d.comps[i]
	x0, x1 := d.rect.Min.X, d.rect.Max.X
	// at is where sample s of a ring row lies.
	at := ringPad - c.firstBlock*c.size
	if c.up == asIs {
		return c.row(y)[at+x0:]
	}
	wide := d.wide[i]
	s, near := x0/c.expandX, y/c.expandY
	n := (x1-1)/c.expandX - s + 1
	far := near
	if c.up == fancyV || c.up == fancyHV {
		far = near + 2*(y&1) - 1
		far = max(0, min(far, c.height-1))
	}
	a, b := c.row(near), c.row(far)
	if c.up == fancyH || c.up == fancyHV {
		c.repeatEdges(a)
		c.repeatEdges(b)
	}
	switch c.up {
	case fancyH:
		upsampleH(wide, a[at+s-1:], n)
	case fancyHV:
		upsampleHV(wide, a[at+s-1:], b[at+s-1:], n)
	case fancyV:
		upsampleV(wide, a[at+s:], b[at+s:], n, y&1)
	case repeated:
		for k, v := range a[at+s : at+s+n] {
			for j := range c.expandX {
				wide[k*c.expandX+j] = v
			}
		}
	}
	return wide[x0-s*c.expandX:]
}

// repeatEdges gives the first and last real sample of a row a neighbour of the
// same value, which makes the triangle filter's edge rule the general one.
func (c *component) repeatEdges(row []byte) {
	if c.firstBlock == 0 {
		row[ringPad-1] = row[ringPad]
	}
	if end := ringPad + c.width - c.firstBlock*c.size; end > 0 && c.lastBlock == c.blockX {
		row[end] = row[end-1]
	}
}

func (d *Decoder) colorRow(dst []byte, rows *[maxComponents][]byte, n int) {
	switch d.color {
	case gray:
		grayRow(dst, rows[0], n)
	case ycc:
		yccRow(dst, rows[0], rows[1], rows[2], n)
	case rgb:
		for x := range n {
			dst[3*x], dst[3*x+1], dst[3*x+2] = rows[0][x], rows[1][x], rows[2][x]
		}
	case cmyk:
		for x := range n {
			k := rows[3][x]
			dst[3*x], dst[3*x+1], dst[3*x+2] = ink(rows[0][x], k), ink(rows[1][x], k), ink(rows[2][x], k)
		}
	case ycck:
		yccRow(dst, rows[0], rows[1], rows[2], n)
		for x := range n {
			k := rows[3][x]
			p := dst[3*x : 3*x+3]
			p[0], p[1], p[2] = ink(255-p[0], k), ink(255-p[1], k), ink(255-p[2], k)
		}
	}
}

// ink is the light left by an inverted ink c under inverted black k, rounded
// as Pillow rounds it: k - k*(255-c)/255.
func ink(c, k byte) byte {
	t := uint(255-c)*uint(k) + 128
	return k - byte((t>>8+t)>>8)
}
