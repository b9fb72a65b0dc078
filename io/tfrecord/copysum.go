package tfrecord

import "hash/crc32"

// sumChunk is what copySum copies before it sums the copy, which is still in the
// first-level cache then. Data that come from memory are copied at twice the
// speed that they are summed with.
const sumChunk = 16 << 10

// copySum copies src to dst, which has room for it, and adds it to crc.
func copySum(dst, src []byte, crc uint32) uint32 {
	for len(src) > 0 {
		n := 0
		if len(src) >= 3*sumThird && canSumThirds {
			n, crc = 3*sumThird, copySumThirds(dst, src, crc)
		} else {
			n = copy(dst, src[:min(len(src), sumChunk)])
			crc = crc32.Update(crc, castagnoli, dst[:n])
		}
		dst, src = dst[n:], src[n:]
	}
	return crc
}
