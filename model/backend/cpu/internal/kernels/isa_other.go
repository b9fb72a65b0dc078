//go:build !amd64 && !arm64

package kernels

// supported lists the sets that this machine can run, best first.
func supported() []*isa { return []*isa{&portable} }
