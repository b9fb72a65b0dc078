package jpeg

// Stretches of MCUs of a row are decoded together where all outputs that keep one
// keep all: first all coefficients, then the samples, so that neither waits for
// the calls of the other.

// runBlocks is how many blocks are decoded before they are transformed: their
// coefficients stay in the first-level cache.
const runBlocks = 96

// run holds the coefficients of a stretch, in the order of the scan.
type run struct {
	// Zero but while a stretch is at hand; the spare ones, which the kernels
	// take along at the end, always.
	coefs [runBlocks + 4*10][64]int16
	lasts [runBlocks + 4*10]uint8 // zigzag positions of the last coefficients
}

// runLength is how many MCUs, from column mx of row my on and at most the next
// limit, can be decoded as a run, by which outputs: 0 where that is not possible.
func (d *Decoder) runLength(mx, my, limit int) (n int, keep [maxParts]bool) {
	if !d.runs {
		return 0, keep
	}
	n = min(limit, d.mcuX-mx, max(1, runBlocks/len(d.units)))
	some := false
	for o := range d.outs {
		m := &d.outs[o].mcus
		if my < m.Min.Y || my >= m.Max.Y || mx >= m.Max.X {
			continue
		}
		if mx < m.Min.X {
			n = min(n, m.Min.X-mx)
			continue
		}
		n = min(n, m.Max.X-mx)
		keep[o] = true
		some = some || !d.outs[o].means
	}
	if !some {
		return 0, keep
	}
	return n, keep
}

// decodeRun decodes n MCUs from column mx of the current row on to the outputs
// that keep them.
func (d *Decoder) decodeRun(mx, n int, keep *[maxParts]bool) error {
	blocks := n * len(d.units)
	if err := d.runCoefs(blocks); err != nil {
		clear(d.run.coefs[:blocks])
		return err
	}
	kept, only := 0, 0
	for o := range d.outs {
		if keep[o] {
			kept, only = kept+1, o
		}
	}
	if o := &d.outs[only]; kept == 1 && o.rowwise {
		o.transformRun(d, only, mx, n)
		return nil
	}
	for o := range d.outs {
		if keep[o] {
			d.outs[o].placeRun(d, o, mx, n)
		}
	}
	clear(d.run.coefs[:blocks])
	return nil
}

// runCoefs decodes the blocks of a run.
func (d *Decoder) runCoefs(blocks int) error {
	r, b := &d.run, &d.bits
	for i := 0; i < blocks; {
		first := i % len(d.units)
		if first == 0 {
			b.more()
		}
		limit := b.end - pad // as more has it
		if b.whole {
			limit = b.end + 8 // further on, it is over
		}
		done, k := blocksBMI2(b, &r.coefs[i], &r.lasts[i], &d.units[0], first, len(d.units), blocks-i, limit)
		i += done
		if k >= 0 {
			u := &d.units[i%len(d.units)]
			last, ok := b.blockOn(&r.coefs[i], u.dc, u.ac, u.pred, k)
			if !ok {
				return d.badCode()
			}
			r.lasts[i] = uint8(last)
			i++
		}
		if b.over() {
			return d.ended()
		}
	}
	return nil
}

// transformRun makes the samples of a run, of which nothing is left then.
func (o *output) transformRun(d *Decoder, part, mx, n int) {
	u := 0
	for i := range d.scan.n {
		c := &d.comps[d.scan.comps[i]]
		for range c.v {
			t := &d.units[u].to[part]
			d.run.transform(u, len(d.units), c.h, n, t.p.ring[t.at+mx*t.step:], t.p.stride, c.table)
			u += c.h
		}
	}
}

// placeRun makes the samples of a run block by block, of a copy.
func (o *output) placeRun(d *Decoder, part, mx, n int) {
	i := 0
	for x := mx; x < mx+n; x++ {
		for j := range d.units {
			u := &d.units[j]
			t := &u.to[part]
			dst := t.p.ring[t.at+x*t.step:]
			if t.p.size == 1 {
				dst[0] = sampleDC(d.run.coefs[i][0] * u.c.table[0])
			} else {
				slot := o.pend.slot()
				*slot = d.run.coefs[i]
				o.place(u.c, t.p, dst, int(d.run.lasts[i]))
			}
			i++
		}
	}
}

// transformGeneric makes the samples of the blocks of one row of a component: of
// n MCUs of count blocks, those from number first on, across of each.
func (r *run) transformGeneric(first, count, across, n int, dst []byte, stride int, table *[64]int16) {
	for m := range n {
		for h := range across {
			coef := &r.coefs[m*count+first+h]
			idctGeneric(dst[8*(m*across+h):], stride, coef, table)
			*coef = [64]int16{}
		}
	}
}
