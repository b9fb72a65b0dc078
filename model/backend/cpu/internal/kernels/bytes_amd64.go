package kernels

import "golang.org/x/sys/cpu"

var vnniBytes = byteKernels{narrow: gatherVNNI12x1, wide: gatherVNNI12x2, bytes: bytesVNNI, largest: largestVNNI}

// byteKernels are those of an instruction set: without VNNI they are portable Go.
func (s *isa) byteKernels() *byteKernels {
	if s == &avx512 && cpu.X86.HasAVX512VNNI {
		return &vnniBytes
	}
	return &portableBytes
}
