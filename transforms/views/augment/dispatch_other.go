//go:build !amd64

package augment

func detect() level { return portable }

func (t *taps) rows(dst []float32, stride int, src []uint8, pitch, n int) {
	t.rowsPortable(dst, stride, src, pitch, n)
}

func (v *Renderer) weighView(y, n, width, stride, mask int) {
	v.weighViewPortable(y, n, width, stride, mask)
}

func (p *program) runBlocks([]float32, []float32, []float32, *sums, []uint8) int { return 0 }

func blur(dst, src []float32, at, n, stride int, kernel []float32) {
	blurPortable(dst, src, at, n, stride, kernel)
}
