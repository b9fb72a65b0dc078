package tfrecord

import (
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
