package augment

// The portable kernels: what every machine computes, and what the vector
// kernels must equal bit for bit.

// rowsPortable resizes n rows of packed RGB, pitch bytes apart, to three planes
// each, stride apart.
func (t *taps) rowsPortable(dst []float32, stride int, src []uint8, pitch, n int) {
	for y := range n {
		t.rowPortable(dst[3*y*stride:], stride, src[y*pitch:])
	}
}

// rowPortable resizes one row of packed RGB to three planes, stride apart.
func (t *taps) rowPortable(dst []float32, stride int, src []uint8) {
	red, green, blue := dst[:t.n], dst[stride:][:t.n], dst[2*stride:][:t.n]
	for i := range t.n {
		p := src[3*t.start[i]:][:12]
		w0, w1, w2, w3 := t.weight[0][i], t.weight[1][i], t.weight[2][i], t.weight[3][i]
		red[i] = weigh(w0, w1, w2, w3, float32(p[0]), float32(p[3]), float32(p[6]), float32(p[9]))
		green[i] = weigh(w0, w1, w2, w3, float32(p[1]), float32(p[4]), float32(p[7]), float32(p[10]))
		blue[i] = weigh(w0, w1, w2, w3, float32(p[2]), float32(p[5]), float32(p[8]), float32(p[11]))
	}
}

func weigh(w0, w1, w2, w3, a, b, c, d float32) float32 {
	return float32(w0*a) + float32(w1*b) + float32(w2*c) + float32(w3*d)
}

// weighViewPortable makes n rows of the view, from y on, each the weighted sum of
// four rows of the ring: of those from start on, modulo a power of two.
func (v *Renderer) weighViewPortable(y, n, width, stride, mask int) {
	for end := y + n; y < end; y++ {
		start := int(v.down.start[y])
		w := [4]float32{v.down.weight[0][y], v.down.weight[1][y], v.down.weight[2][y], v.down.weight[3][y]}
		for c := range v.plane {
			var near [4][]float32
			for j := range near {
				near[j] = v.ring[(3*((start+j)&mask)+c)*stride:][:width]
			}
			weighRows(v.plane[c][y*width:][:width], &near, &w)
		}
	}
}

func weighRows(dst []float32, rows *[4][]float32, w *[4]float32) {
	a, b, c, d := rows[0][:len(dst)], rows[1][:len(dst)], rows[2][:len(dst)], rows[3][:len(dst)]
	for i := range dst {
		dst[i] = weigh(w[0], w[1], w[2], w[3], a[i], b[i], c[i], d[i])
	}
}

// blurPortable is one pass of the symmetric kernel over n samples that begin
// at src[at]; a neighbour is stride samples away.
func blurPortable(dst, src []float32, at, n, stride int, kernel []float32) {
	centre := src[at:][:n]
	for i, x := range centre {
		dst[i] = x * kernel[0]
	}
	for d := 1; d < len(kernel); d++ {
		w, above, below := kernel[d], src[at-d*stride:][:n], src[at+d*stride:][:n]
		for i := range n {
			dst[i] += float32((above[i] + below[i]) * w)
		}
	}
}

// quantize interleaves three planes of values in [0, 1] as 8-bit RGB.
func quantize(dst []uint8, r, g, b []float32) {
	for i := range r {
		dst[3*i] = toByte(r[i])
		dst[3*i+1] = toByte(g[i])
		dst[3*i+2] = toByte(b[i])
	}
}

// toByte rounds x*255 to the nearest integer, halves to even: at 1.5*2^23 a
// float32 has no fraction bits left.
func toByte(x float32) uint8 {
	const shift = 3 << 22
	return uint8(int32(float32(float32(x*255)+shift) - shift))
}
