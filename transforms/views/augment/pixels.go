package augment

// pixelTaps are the taps of a row of packed RGB as the vector kernels want
// them.
type pixelTaps struct {
	offset []int32  // of an output's first byte
	base   []int32  // for each four outputs, the least of their offsets
	sort   []uint32 // for each four outputs 16 dwords: a byte permutation of the 64 bytes from base
	fits   bool     // every four outputs' taps lie within 64 bytes
	span   int      // how many bytes of a row the kernels may read
}

// quarterBytes is the reach of a byte permutation.
const quarterBytes = 64

// setPixels derives the pixel taps; t must be set.
func (t *taps) setPixels() {
	p, n := &t.pixels, len(t.start)
	if cap(p.offset) < n {
		p.offset, p.base, p.sort = make([]int32, n), make([]int32, n/4), make([]uint32, 4*n)
	}
	p.offset, p.base, p.sort = p.offset[:n], p.base[:n/4], p.sort[:4*n]
	var last int32
	for i, start := range t.start {
		p.offset[i] = 3 * start
		last = max(last, 3*start)
	}
	// The gathers read a byte past the last tap.
	p.span, p.fits = int(last)+13, true
	for q := range p.base {
		p.sortQuarter(q)
	}
}

// sortQuarter sets the permutation of outputs 4q to 4q+3: dword 4c+i holds the
// places of the four taps of channel c of output i.
func (p *pixelTaps) sortQuarter(q int) {
	offsets, sort := p.offset[4*q:][:4], p.sort[16*q:][:16]
	base := min(offsets[0], offsets[1], offsets[2], offsets[3])
	p.base[q] = base
	p.span = max(p.span, int(base)+quarterBytes)
	for i, o := range offsets {
		if o-base > quarterBytes-12 {
			p.fits = false
			return
		}
		first := uint32(o-base)*0x01010101 + 0x09060300
		sort[i], sort[4+i], sort[8+i] = first, first+0x01010101, first+0x02020202
	}
}
