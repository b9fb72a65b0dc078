package jpeg

import (
	"fmt"
	"slices"
)

// coef is the coefficient block (bx, by) of a buffered component.
func (c *component) coef(bx, by int) *[64]int16 {
	return (*[64]int16)(c.coefs[64*(by*c.blockX+bx):])
}

// eachBlock calls visit for every block of the current scan in its order.
func (d *Decoder) eachBlock(visit func(i int, c *component, coef *[64]int16) bool) error {
	s := &d.scan
	left := d.interval
	for y := range s.blocksY {
		for x := range s.blocksX {
			if d.interval > 0 {
				if left == 0 {
					if err := d.restart(); err != nil {
						return err
					}
					left = d.interval
				}
				left--
			}
			d.bits.more()
			if !d.eachOfMCU(x, y, visit) {
				return d.badCode()
			}
			if d.bits.over() {
				return d.ended()
			}
		}
	}
	return nil
}

func (d *Decoder) eachOfMCU(x, y int, visit func(i int, c *component, coef *[64]int16) bool) bool {
	s := &d.scan
	if !s.interleaved {
		c := &d.comps[s.comps[0]]
		return visit(0, c, c.coef(x, y))
	}
	for i := range s.n {
		c := &d.comps[s.comps[i]]
		for v := range c.v {
			for h := range c.h {
				if !visit(i, c, c.coef(x*c.h+h, y*c.v+v)) {
					return false
				}
			}
		}
	}
	return true
}

// bufferedScan reads one of several scans of a sequential image.
func (d *Decoder) bufferedScan() error {
	s := &d.scan
	for i := range s.n {
		c := &d.comps[s.comps[i]]
		if c.seen[0] != 0 {
			return d.bad("component %d has two scans", c.id)
		}
		c.seen[0] = 1
	}
	return d.eachBlock(func(i int, c *component, coef *[64]int16) bool {
		_, ok := d.bits.block(coef, s.dc[i], s.ac[i], &c.pred)
		return ok
	})
}

// checkProgression holds a progressive scan's parameters against T.81 G.1.1.1
// and against the scans before it.
func (d *Decoder) checkProgression() error {
	s := &d.scan
	bad := s.last > 63 || s.low > 13 || s.high > 0 && s.low != s.high-1
	if s.first == 0 {
		bad = bad || s.last != 0
	} else {
		bad = bad || s.n != 1 || s.last < s.first
	}
	if bad {
		return d.bad("progression from %d to %d, bits %d to %d, of %d components", s.first, s.last, s.high, s.low, s.n)
	}
	for i := range s.n {
		c := &d.comps[s.comps[i]]
		if s.first > 0 && c.seen[0] == 0 {
			return d.bad("component %d has AC before DC", c.id)
		}
		for k := s.first; k <= s.last; k++ {
			if want := int(c.seen[k]) - 1; s.high > 0 && want != s.high || s.high == 0 && want >= 0 {
				return d.bad("component %d, coefficient %d: bit %d follows bit %d", c.id, k, s.high, want)
			}
			c.seen[k] = int8(s.low) + 1
		}
	}
	return nil
}

// finish writes the output of a buffered image.
func (d *Decoder) finish() error {
	if !d.buffers {
		return nil
	}
	for i := range d.n {
		if d.comps[i].seen[0] == 0 {
			return d.bad("component %d has no scan", d.comps[i].id)
		}
		if d.info.Progressive && !d.comps[i].refined() {
			return &FormatError{Offset: d.pos, Truncated: true, Text: fmt.Sprintf("the image ends before the scans that refine component %d", d.comps[i].id)}
		}
	}
	for i := range d.outs {
		d.outs[i].finish(d)
	}
	return nil
}

func (o *output) finish(d *Decoder) {
	for my := o.mcus.Min.Y; my < o.mcus.Max.Y; my++ {
		for i := range d.n {
			c, p := &d.comps[i], &o.planes[i]
			for by := my * c.v; by < (my+1)*c.v; by++ {
				for bx := p.firstBlock; bx < p.lastBlock; bx++ {
					*o.pend.slot() = *c.coef(bx, by)
					o.place(c, p, p.ring[p.at(bx-p.firstBlock, by):], 63)
				}
			}
		}
		o.endRow(d, my)
	}
}

// refined is whether the scans gave the lowest frequencies to their last bit.
// Where they did not, libjpeg makes up for them by smoothing; the picture is
// coarse, since most of the file is missing.
func (c *component) refined() bool {
	return !slices.ContainsFunc(c.seen[1:10], func(bits int8) bool { return bits != 1 })
}
