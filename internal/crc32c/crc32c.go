// Package crc32c computes CRC-32C (Castagnoli; RFC 3720, appendix B.4), which is
// what hash/crc32 computes: at the speed of memory where the machine can, of bytes
// while they are copied, and of a file out of the sums of its parts.
package crc32c

import (
	"encoding/binary"
	"hash/crc32"
)

var table = crc32.MakeTable(crc32.Castagnoli)

const (
	// foldStep is how many bytes a step of folding takes.
	foldStep = 256
	// third is how many bytes each of the three sums of copyThirds covers: the
	// instruction takes three cycles, and one that does not wait for it starts
	// in each of them.
	third = 5376
	// foldLeast is from where on folding pays for its end.
	foldLeast = 1 << 10
	// chunk is what Copy copies before it sums the copy, which is still in the
	// first-level cache then.
	chunk = 16 << 10
)

// Of is the sum of p.
func Of(p []byte) uint32 { return Update(0, p) }

// Update adds p to crc, the sum of what came before.
func Update(crc uint32, p []byte) uint32 {
	if useFold && len(p) >= foldLeast {
		n := len(p) &^ (foldStep - 1)
		crc, p = fold(crc, p[:n]), p[n:]
	}
	return crc32.Update(crc, table, p)
}

// Word is the sum of the 8 bytes of a word, the lowest first.
func Word(word uint64) uint32 {
	if useThirds {
		return wordSum(word)
	}
	var p [8]byte
	binary.LittleEndian.PutUint64(p[:], word)
	return crc32.Update(0, table, p[:])
}

// Copy copies src to dst, which has room for it, and adds it to crc: one pass
// over memory.
func Copy(dst, src []byte, crc uint32) uint32 {
	for len(src) > 0 {
		n := 0
		switch {
		case useFold && len(src) >= foldLeast:
			n = len(src) &^ (foldStep - 1)
			crc = foldCopy(dst[:n], src[:n], crc)
		case useThirds && len(src) >= 3*third:
			n = 3 * third
			crc = thirdsCopy(dst[:n], src[:n], crc)
		default:
			n = copy(dst, src[:min(len(src), chunk)])
			crc = crc32.Update(crc, table, dst[:n])
		}
		dst, src = dst[n:], src[n:]
	}
	return crc
}
