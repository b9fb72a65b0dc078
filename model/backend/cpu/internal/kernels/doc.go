// Package kernels holds the float32 compute kernels of the CPU engine: matrix
// multiplication, the three convolutions of training, batch normalisation,
// pooling, reductions and elementwise strips.
//
// Tensors are dense, row-major []float32; images are NHWC and convolution
// kernels HWIO. Kernels that see a whole tensor spread their work over
// internal/workpool; strip kernels (Add, Exp, …) are serial, for callers that
// cut a tensor into pieces themselves.
//
// Work is cut by shape alone and partial sums are combined in a fixed order,
// so a result is bit-identical for any number of threads. It may differ in the
// last bits from one instruction set to another. NaN and infinities propagate
// as IEEE 754 says.
//
// Slices of wrong length are a bug of the caller: kernels panic, naming the
// operand, its length and the length they want, before they touch anything.
package kernels

//go:generate go run -C _asm ./strips -out ../strips_amd64.s -stubs ../strips_amd64.go -pkg kernels
//go:generate go run -C _asm ./tiles -out ../tiles_amd64.s -stubs ../tiles_amd64.go -pkg kernels
//go:generate go run -C _asm ./quant -out ../quant_amd64.s -stubs ../quant_amd64.go -pkg kernels
