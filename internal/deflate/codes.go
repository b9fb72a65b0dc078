package deflate

const (
	maxBits = 15 // of a code
	// litLimit keeps what emit holds between two calls of spill below 64 bits:
	// 7, a code of a length and 5 more, a code of a distance and 13 more.
	litLimit = 14
)

// code is how a symbol is written:
//
//	bits 0-7    number of bits
//	bits 8-26   the bits, in the order in which they are written; of a length of
//	            a match, with its extra bits
//	bits 27-30  number of extra bits that follow; only of a distance
type code uint32

func (c code) bits() uint    { return uint(c & 0xff) }
func (c code) value() uint64 { return uint64(c >> 8) }
func (c code) extra() uint   { return uint(c >> 27) }

// plain is the code without the number of extra bits.
func (c code) plain() code { return c & (1<<27 - 1) }

// codes are those of a block.
type codes struct {
	lit     [litCodes]code // and of lengths and the end
	dist    [distCodes + 2]code
	litLen  [litCodes]uint8
	distLen [distCodes]uint8
	length  [maxMatch + 1]code
}

// fit makes the codes that write what was counted shortest.
func (c *codes) fit(b *builder, t *tally) {
	b.build(c.lit[:], c.litLen[:], t.lit[:], litLimit)
	b.build(c.dist[:distCodes], c.distLen[:], t.dist[:distCodes], maxBits)
	c.derive()
}

// derive completes what follows from the codes of the symbols.
func (c *codes) derive() {
	for i := range distCodes {
		c.dist[i] |= code(distExtra(i)) << 27
	}
	for i := minMatch; i <= maxMatch; i++ {
		l := lengthCodes[i]
		e := c.lit[l.symbol]
		c.length[i] = e + code(l.extra) | code(l.value)<<(8+e.bits())
	}
}

// size is how many bits a block of these codes has, without saying the codes.
func (c *codes) size(t *tally) int {
	n := 3
	for i, times := range t.lit {
		n += int(times) * (int(c.litLen[i]) + symbolExtra(i))
	}
	for i, times := range t.dist[:distCodes] {
		n += int(times) * (int(c.distLen[i]) + distExtra(i))
	}
	return n
}

// fixedCodes are those of the blocks that need not say them.
var fixedCodes = func() *codes {
	c := new(codes)
	var all [litCodes + 2]code
	var lengths [litCodes + 2]uint8 // two of the code stand for nothing
	var count [maxBits + 2]int
	for i := range lengths {
		switch {
		case i < 144 || i >= 280:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		default:
			lengths[i] = 7
		}
		count[lengths[i]]++
	}
	assign(all[:], lengths[:], &count)
	copy(c.lit[:], all[:])
	copy(c.litLen[:], lengths[:])
	var five [maxBits + 2]int
	five[5] = distCodes
	for i := range c.distLen {
		c.distLen[i] = 5
	}
	assign(c.dist[:distCodes], c.distLen[:], &five)
	c.derive()
	return c
}()
