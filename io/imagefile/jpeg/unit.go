package jpeg

// unit is one block of each MCU.
type unit struct {
	c       *component
	dc, ac  *huffman
	pred    *int32   // of c
	several *several // of ac, nil where it is not to be used
	to      [maxParts]target
}

// target is where a unit's samples go in an output: place at + mx*step of the
// plane's ring, in MCU column mx of the current row.
type target struct {
	p        *plane
	at, step int
}

// setUnits lists the blocks of an MCU.
func (d *Decoder) setUnits() {
	s := &d.scan
	d.units = d.units[:0]
	for i := range s.n {
		c := &d.comps[s.comps[i]]
		if useBMI2 {
			s.ac[i].needSeveral(c.v * c.h * d.mcuX * d.mcuY)
		}
		u := unit{c: c, dc: s.dc[i], ac: s.ac[i], pred: &c.pred}
		if useBMI2 && u.ac.hasSeveral {
			u.several = u.ac.several
		}
		for o := range d.outs {
			p := &d.outs[o].planes[s.comps[i]]
			u.to[o] = target{p: p, step: c.h * p.size}
		}
		for range c.v * c.h {
			d.units = append(d.units, u)
		}
	}
	d.runs = useBMI2
	for i := range d.units {
		d.runs = d.runs && d.units[i].several != nil
	}
}

// startRow places the units for row my of MCUs.
func (d *Decoder) startRow(my int) {
	i := 0
	for j := range d.scan.n {
		c := &d.comps[d.scan.comps[j]]
		for v := range c.v {
			for h := range c.h {
				for o := range d.outs {
					t := &d.units[i].to[o]
					t.at = t.p.at(h-t.p.firstBlock, my*c.v+v)
				}
				i++
			}
		}
	}
}

// at is where in the ring the samples of the block in column bx, counted from
// the first one kept, and row by begin.
func (p *plane) at(bx, by int) int {
	return by*p.size%p.ringRows*p.stride + ringPad + bx*p.size
}

// mcu decodes the MCU in column mx of row my, the current one, to the outputs
// that keep it.
func (d *Decoder) mcu(mx, my int) error {
	var keep [maxParts]bool
	kept, only := 0, 0
	for o := range d.outs {
		m := &d.outs[o].mcus
		if my >= m.Min.Y && my < m.Max.Y && mx >= m.Min.X && mx < m.Max.X {
			keep[o], only = true, o
			kept++
		}
	}
	d.bits.more()
	ok := true
	for i := 0; i < len(d.units) && ok; i++ {
		u := &d.units[i]
		switch kept {
		case 0:
			ok = d.skip(u)
		case 1:
			ok = d.decodeOne(u, mx, only)
		default:
			ok = d.decodeSeveral(u, mx, &keep)
		}
	}
	if !ok {
		return d.badCode()
	}
	if d.bits.over() {
		return d.ended()
	}
	return nil
}

// decodeOne decodes a block to output o. Where that is so small that it shows
// only the block's mean, the other coefficients are skipped.
func (d *Decoder) decodeOne(u *unit, mx, o int) bool {
	t := &u.to[o]
	if t.p.size == 1 {
		ok := d.skip(u)
		t.p.ring[t.at+mx*t.step] = u.mean()
		return ok
	}
	out := &d.outs[o]
	last, ok := d.wanted(out.pend.slot(), u)
	if ok {
		out.place(u.c, t.p, t.p.ring[t.at+mx*t.step:], last)
	}
	return ok
}

// decodeSeveral is decodeOne for all outputs that keep the block.
func (d *Decoder) decodeSeveral(u *unit, mx int, keep *[maxParts]bool) bool {
	var coef *[64]int16
	last := 0
	for o := range d.outs {
		if !keep[o] || u.to[o].p.size == 1 {
			continue
		}
		slot := d.outs[o].pend.slot()
		if coef != nil {
			*slot = *coef
			continue
		}
		coef = slot
		var ok bool
		if last, ok = d.wanted(coef, u); !ok {
			return false
		}
	}
	if coef == nil && !d.skip(u) {
		return false
	}
	for o := range d.outs {
		if !keep[o] {
			continue
		}
		t := &u.to[o]
		dst := t.p.ring[t.at+mx*t.step:]
		if t.p.size == 1 {
			dst[0] = u.mean()
		} else {
			d.outs[o].place(u.c, t.p, dst, last)
		}
	}
	return true
}

