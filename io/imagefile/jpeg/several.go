package jpeg

// severalBits is how many bits of the stream one look-up of several
// coefficients sees. The kernels' shifts follow from it.
const severalBits = 13

// severalAfter is how many blocks a Huffman table decodes before the tables of
// several are made for it: making them takes as long as they save on about so
// many. It is a variable for tests.
var severalAfter = 4096

// several looks up the AC coefficients whose codes and magnitude bits lie whole,
// one after the other, in the next severalBits: at most three, and the
// end-of-block code behind them. Most of decoding a photo is waiting for one
// look-up to say where the next begins.
//
// An entry holds, from the low end: 6 bits of length of all of it; 2 unused;
// 8 bits "zigzag positions to go on", with endBlock added if the block ends; 4,
// 5 and 6 bits "zigzag positions from here to the coefficient"; and 9, 11 and 13
// bits of signed value, of the third, second and first. Coefficients that are
// not there are zeros at the position where the next entry begins.
//
// A length of 0 says that not even one coefficient lies whole inside. If at
// least its code does: 8 bits of that code's length, 4 of the zero run, 4 of the
// count of magnitude bits, each where the fields above begin. Otherwise 0.
type several struct {
	codes [1 << severalBits]uint64
	// lengths holds of each entry what the next look-up waits for, and is small
	// enough for the first-level cache, which codes is not: 6 bits of length, and
	// leaves if the block ends; 0 where the entry's length is 0.
	lengths [1 << severalBits]uint8
	// skips is codes where no coefficient is wanted, whose magnitude bits may
	// then lie outside: 6 bits of length, 2 unused, 8 bits of positions to go on.
	skips [1 << severalBits]uint16
	// long holds, by the next 16 bits less first, the codes of coefficients that
	// are longer than severalBits, as codes holds those without their magnitude.
	long  [longCodes]uint32
	first uint32
}

// longCodes is how many of the next 16 bits long covers: more than the usual
// tables need.
const longCodes = 512

// endBlock takes any position past the block.
const endBlock = 128

// leaves marks a length behind which the block ends.
const leaves = 0x80

// acCode is an AC symbol with its magnitude bits, as the next severalBits show it.
type acCode struct {
	length int8 // of the code, 0: it is not whole inside
	run    int8 // zeros before the coefficient; 16 of them and none: 16
	size   int8 // magnitude bits; 0: the block ends, unless run is 16
	inside bool // the magnitude bits are
	value  int16
}

// needSeveral makes the tables once the table has decoded enough blocks.
func (h *huffman) needSeveral(blocks int) {
	if h.decoded += blocks; h.hasSeveral || h.decoded < severalAfter {
		return
	}
	if h.several == nil {
		h.several = new(several)
	}
	h.needCodes()
	var codes [1 << severalBits]acCode
	h.eachCode(severalBits, func(code uint32, length int, symbol byte) {
		c := acCode{length: int8(length), run: int8(symbol >> 4), size: int8(symbol & 15)}
		if symbol == 0xF0 {
			c.run = 16
		} else if c.size == 0 {
			c.run = 0 // like block, which takes all of these for the end
		}
		spare := severalBits - length
		for i := range uint32(1) << spare {
			if c.inside = int(c.size) <= spare; c.inside && c.size > 0 {
				c.value = int16(extend(i>>(spare-int(c.size)), int(c.size)))
			}
			codes[code<<spare+i] = c
		}
	})
	for i := range uint32(len(codes)) {
		e := severalAt(&codes, i)
		h.several.codes[i], h.several.lengths[i], h.several.skips[i] = e, lengthOf(e), skipsAt(&codes, i)
	}
	h.several.setLong(h)
	h.hasSeveral = true
}

func (s *several) setLong(h *huffman) {
	s.first = h.limit[severalBits]
	clear(s.long[:])
	h.eachCode(16, func(code uint32, length int, symbol byte) {
		run, size := uint32(symbol>>4), uint32(symbol&15)
		if length <= severalBits || size == 0 {
			return
		}
		from := code<<(16-length) - s.first
		for i := from; i < min(from+1<<(16-length), longCodes); i++ {
			s.long[i] = uint32(length)<<8 | run<<16 | size<<20
		}
	})
}

// severalAt is the entry for the bits next.
func severalAt(codes *[1 << severalBits]acCode, next uint32) uint64 {
	var at, value [3]int
	length, on, n := 0, 0, 0
	for n < len(at) {
		c := codes[next<<length&(1<<severalBits-1)]
		whole := length + int(c.length) + int(c.size)
		if c.length == 0 || whole > severalBits {
			if n == 0 && length == 0 {
				return uint64(c.length)<<8 | uint64(c.run)<<16 | uint64(c.size)<<20
			}
			break
		}
		if c.run == 16 {
			if length == 0 { // always on its own
				return uint64(whole) | 16<<8 | 16<<20 | 16<<25
			}
			break
		}
		length = whole
		if c.size == 0 {
			on += endBlock
			break
		}
		on += int(c.run)
		at[n], value[n] = on, int(c.value)
		n, on = n+1, on+1
	}
	for ; n < len(at); n++ {
		at[n] = on % endBlock
	}
	return uint64(length) | uint64(on)<<8 | uint64(at[0])<<16 | uint64(at[1])<<20 | uint64(at[2])<<25 |
		uint64(value[2])&0x1FF<<31 | uint64(value[1])&0x7FF<<40 | uint64(value[0])<<51
}

// lengthOf is the length of an entry, as lengths holds it.
func lengthOf(e uint64) uint8 {
	length := uint8(e & 63)
	if length > 0 && e>>8&endBlock != 0 {
		length |= leaves
	}
	return length
}

// skipsAt is the entry for the bits next.
func skipsAt(codes *[1 << severalBits]acCode, next uint32) uint16 {
	length, on := 0, 0
	for length < severalBits {
		c := codes[next<<length&(1<<severalBits-1)]
		if c.length == 0 || length+int(c.length) > severalBits {
			break
		}
		if c.size == 0 && c.run == 0 {
			return uint16(length+int(c.length)) | uint16(on+endBlock)<<8
		}
		to := on + int(c.run)
		if c.size > 0 {
			to++
		}
		if to > 64 { // in no block; from further on it would look like an end
			break
		}
		length, on = length+int(c.length+c.size), to
	}
	return uint16(length) | uint16(on)<<8
}
