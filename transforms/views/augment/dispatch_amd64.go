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

// rows resizes n rows of packed RGB, pitch bytes apart, to three planes each,
// stride apart. src has t.pixels.span bytes or more of the last one.
func (t *taps) rows(dst []float32, stride int, src []uint8, pitch, n int) {
	width, weights := len(t.start), cap(t.weight[0])
	_, _ = dst[3*(n-1)*stride+2*stride+width-1], src[(n-1)*pitch+t.pixels.span-1]
	switch {
	case instructions == avx512 && t.pixels.fits:
		resizeRowsAVX512(&dst[0], stride, width, &src[0], pitch, n, &t.pixels.base[0], (*[16]uint32)(t.pixels.sort), &t.weight[0][0], weights)
	case instructions != portable:
		resizeRowsAVX2(&dst[0], stride, width, &src[0], pitch, n, &t.pixels.offset[0], &t.weight[0][0], weights)
	default:
		t.rowsPortable(dst, stride, src, pitch, n)
	}
}

// weighView makes n rows of the view, from y on, out of rows of the ring.
func (v *Renderer) weighView(y, n, width, stride, mask int) {
	if instructions == portable {
		v.weighViewPortable(y, n, width, stride, mask)
		return
	}
	dst, start, weight := v.planes[y*width:], v.down.start[y:], v.down.weight[0][y:]
	_, _ = dst[2*v.apart+(n-1)*width+roundUp(width)-1], v.ring[3*(mask+1)*stride-1]
	_, _ = start[n-1], v.down.weight[3][y+n-1]
	if instructions == avx512 {
		weighViewAVX512(&dst[0], v.apart, width, n, &v.ring[0], stride, mask, &start[0], &weight[0], cap(v.down.weight[0]))
	} else {
		weighViewAVX2(&dst[0], v.apart, width, n, &v.ring[0], stride, mask, &start[0], &weight[0], cap(v.down.weight[0]))
	}
}

// runBlocks takes as many pixels through the program as fill the kernels' blocks,
// and says how many.
func (p *program) runBlocks(r, g, b []float32, sums *sums, bytes []uint8) int {
	n := len(r) &^ (2*lanes - 1)
	if n == 0 || instructions == portable {
		return 0
	}
	_, _ = g[n-1], b[n-1]
	for _, s := range p {
		if s.op == opBytes {
			_ = bytes[3*n-1]
		}
	}
	if instructions == avx512 {
		colourAVX512(&r[0], &g[0], &b[0], n, (*uint32)(&p[0].op), (*[3][16]float64)(sums), &bytes[0])
	} else {
		colourAVX2(&r[0], &g[0], &b[0], n, (*uint32)(&p[0].op), (*[3][16]float64)(sums), &bytes[0])
	}
	return n
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
