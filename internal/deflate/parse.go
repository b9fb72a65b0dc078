package deflate

import (
	"encoding/binary"
	"math/bits"
)

const (
	history  = 32 << 10 // farthest distance of a match
	minMatch = 3        // a pixel
	maxMatch = 258

	// tooFar is the distance from which one pixel is not worth a match: it saves
	// next to nothing, and is slower to read than three literals. zlib draws the
	// line there too.
	tooFar = 4096

	// patience is how many literals in a row it takes until only every other
	// pixel is looked for.
	patience = 48

	hashBits = 14 // the table of positions stays in the first-level cache
)

// seq is a run of literals and the match behind it, packed:
//
//	bits 0-15   number of literals
//	bits 16-24  length of the match, 0: none (the end of the block)
//	bits 25-29  symbol of its distance
//	bits 32-46  distance - 1
type seq uint64

func (s seq) literals() int    { return int(s & 0xffff) }
func (s seq) length() int      { return int(s >> 16 & 0x1ff) }
func (s seq) distSymbol() int  { return int(s >> 25 & 31) }
func (s seq) distance() uint64 { return uint64(s >> 32) }

// positions holds, by the hash of the three bytes there, where they were seen
// last. What is stale is harmless: a candidate counts only if its bytes are the
// same.
type positions [1 << hashBits]uint16

// slot is the place of the three lowest bytes of a word.
func (p *positions) slot(word uint32) *uint16 {
	return &p[word<<8*0x9e3779b1>>(32-hashBits)]
}

func (b *buffer) load32(i int) uint32 { return binary.LittleEndian.Uint32(b[i:]) }
func (b *buffer) load64(i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }

// parse cuts c.buf[from:to] into sequences and counts its symbols. It goes on by
// three bytes where it finds nothing, so that pixels are compared with pixels;
// what matches cover is entered byte by byte, for pixels that begin elsewhere.
func (c *compressor) parse(from, to int) []seq {
	buf, seen, tally, shift := &c.buf, &c.seen, &c.tally, c.shift
	anchor, i, n := from, from, 0
	for limit := to - 8; i <= limit; {
		word := buf.load32(i)
		slot := seen.slot(word)
		here := uint16(i) + shift
		distance := here - *slot - 1
		*slot = here
		at := i - 1 - int(distance&(history-1))
		// one branch for both conditions, since neither is predictable
		if (buf.load32(at)^word)<<8|uint32(distance&history) != 0 {
			tally.pixel(word)
			i += 3
			if i-anchor > patience && i <= limit {
				tally.pixel(buf.load32(i))
				i += 3
			}
			continue
		}
		length := min(buf.matchLength(i, at), to-i)
		if length == minMatch && distance >= tooFar {
			tally.pixel(word)
			i += 3
			continue
		}
		symbol := distSymbol(int(distance))
		tally.length[length]++
		tally.dist[symbol]++
		c.seqs[n] = seq(i-anchor) | seq(length)<<16 | seq(symbol)<<25 | seq(distance)<<32
		n++
		anchor = i + length
		*seen.slot(buf.load32(i + 1)) = here + 1
		*seen.slot(buf.load32(i + 2)) = here + 2
		for i += 3; i < anchor; i++ {
			*seen.slot(buf.load32(i)) = uint16(i) + shift
		}
		i = anchor
	}
	tally.literals(buf[i:to])
	c.seqs[n] = seq(to - anchor)
	return c.seqs[:n+1]
}

// matchLength is how many bytes at i and at are the same, no more than maxMatch.
func (b *buffer) matchLength(i, at int) int {
	for n := 0; n < maxMatch; n += 8 {
		if x := b.load64(i+n) ^ b.load64(at+n); x != 0 {
			return min(n+bits.TrailingZeros64(x)>>3, maxMatch)
		}
	}
	return maxMatch
}
