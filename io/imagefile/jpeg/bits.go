package jpeg

import (
	"bytes"
	"encoding/binary"
)

// bits reads the entropy-coded data of one scan. The data is first copied
// without its stuffed zero bytes, so that filling is one load without a test.
type bits struct {
	buf  []byte // unstuffed, with pad zero bytes behind the last
	acc  uint64 // next bits, at the top
	n    uint   // how many of acc's top bits are counted as read from buf
	pos  int    // next byte of buf
	ends []int  // where each restart interval ends in buf
	at   int    // current interval
	open bool   // the data ended without a marker
}

// pad is more than one MCU can take: 10 blocks of 64 codes of 31 bits.
const pad = 4096

// load copies the entropy-coded data at d.pos and leaves d.pos at the marker
// behind it.
func (d *Decoder) loadBits() error {
	b := &d.bits
	src := d.data[d.pos:]
	b.buf = grow(b.buf, len(src)+pad)
	b.ends = b.ends[:0]
	b.open = false
	in, out := 0, 0
	for {
		i := bytes.IndexByte(src[in:], 0xFF)
		if i < 0 || in+i+1 >= len(src) {
			out += copy(b.buf[out:], src[in:])
			in, b.open = len(src), true
			break
		}
		out += copy(b.buf[out:], src[in:in+i])
		in += i
		next := src[in+1]
		if next == 0 {
			b.buf[out] = 0xFF
			out++
			in += 2
			continue
		}
		if next == 0xFF { // fill byte
			in++
			continue
		}
		if next < mRST0 || next > mRST7 {
			break
		}
		if int(next-mRST0) != len(b.ends)&7 {
			return d.bad("restart marker %d where %d is due", next-mRST0, len(b.ends)&7)
		}
		b.ends = append(b.ends, out)
		in += 2
	}
	b.ends = append(b.ends, out)
	clear(b.buf[out : out+pad])
	b.buf = b.buf[:out+pad]
	d.pos += in
	b.at = 0
	b.seek(0)
	return nil
}

func (b *bits) seek(pos int) {
	b.pos, b.acc, b.n = pos, 0, 0
}

// restart goes to the next interval.
func (d *Decoder) restart() error {
	b := &d.bits
	if b.at+1 >= len(b.ends) {
		return d.ended()
	}
	b.seek(b.ends[b.at])
	b.at++
	for i := range d.n {
		d.comps[i].pred = 0
	}
	d.scan.eobRun = 0
	return nil
}

// over reports whether more bits were taken than the interval has.
func (b *bits) over() bool {
	return 8*b.pos-int(b.n) > 8*b.ends[b.at]
}

// ended is the error for entropy-coded data that does not suffice.
func (d *Decoder) ended() error {
	if d.bits.open {
		return d.cut()
	}
	return d.bad("a scan has too little data")
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
