package deflate

// header is how a block says its codes: the lengths of these, in a code of their
// own.
type header struct {
	lits, dists, order int // how many lengths of each are said
	bits               int // the length of all that
	n                  int
	symbols            [litCodes + distCodes]uint16 // n symbols, each with the value of its extra bits<<8
	freq               [19]uint32
	codes              [19]code
	lengths            [19]uint8
}

// lengthOrder is the order in which the lengths of the codes of lengths come.
var lengthOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// repeatBits is how many extra bits follow a symbol.
var repeatBits = [19]uint{16: 2, 17: 3, 18: 7}

// plan prepares what says the codes.
func (h *header) plan(b *builder, c *codes) {
	for h.lits = litCodes; h.lits > 257 && c.litLen[h.lits-1] == 0; h.lits-- {
	}
	for h.dists = distCodes; h.dists > 1 && c.distLen[h.dists-1] == 0; h.dists-- {
	}
	var all [litCodes + distCodes]uint8
	n := copy(all[:], c.litLen[:h.lits])
	n += copy(all[n:], c.distLen[:h.dists])
	h.n = 0
	clear(h.freq[:])
	h.runs(all[:n])
	b.build(h.codes[:], h.lengths[:], h.freq[:], 7)
	for h.order = 19; h.order > 4 && h.lengths[lengthOrder[h.order-1]] == 0; h.order-- {
	}
	h.bits = 14 + 3*h.order
	for symbol, times := range h.freq {
		h.bits += int(times) * int(uint(h.lengths[symbol])+repeatBits[symbol])
	}
}

// runs turns lengths into symbols, of which some stand for a run of lengths.
func (h *header) runs(all []uint8) {
	for i := 0; i < len(all); {
		v, n := all[i], 1
		for i+n < len(all) && all[i+n] == v {
			n++
		}
		i += n
		if v == 0 {
			for ; n >= 11; n -= min(n, 138) {
				h.say(18, min(n, 138)-11)
			}
			if n >= 3 {
				h.say(17, n-3)
				n = 0
			}
		} else {
			h.say(v, 0)
			for n--; n >= 3; n -= min(n, 6) {
				h.say(16, min(n, 6)-3)
			}
		}
		for range n {
			h.say(v, 0)
		}
	}
}

func (h *header) say(symbol uint8, value int) {
	h.freq[symbol]++
	h.symbols[h.n] = uint16(symbol) | uint16(value)<<8
	h.n++
}

func (h *header) write(w *bitWriter) {
	w.put(uint64(h.lits-257)|uint64(h.dists-1)<<5|uint64(h.order-4)<<10, 14)
	for _, symbol := range lengthOrder[:h.order] {
		w.put(uint64(h.lengths[symbol]), 3)
	}
	for _, s := range h.symbols[:h.n] {
		c := h.codes[s&0xff]
		w.put(c.value(), c.bits())
		w.put(uint64(s>>8), repeatBits[s&0xff])
	}
}
