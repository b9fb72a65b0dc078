package tfrecord

import (
	"bytes"
	"hash/crc32"
	"math/rand/v2"
	"testing"
)

func TestFileCRCJoins(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var f fileCRC
	var file []byte
	for _, n := range []int{0, 12, 5000, 5000, 5000, 4, 70_000, 5000, 5000, 0, 70_000, 70_000, 1, 100_000, 2048, 2048, 2047, 2047} {
		part := make([]byte, n)
		for i := range part {
			part[i] = byte(rng.Uint32())
		}
		file = append(file, part...)
		f.join(part, crc(part))
		if f.crc != crc(file) {
			t.Fatalf("after a part of %d bytes: %x, want %x", n, f.crc, crc(file))
		}
	}
}

func TestCopySum(t *testing.T) {
	src := viewLike(100_000)
	for _, offset := range []int{0, 1, 7, 16} {
		for _, n := range []int{0, 1, 3*sumThird - 1, 3 * sumThird, 3*sumThird + 1, sumChunk, 6 * sumThird, 70_001, len(src) - offset} {
			part, dst := src[offset:offset+n], make([]byte, n+1)
			got, want := copySum(dst, part, 0x12345678), crc32.Update(0x12345678, castagnoli, part)
			if got != want || !bytes.Equal(dst[:n], part) || dst[n] != 0 {
				t.Errorf("%d bytes from %d: sum %#x, want %#x", n, offset, got, want)
			}
		}
	}
}
