package kernels

import (
	"fmt"
	"testing"
)

// BenchmarkTile is a micro-kernel on one core, its operands in the first-level
// cache.
func BenchmarkTile(b *testing.B) {
	peak := PeakGFLOPS(1)
	for _, t := range active.tiles {
		for _, depth := range []int{48, 192} {
			a, panel, c := make([]float32, 1<<15), make([]float32, 3*depth*t.cols), make([]float32, active.rows*t.cols)
			var aoff, coff [maxRows]int
			for i := range active.rows {
				aoff[i], coff[i] = i*depth/3, i*t.cols
			}
			taps := []int{0, 1000, 2000}
			flops := 2 * float64(active.rows*t.cols) * float64(3*depth)
			b.Run(fmt.Sprintf("gather/%dx%d/depth%d", active.rows, t.cols, 3*depth), func(b *testing.B) {
				for b.Loop() {
					t.gather(&c[0], &coff[0], &a[0], &aoff[0], &taps[0], 3, depth, &panel[0], 0, nil)
				}
				report(b, flops, peak)
			})
			b.Run(fmt.Sprintf("outer/%dx%d/depth%d", active.rows, t.cols, 3*depth), func(b *testing.B) {
				for b.Loop() {
					t.outer(&c[0], &coff[0], &a[0], &taps[0], 3, depth, 16, &panel[0], t.cols, 0)
				}
				report(b, flops, peak)
			})
		}
	}
}
