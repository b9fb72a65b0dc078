package augment

import "golang.org/x/sys/cpu"

func detect() level {
	x := &cpu.X86
	switch {
	case x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL && x.HasAVX512VBMI && x.HasAVX2:
		return avx512
	case x.HasAVX2:
		return avx2
	}
	return portable
}

// The kernels handle whole registers: every float slice here has lanes samples
// of slack past the n that count.

// row resizes one row of packed RGB to three planes, stride apart. src has
// t.pixels.span bytes or more.
func (t *taps) row(dst []float32, stride int, src []uint8) {
	n := len(t.start)
	_, _ = dst[2*stride+n-1], src[t.pixels.span-1]
	weights := cap(t.weight[0])
	switch {
	case instructions == avx512 && t.pixels.fits:
		resizeRowAVX512(&dst[0], stride, n, &src[0], &t.pixels.base[0], (*[16]uint32)(t.pixels.sort), &t.weight[0][0], weights)
	case instructions != portable:
		resizeRowAVX2(&dst[0], stride, n, &src[0], &t.pixels.offset[0], &t.weight[0][0], weights)
	default:
		t.rowPortable(dst, stride, src)
	}
}

// weighRows sets n samples of dst to the weighted sum of four rows.
func weighRows(dst, a, b, c, d []float32, n int, w *[4]float32) {
	if instructions == portable {
		weighRowsPortable(dst, a, b, c, d, n, w)
		return
	}
	m := roundUp(n)
	_, _, _, _, _ = dst[m-1], a[m-1], b[m-1], c[m-1], d[m-1]
	if instructions == avx512 {
		weighRowsAVX512(&dst[0], &a[0], &b[0], &c[0], &d[0], n, w)
	} else {
		weighRowsAVX2(&dst[0], &a[0], &b[0], &c[0], &d[0], n, w)
	}
}

// run takes n pixels of three planes through the program.
func (p *program) run(r, g, b []float32, n int) {
	if p[0].op == opEnd {
		return
	}
	if instructions == portable {
		p.runPortable(r, g, b, n)
		return
	}
	m := roundUp(n)
	_, _, _ = r[m-1], g[m-1], b[m-1]
	if instructions == avx512 {
		colourAVX512(&r[0], &g[0], &b[0], n, (*uint32)(&p[0].op))
	} else {
		colourAVX2(&r[0], &g[0], &b[0], n, (*uint32)(&p[0].op))
	}
}

// addUp adds x, a multiple of lanes, to the partial sums.
func addUp(sum *[lanes]float64, x []float32) {
	switch {
	case len(x) == 0:
	case instructions == avx512:
		addUpAVX512(sum, &x[0], len(x))
	case instructions == avx2:
		addUpAVX2(sum, &x[0], len(x))
	default:
		addUpPortable(sum, x)
	}
}

// blur is one pass of the symmetric kernel over n samples that begin at
// src[at]; a neighbour is stride samples away.
func blur(dst, src []float32, at, n, stride int, kernel []float32) {
	if instructions == portable {
		blurPortable(dst, src, at, n, stride, kernel)
		return
	}
	radius := len(kernel) - 1
	_, _, _ = dst[roundUp(n)-1], src[at-radius*stride], src[at+radius*stride+roundUp(n)-1]
	if instructions == avx512 {
		blurAVX512(&dst[0], &src[at], n, stride, &kernel[0], radius)
	} else {
		blurAVX2(&dst[0], &src[at], n, stride, &kernel[0], radius)
	}
}

// quantize interleaves three planes of values in [0, 1] as 8-bit RGB: as many
// pixels as dst holds.
func quantize(dst []uint8, r, g, b []float32) {
	n := len(dst) / 3
	r, g, b = r[:n], g[:n], b[:n]
	// The kernels write past their last pixel: the portable code does the end.
	head := 0
	if instructions != portable && n > lanes {
		head = (n - lanes/2) / lanes * lanes
	}
	switch {
	case head == 0:
	case instructions == avx512:
		quantizeAVX512(&dst[0], &r[0], &g[0], &b[0], head)
	default:
		quantizeAVX2(&dst[0], &r[0], &g[0], &b[0], head)
	}
	quantizePortable(dst[3*head:], r[head:], g[head:], b[head:])
}

func roundUp(n int) int { return (n + lanes - 1) / lanes * lanes }
