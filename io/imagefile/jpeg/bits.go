package jpeg

import (
	"cmp"
	"encoding/binary"
	mathbits "math/bits"
)

// bits reads the entropy-coded data of one scan. The data is first copied, a
// chunk at a time, without its stuffed zero bytes, so that filling is one load
// without a test.
type bits struct {
	buf []byte // unstuffed; behind an interval's end, pad zero bytes
	acc uint64 // next bits, at the top
	n   uint   // how many of acc's top bits are counted as read from buf
	pos int    // next byte of buf
	end int    // of what buf holds

	src      []byte // what follows in the file
	restarts int    // intervals behind
	whole    bool   // buf reaches to the interval's end
	open     bool   // the data ended without a marker
}

const (
	// chunk is how much is unstuffed at a time: it stays in the first-level cache.
	chunk = 16 << 10
	// pad is more than one MCU can take: 10 blocks of 64 codes of 31 bits, and
	// the 8 bytes that are read at once.
	pad = 4096
)

// startBits goes to the entropy-coded data at d.pos.
func (d *Decoder) startBits() {
	b := &d.bits
	b.buf = grow(b.buf, chunk+2*pad)
	b.src = d.data[d.pos:]
	b.restarts, b.open = 0, false
	b.startInterval()
}

func (b *bits) startInterval() {
	b.acc, b.n, b.pos, b.end, b.whole = 0, 0, 0, 0, false
	b.load()
}

// more makes sure that buf holds all that the next MCU can take.
func (b *bits) more() {
	if !b.whole && b.end-b.pos < pad {
		b.load()
	}
}

// load fills buf with what follows of the interval.
func (b *bits) load() {
	b.end = copy(b.buf, b.buf[b.pos:b.end])
	b.pos = 0
	src := b.src
	for b.end < chunk {
		n := untilFF(b.buf[b.end:], src[:min(len(src), chunk-b.end)])
		b.end, src = b.end+n, src[n:]
		if len(src) < 2 {
			b.end += copy(b.buf[b.end:], src)
			src, b.open, b.whole = nil, true, true
			break
		}
		if src[0] != 0xFF {
			break // the chunk is full
		}
		if src[1] == 0 {
			b.buf[b.end] = 0xFF
			b.end, src = b.end+1, src[2:]
		} else if src[1] == 0xFF { // a fill byte
			src = src[1:]
		} else {
			b.whole = true
			break
		}
	}
	b.src = src
	if b.whole {
		clear(b.buf[b.end : b.end+pad])
	}
}

// restart goes to the next interval.
func (d *Decoder) restart() error {
	if ok, err := d.nextInterval(); err != nil || !ok {
		return cmp.Or(err, d.ended())
	}
	for i := range d.n {
		d.comps[i].pred = 0
	}
	d.scan.eobRun = 0
	return nil
}

// nextInterval passes over what is left of this one and the restart marker
// behind it. It reports false where another marker, or none, is.
func (d *Decoder) nextInterval() (bool, error) {
	b := &d.bits
	for !b.whole {
		b.pos = b.end
		b.load()
	}
	if b.open || b.src[1] < mRST0 || b.src[1] > mRST7 {
		return false, nil
	}
	if n := int(b.src[1] - mRST0); n != b.restarts&7 {
		return false, d.bad("restart marker %d where %d is due", n, b.restarts&7)
	}
	b.restarts++
	b.src = b.src[2:]
	b.startInterval()
	return true, nil
}

// endBits leaves d.pos at the marker behind the entropy-coded data.
func (d *Decoder) endBits() error {
	for {
		if ok, err := d.nextInterval(); err != nil || !ok {
			d.pos = len(d.data) - len(d.bits.src)
			return err
		}
	}
}

// over reports whether more bits were taken than the interval has.
func (b *bits) over() bool { return 8*b.pos-int(b.n) > 8*b.end }

// ended is the error for entropy-coded data that does not suffice.
func (d *Decoder) ended() error {
	d.pos = len(d.data) - len(d.bits.src)
	if d.bits.open {
		return d.cut()
	}
	return d.bad("a scan has too little data")
}

// untilFF copies src to dst, which is at least as long, up to the first byte
// 0xFF, and returns how many bytes that is. It may write a few more to dst.
func untilFF(dst, src []byte) int {
	n := wholeUntilFF(dst, src)
	for ; n+8 <= len(src); n += 8 {
		word := binary.LittleEndian.Uint64(src[n:])
		binary.LittleEndian.PutUint64(dst[n:], word)
		// The lowest set bit is that of the first byte of eight set bits.
		if ff := (^word - 0x0101010101010101) & word & 0x8080808080808080; ff != 0 {
			return n + mathbits.TrailingZeros64(ff)>>3
		}
	}
	for ; n < len(src) && src[n] != 0xFF; n++ {
		dst[n] = src[n]
	}
	return n
}

// fill tops acc up to at least 56 bits.
func (b *bits) fill() {
	if b.n < 32 {
		b.acc |= binary.BigEndian.Uint64(b.buf[b.pos:]) >> b.n
		b.pos += int(63-b.n) >> 3
		b.n |= 56
	}
}

// take returns the next count bits, 0 to 16; fill must have been called.
func (b *bits) take(count uint) uint32 {
	v := uint32(b.acc >> 32 >> (32 - count))
	b.acc <<= count
	b.n -= count
	return v
}

// symbol decodes one symbol without its magnitude bits.
func (b *bits) symbol(h *huffman) (byte, bool) {
	b.fill()
	e := h.codes[b.acc>>(64-lookBits)]
	symbol, length := byte(e>>8), uint(e&63)
	if length == 0 {
		symbol, length = h.long(b.acc)
	}
	b.acc <<= length & 63
	b.n -= length
	return symbol, length != 0
}