// mean is the sample of the block just decoded at an eighth of its size.
func (u *unit) mean() byte { return sampleDC(int16(u.c.pred) * u.c.table[0]) }

// wanted decodes a block to coef, which must be zero; see block.
func (d *Decoder) wanted(coef *[64]int16, u *unit) (last int, ok bool) {
	if u.several == nil {
		return d.bits.block(coef, u.dc, u.ac, &u.c.pred)
	}
	k := blockBMI2(&d.bits, coef, &u.dc.look, u.several, &u.c.pred, 0)
	if k < endBlock {
		return d.bits.blockOn(coef, u.dc, u.ac, &u.c.pred, k)
	}
	return k - endBlock - 1, true
}

// blockOn goes on where blockBMI2 left off, at position k.
func (b *bits) blockOn(coef *[64]int16, dc, ac *huffman, pred *int32, k int) (last int, ok bool) {
	if k == 0 {
		if !b.longDC(dc, pred) {
			return 0, false
		}
		coef[0] = int16(*pred)
		k = blockBMI2(b, coef, &dc.look, ac.several, pred, 1)
	}
	for k < 64 {
		if k, ok = b.one(coef, ac, k); !ok {
			return 0, false
		}
		if k < 64 {
			k = blockBMI2(b, coef, &dc.look, ac.several, pred, k)
		}
	}
	return blockEnd(k)
}

// skip decodes a block of which at most the DC coefficient is wanted: u.c.pred.
func (d *Decoder) skip(u *unit) bool {
	if u.several == nil {
		_, ok := d.bits.block(&d.skipped, u.dc, u.ac, &u.c.pred)
		return ok
	}
	k := skipBMI2(&d.bits, &u.dc.look, u.several, &u.c.pred, 0)
	return k >= endBlock || d.bits.skipOn(u.dc, u.ac, &u.c.pred, k)
}

// skipOn goes on where skipBMI2 left off, at position k.
func (b *bits) skipOn(dc, ac *huffman, pred *int32, k int) bool {
	if k == 0 {
		if !b.longDC(dc, pred) {
			return false
		}
		k = skipBMI2(b, &dc.look, ac.several, pred, 1)
	}
	var unwanted [64]int16
	for k < 64 {
		var ok bool
		if k, ok = b.one(&unwanted, ac, k); !ok {
			return false
		}
		if k < 64 {
			k = skipBMI2(b, &dc.look, ac.several, pred, k)
		}
	}
	_, ok := blockEnd(k)
	return ok
}

// blockEnd is what block returns where the position is k at the end.
func blockEnd(k int) (last int, ok bool) {
	if k >= endBlock {
		return k - endBlock - 1, true
	}
	return k - 1, k == 64
}

// longDC decodes a DC difference whose code is longer than a look-up.
func (b *bits) longDC(dc *huffman, pred *int32) bool {
	b.fill()
	size, length := dc.long(b.acc)
	if length == 0 || size > 15 {
		return false
	}
	b.acc <<= length & 63
	b.n -= length
	*pred += b.magnitude(uint(size))
	return true
}

// one decodes the AC code at hand, k being the next position, and returns the
// position behind it: 64 or more at the end of the block.
func (b *bits) one(coef *[64]int16, ac *huffman, k int) (int, bool) {
	symbol, ok := b.symbol(ac)
	if !ok {
		return 0, false
	}
	run, size := int(symbol>>4), uint(symbol&15)
	if size == 0 {
		if symbol == 0xF0 {
			return min(k+16, 64), true // libjpeg does not mind zeros past the end
		}
		return k + endBlock, true
	}
	k += run
	coef[natural[k&127]&63] = int16(b.magnitude(size))
	return k + 1, k < 64
}

// magnitude takes size bits, 0 to 15, as a signed value; fill must have been
// called for them.
func (b *bits) magnitude(size uint) int32 {
	if size == 0 {
		return 0
	}
	return extend(b.take(size), int(size))
}
