package crc32c

import "golang.org/x/sys/cpu"

// Variables, so that tests can hold the twins together.
var (
	useFold   = cpu.X86.HasSSE42 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512VPCLMULQDQ
	useThirds = cpu.X86.HasSSE42
)

var (
	// foldBy moves 128 bits by a step, by half of one and by a quarter.
	foldBy         = [3][2]uint64{foldFactors(foldStep), foldFactors(foldStep / 2), foldFactors(foldStep / 4)}
	shiftThird     = powerOfX(8 * third)
	shiftTwoThirds = powerOfX(2 * 8 * third)
)

// foldFactors move 128 bits by n bytes: what their low half, which is farther from
// the end by 64 bits, and their high half are multiplied by. A product of reflected
// polynomials comes out multiplied by x.
func foldFactors(n uint64) [2]uint64 {
	return [2]uint64{uint64(powerOfX(8*n+64-1)) << 32, uint64(powerOfX(8*n-1)) << 32}
}

// foldSum adds n bytes, a multiple of foldStep, to a register of the CRC.
//
//go:noescape
func foldSum(src *byte, n int, state uint32, by *[3][2]uint64) uint32

// foldCopySum is foldSum, and copies.
//
//go:noescape
func foldCopySum(dst, src *byte, n int, state uint32, by *[3][2]uint64) uint32

// copyThirds copies 3*third bytes and returns the registers of the CRC of each
// third; that of the first begins with state, the others with 0.
//
//go:noescape
func copyThirds(dst, src *byte, state uint32) (a, b, c uint32)

// wordSum is the sum of the 8 bytes of a word, the lowest first.
//
//go:noescape
func wordSum(word uint64) uint32

func fold(crc uint32, p []byte) uint32 { return ^foldSum(&p[0], len(p), ^crc, &foldBy) }

func foldCopy(dst, src []byte, crc uint32) uint32 {
	return ^foldCopySum(&dst[0], &src[0], len(src), ^crc, &foldBy)
}

func thirdsCopy(dst, src []byte, crc uint32) uint32 {
	a, b, c := copyThirds(&dst[0], &src[0], ^crc)
	return ^(multiply(shiftTwoThirds, a) ^ multiply(shiftThird, b) ^ c)
}
