//go:build !amd64

package tfrecord

// Without a kernel for it, copySum copies and then sums.
const (
	sumThird     = 5376
	canSumThirds = false
)

func copySumThirds(dst, src []byte, crc uint32) uint32 { panic("not reached") }
