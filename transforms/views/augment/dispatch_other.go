//go:build !amd64

package augment

func detect() level { return portable }

func (t *taps) rows(dst []float32, stride int, src []uint8, pitch, n int) {
	t.rowsPortable(dst, stride, src, pitch, n)
}

func (v *Renderer) weighView(y, n, width, stride, mask int) {
	v.weighViewPortable(y, n, width, stride, mask)
}

func (p *program) run(r, g, b []float32, n int) { p.runPortable(r, g, b, n) }

func addUp(sum *[lanes]float64, x []float32) { addUpPortable(sum, x) }

func blur(dst, src []float32, at, n, stride int, kernel []float32) {
	blurPortable(dst, src, at, n, stride, kernel)
}

func quantize(dst []uint8, r, g, b []float32) { quantizePortable(dst, r, g, b) }
