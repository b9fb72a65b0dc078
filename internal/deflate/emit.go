package deflate

import "encoding/binary"

// bitWriter appends bits to out, the lowest first.
type bitWriter struct {
	out  []byte
	hold uint64 // the n lowest are not in out yet, fewer than 8 between two calls
	n    uint
}

// put appends the n lowest bits of v, whose others are zero; n is at most 32.
func (w *bitWriter) put(v uint64, n uint) {
	w.hold |= v << (w.n & 63)
	w.n += n
	for ; w.n >= 8; w.n -= 8 {
		w.out = append(w.out, byte(w.hold))
		w.hold >>= 8
	}
}

// align fills the last byte with zeros.
func (w *bitWriter) align() { w.put(0, -w.n&7) }

// head begins a block of a kind.
func (w *bitWriter) head(kind uint64, last bool) {
	if last {
		w.put(1|kind<<1, 3)
	} else {
		w.put(kind<<1, 3)
	}
}

// store writes a block of the bytes as they are.
func (w *bitWriter) store(data []byte, last bool) {
	w.head(0, last)
	w.align()
	w.put(uint64(len(data))|uint64(^uint16(len(data)))<<16, 32)
	w.out = append(w.out, data...)
}

// emit writes the symbols of a block and its end. out must have room for 8 bytes
// more than they need.
func (w *bitWriter) emit(c *codes, data []byte, seqs []seq) {
	out, at, hold, n := w.out[:cap(w.out)], len(w.out), w.hold, w.n
	for _, s := range seqs {
		if k := s.literals(); k > 0 {
			lits := data[:k]
			data = data[k:]
			for ; len(lits) >= 3; lits = lits[3:] {
				hold, n = add(hold, n, c.lit[lits[0]])
				hold, n = add(hold, n, c.lit[lits[1]])
				hold, n = add(hold, n, c.lit[lits[2]])
				at, hold, n = spill(out, at, hold, n)
			}
			for _, b := range lits {
				hold, n = add(hold, n, c.lit[b])
			}
			at, hold, n = spill(out, at, hold, n)
		}
		length := s.length()
		if length == 0 {
			break
		}
		data = data[length:]
		hold, n = add(hold, n, c.length[length])
		d := c.dist[s.distSymbol()]
		extra := d.extra()
		hold, n = add(hold, n, d.plain())
		hold |= s.distance() & (1<<(extra&63) - 1) << (n & 63)
		n += extra
		at, hold, n = spill(out, at, hold, n)
	}
	w.hold, w.n, w.out = hold, n, out[:at]
	w.put(c.lit[endBlock].value(), c.lit[endBlock].bits())
}

// add appends a code to the n bits of hold.
func add(hold uint64, n uint, c code) (uint64, uint) {
	return hold | c.value()<<(n&63), n + c.bits()
}

// spill moves whole bytes to out.
func spill(out []byte, at int, hold uint64, n uint) (int, uint64, uint) {
	binary.LittleEndian.PutUint64(out[at:], hold)
	return at + int(n>>3), hold >> (n & 56), n & 7
}
