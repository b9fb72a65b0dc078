package tfrecord

import "golang.org/x/sys/cpu"

// sumThird is how many bytes each of the three sums of copyThirds covers: the
// instruction takes three cycles, and one that does not wait for it starts in
// each of them.
const sumThird = 5376

var (
	canSumThirds = cpu.X86.HasSSE42

	shiftThird     = powerOfX(8 * sumThird)
	shiftTwoThirds = powerOfX(2 * 8 * sumThird)
)

// copyThirds copies 3*sumThird bytes and returns the registers of the CRC of
// each third; that of the first begins with state, the others with 0.
//
//go:noescape
func copyThirds(dst, src *byte, state uint32) (a, b, c uint32)

// copySumThirds is copySum for 3*sumThird bytes, in one pass over them: summing
// hides behind waiting for memory.
func copySumThirds(dst, src []byte, crc uint32) uint32 {
	_, _ = dst[3*sumThird-1], src[3*sumThird-1]
	a, b, c := copyThirds(&dst[0], &src[0], ^crc)
	return ^(multiply(shiftTwoThirds, a) ^ multiply(shiftThird, b) ^ c)
}
