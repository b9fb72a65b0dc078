package crc32c

import "hash/crc32"

// File is the sum of a growing file; the zero value is that of an empty one. Where
// a part's own sum is known already, as that of a record's data is, it is joined
// instead of computed again.
type File struct {
	crc    uint32
	length int    // of the part joined last
	shift  uint32 // x^(8*length) modulo the polynomial
}

const (
	// joinAlways is the length from which a join costs less than another pass
	// over the bytes even when its shift must be computed; joinCached, when it
	// need not.
	joinAlways = 96 << 10
	joinCached = 2 << 10
)

// Sum is the sum so far.
func (f *File) Sum() uint32 { return f.crc }

// Add adds p.
func (f *File) Add(p []byte) { f.crc = Update(f.crc, p) }

// Write is Add; it never fails.
func (f *File) Write(p []byte) (int, error) {
	f.Add(p)
	return len(p), nil
}

// Join adds p, whose sum is crc.
func (f *File) Join(p []byte, crc uint32) {
	if len(p) < joinCached || len(p) < joinAlways && len(p) != f.length {
		f.length = len(p) // records of one length: the next one finds its shift
		f.shift = 0
		f.Add(p)
		return
	}
	f.JoinOf(len(p), crc)
}

// JoinOf adds n bytes that are not at hand, whose sum is crc.
func (f *File) JoinOf(n int, crc uint32) {
	if n != f.length || f.shift == 0 {
		f.length, f.shift = n, powerOfX(8*uint64(n))
	}
	f.crc = multiply(f.shift, f.crc) ^ crc
}

// Polynomials over GF(2) modulo Castagnoli's, bit-reversed as in the sum: the
// top bit is x^0.
const (
	polynomial = crc32.Castagnoli
	one        = 1 << 31
)

func multiply(a, b uint32) (product uint32) {
	for ; a != 0; a <<= 1 {
		product ^= b & -(a >> 31)
		b = b>>1 ^ polynomial&-(b&1)
	}
	return product
}

func powerOfX(n uint64) uint32 {
	result, square := uint32(one), uint32(one>>1)
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			result = multiply(square, result)
		}
		square = multiply(square, square)
	}
	return result
}
