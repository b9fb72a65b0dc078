package cpu

import "github.com/retort-ml/retort/model/backend/cpu/internal/kernels"

// Instructions names the instruction set that the kernels use: "avx512",
// "avx2", "neon" or "portable". It is the best that the processor and the operating
// system support, or the one that the environment variable RETORT_CPU_ISA asks
// for.
func Instructions() string { return kernels.Info().ISA }

// PeakGFLOPS measures what the machine can do at most on the given number of
// cores, in 10⁹ floating-point operations a second: loops of independent fused
// multiply-adds with the same instructions, the best of three. It takes about
// 150 ms.
func PeakGFLOPS(cores int) float64 {
	best := 0.0
	for range 3 {
		best = max(best, kernels.PeakGFLOPS(cores))
	}
	return best
}
