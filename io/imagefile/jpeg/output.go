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

// place transforms the block in the current slot to dst. last is the zigzag
// position of its last coefficient, or one behind it.
func (o *output) place(c *component, pl *plane, dst []byte, last int) {
	p := &o.pend
	coef := p.slot()
	if last == 0 || pl.size == 1 {
		fillDC(dst, pl.stride, pl.size, coef[0]*c.table[0])
		if coef[0] = 0; last > 0 {
			*coef = [64]int16{}
		}
		return
	}
	if p.n == 1 && p.size != pl.size {
		p.flushBefore(coef)
	}
	p.dst[p.n], p.stride[p.n], p.table[p.n], p.size = dst, pl.stride, c.table, pl.size
	if p.n++; p.n == 2 {
		p.n = 0
		idctPair(p, p.size)
	}
}

// flush transforms a block that is left without a partner.
func (p *pending) flush() {
	if p.n == 1 {
		p.n = 0
		p.dst[1], p.stride[1], p.table[1] = p.waste[:], 8, p.table[0]
		idctPair(p, p.size)
	}
}

// flushBefore transforms the waiting block although another one, of another
// size, is decoded behind it, which moves to the front.
func (p *pending) flushBefore(coef *[64]int16) {
	next := *coef
	p.flush()
	p.coefs[0] = next
}

// endRow writes what row my of MCUs completes.
func (o *output) endRow(d *Decoder, my int) {
	o.pend.flush()
	for i := range d.n {
		p := &o.planes[i]
		if p.up != fancyH && p.up != fancyHV {
			continue
		}
		rows := p.ringRows / 2 // of a row of MCUs
		for at := my % 2 * rows; at < (my%2+1)*rows; at++ {
			p.repeatEdges(p.ring[at*p.stride : (at+1)*p.stride])
		}
	}
	o.emit(d, my+1)
}

// emit writes the output rows that are complete once done rows of MCUs are.
func (o *output) emit(d *Decoder, done int) {
	limit := done * d.maxV * o.size
	if o.fancy && done < d.mcuY {
		limit-- // it needs the chroma row below
	}
	width := o.rect.Dx()
	for limit = min(limit, o.rect.Max.Y); o.nextY < limit; o.nextY++ {
		at := 3 * width * (o.nextY - o.rect.Min.Y)
		dst := o.dst[at : at+3*width]
		if o.halved {
			o.halvedRow(dst, o.nextY)
			continue
		}
		var rows [maxComponents][]byte
		for i := range d.n {
			rows[i] = o.upsampled(&o.planes[i], o.nextY)
		}
		d.colorRow(dst, &rows, width)
	}
}

// halvedRow writes output row y where upsampling and colours are done in one.
func (o *output) halvedRow(dst []byte, y int) {
	luma, offsets := &o.planes[0], &alongOffsets
	if o.planes[1].up == fancyHV {
		offsets = &bothOffsets
	}
	x := o.rect.Min.X
	cbNear, cbFar := o.planes[1].halved(x, y)
	crNear, crFar := o.planes[2].halved(x, y)
	at := ringPad - luma.firstBlock*luma.size + x
	halvedRow(dst, luma.row(y)[at:], cbNear, cbFar, crNear, crFar, offsets[0], offsets[1], o.rect.Dx())
}

// halved is the rows of samples nearest to output row y, from the one before that at
// column x on.
func (p *plane) halved(x, y int) (near, far []byte) {
	at := ringPad - p.firstBlock*p.size + x>>1 - 1
	if p.up == fancyH {
		near = p.row(y)[at:]
		return near, near
	}
	next := max(0, min(y>>1+2*(y&1)-1, p.height-1))
	return p.row(y >> 1)[at:], p.row(next)[at:]
}

// upsampled is a component's samples for output row y from rect.Min.X on.
func (o *output) upsampled(p *plane, y int) []byte {
	x0, x1 := o.rect.Min.X, o.rect.Max.X
	// at is where sample s of a ring row lies.
	at := ringPad - p.firstBlock*p.size
	if p.up == asIs {
		return p.row(y)[at+x0:]
	}
	wide := p.wide
	s, near := x0/p.expandX, y/p.expandY
	n := (x1-1)/p.expandX - s + 1
	far := near
	if p.up == fancyV || p.up == fancyHV {
		far = near + 2*(y&1) - 1
		far = max(0, min(far, p.height-1))
	}
	a, b := p.row(near), p.row(far)
	switch p.up {
	case fancyH:
		upsampleH(wide, a[at+s-1:], n)
	case fancyHV:
		upsampleHV(wide, a[at+s-1:], b[at+s-1:], n)
	case fancyV:
		upsampleV(wide, a[at+s:], b[at+s:], n, y&1)
	case repeated:
		for k, v := range a[at+s : at+s+n] {
			for j := range p.expandX {
				wide[k*p.expandX+j] = v
			}
		}
	}
	return wide[x0-s*p.expandX:]
}

// repeatEdges gives the first and last real sample of a row a neighbour of the
// same value, which makes the triangle filter's edge rule the general one.
func (p *plane) repeatEdges(row []byte) {
	if p.firstBlock == 0 {
		row[ringPad-1] = row[ringPad]
	}
	if end := ringPad + p.width - p.firstBlock*p.size; end > 0 && p.toEdge {
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
			k, flip := rows[3][x], byte(0)
			if d.Ink {
				flip = 255
			}
			k ^= flip
			dst[3*x], dst[3*x+1], dst[3*x+2] = ink(rows[0][x]^flip, k), ink(rows[1][x]^flip, k), ink(rows[2][x]^flip, k)
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
