package jpeg

import (
	"bytes"
	"slices"
)

// lookBits is how many bits of the stream one table look-up sees.
const lookBits = 10

// huffman is a decoding table. Sequential scans look codes up in look,
// progressive ones in codes; each is made when it is first needed.
//
// A look entry holds, from the low end: 6 bits of length, 1 bit "the block ends
// here", 1 bit unused, 8 bits of symbol (for AC the zero run in its high half),
// 16 bits of value. A value other than zero means that code and magnitude bits
// were inside the look-up, and for AC perhaps the end-of-block code behind them
// too: the length covers all of it and the coefficient is known. Otherwise the
// length is the code's alone; 0 means that the code is longer than lookBits.
//
// A codes entry is symbol<<8 | length of the code.
type huffman struct {
	look       [1 << lookBits]uint32 // first: blocksBMI2 takes a table for its look
	codes      [1 << lookBits]uint16
	limit      [18]uint32 // by length: the first 16-bit prefix past the codes of that length
	offset     [18]int32  // by length: index of a code's symbol, less the code
	symbols    [256]byte
	raw        [272]byte // the segment it was built from
	rawLen     int
	dc         bool
	hasLook    bool
	hasCodes   bool
	eob        uint32 // AC: the end-of-block code
	eobLength  int    // 0 if there is none
	several    *several
	hasSeveral bool
	decoded    int // blocks
}

// endsHere marks a look entry whose length includes an end-of-block code.
const endsHere = 1 << 6

// tableCache keeps the tables of earlier images: most images of a set share
// theirs, and building costs more than decoding a small image.
type tableCache struct {
	tables [12]*huffman // most recently used first; an image holds 8 at most
}

// get returns the table built from raw, or one to build it in: that used
// longest ago of those that inUse does not hold.
func (t *tableCache) get(raw []byte, dc bool, inUse func(*huffman) bool) (*huffman, bool) {
	for i, h := range t.tables {
		if h != nil && h.dc == dc && bytes.Equal(h.raw[:h.rawLen], raw) {
			t.promote(i)
			return h, true
		}
	}
	at := len(t.tables) - 1
	for t.tables[at] != nil && inUse(t.tables[at]) {
		at--
	}
	if t.tables[at] == nil {
		t.tables[at] = new(huffman)
	}
	t.promote(at)
	t.tables[0].rawLen = 0 // like no segment, until it is built
	return t.tables[0], false
}

// promote makes table i the most recently used.
func (t *tableCache) promote(i int) {
	h := t.tables[i]
	copy(t.tables[1:i+1], t.tables[:i])
	t.tables[0] = h
}

// holds reports whether the image at hand may still use the table.
func (d *Decoder) holds(h *huffman) bool {
	return slices.Contains(d.dc[:], h) || slices.Contains(d.ac[:], h)
}

func (d *Decoder) readHuffman(b []byte) error {
	for len(b) > 0 {
		if len(b) < 17 {
			return d.bad("Huffman table of %d bytes", len(b))
		}
		class, id := b[0]>>4, b[0]&15
		n := 0
		for _, count := range b[1:17] {
			n += int(count)
		}
		if class > 1 || id > 3 || n > 256 || n == 0 || len(b) < 17+n {
			return d.bad("Huffman table %d of class %d with %d codes in %d bytes", id, class, n, len(b))
		}
		if !d.infoOnly {
			h, known := d.tables.get(b[1:17+n], class == 0, d.holds)
			if !known && !h.build(b[1:17+n], class == 0) {
				return d.bad("Huffman table %d of class %d has more codes than bits allow", id, class)
			}
			if class == 0 {
				d.dc[id] = h
			} else {
				d.ac[id] = h
			}
		}
		b = b[17+n:]
	}
	return nil
}

// build takes 16 counts and the symbols (T.81 annex C).
func (h *huffman) build(raw []byte, dc bool) bool {
	counts, symbols := raw[:16], raw[16:]
	copy(h.symbols[:], symbols)
	h.eobLength = 0
	code, k := uint32(0), 0
	for length := 1; length <= 16; length++ {
		h.offset[length] = int32(k) - int32(code)
		for range counts[length-1] {
			if code >= 1<<length {
				return false
			}
			if !dc && symbols[k] == 0 {
				h.eob, h.eobLength = code, length
			}
			code++
			k++
		}
		h.limit[length] = code << (16 - length)
		code <<= 1
	}
	h.dc, h.hasLook, h.hasCodes, h.hasSeveral, h.decoded = dc, false, false, false, 0
	h.rawLen = copy(h.raw[:], raw)
	return true
}

// eachCode calls visit with every code of at most limit bits.
func (h *huffman) eachCode(limit int, visit func(code uint32, length int, symbol byte)) {
	code, k := uint32(0), 0
	for length := 1; length <= limit; length++ {
		for range h.raw[length-1] {
			visit(code, length, h.symbols[k])
			code++
			k++
		}
		code <<= 1
	}
}

// prepare makes the table that a scan needs.
func (h *huffman) prepare(progressive bool) {
	if progressive {
		h.needCodes()
	} else {
		h.needLook()
	}
}

func (h *huffman) needLook() {
	if h.hasLook {
		return
	}
	h.hasLook = true
	clear(h.look[:])
	h.eachCode(lookBits, h.fill)
}

func (h *huffman) needCodes() {
	if h.hasCodes {
		return
	}
	h.hasCodes = true
	clear(h.codes[:])
	h.eachCode(lookBits, func(code uint32, length int, symbol byte) {
		first := code << (lookBits - length)
		for i := range uint32(1) << (lookBits - length) {
			h.codes[first+i] = uint16(symbol)<<8 | uint16(length)
		}
	})
}

// fill sets the look entries that start with one code.
func (h *huffman) fill(code uint32, length int, symbol byte) {
	spare := lookBits - length
	size := int(symbol & 15)
	if h.dc {
		size = int(symbol)
	}
	entry := uint32(symbol)<<8 | uint32(length)
	first := code << spare
	for i := range uint32(1) << spare {
		e := entry
		if size > 0 && size <= spare {
			v := extend(i>>(spare-size), size)
			e = uint32(v)<<16 | uint32(symbol)<<8 | uint32(length+size)
			rest := spare - size
			if h.eobLength > 0 && h.eobLength <= rest && i>>(rest-h.eobLength)&(1<<h.eobLength-1) == h.eob {
				e += uint32(h.eobLength) | endsHere
			}
		}
		h.look[first+i] = e
	}
}

// extend turns size magnitude bits into the signed value (T.81 F.2.2.1).
func extend(v uint32, size int) int32 {
	if v < 1<<(size-1) {
		return int32(v) - 1<<size + 1
	}
	return int32(v)
}

// long finds a code longer than lookBits in the top of acc: its symbol and
// length, or length 0 if there is none.
func (h *huffman) long(acc uint64) (symbol byte, length uint) {
	prefix := uint32(acc >> 48)
	for l := lookBits + 1; l <= 16; l++ {
		if prefix < h.limit[l] {
			at := h.offset[l] + int32(prefix>>(16-l))
			if uint32(at) > 255 {
				return 0, 0
			}
			return h.symbols[at], uint(l)
		}
	}
	return 0, 0
}
