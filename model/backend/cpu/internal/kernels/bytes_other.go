//go:build !amd64

package kernels

// byteKernels are those of an instruction set.
func (s *isa) byteKernels() *byteKernels { return &portableBytes }
