package jpeg

// Row kernels, portable. near and far start one sample before the first wanted.

// upsampleHGeneric is libjpeg's h2v1 fancy upsampling: 3/4 the nearer sample,
// 1/4 the further, rounding alternately down and up.
func upsampleHGeneric(dst, near []byte, n int) {
	for i := range n {
		l, c, r := int(near[i]), 3*int(near[i+1]), int(near[i+2])
		dst[2*i], dst[2*i+1] = byte((c+l+1)>>2), byte((c+r+2)>>2)
	}
}

// upsampleHVGeneric is h2v2 fancy upsampling: weights 9, 3, 3, 1 of 16.
func upsampleHVGeneric(dst, near, far []byte, n int) {
	for i := range n {
		l := 3*int(near[i]) + int(far[i])
		c := 3 * (3*int(near[i+1]) + int(far[i+1]))
		r := 3*int(near[i+2]) + int(far[i+2])
		dst[2*i], dst[2*i+1] = byte((c+l+8)>>4), byte((c+r+7)>>4)
	}
}

// halvedRowGeneric is upsampleHVGeneric of both chroma components, whose near and far
// rows are given, and yccRowGeneric in one. The offsets that even and odd pixels'
// sums are rounded by have the level shift in them: with those of alongOffsets, and
// far as near, it is upsampleHGeneric.
func halvedRowGeneric(dst, y, cbNear, cbFar, crNear, crFar []byte, even, odd int16, n int) {
	chroma := func(near, far []byte, x int) int32 {
		sum := func(i int) int { return 3*int(near[i]) + int(far[i]) }
		i, side, offset := x/2, x/2, int(even)
		if x%2 == 1 {
			side, offset = i+2, int(odd)
		}
		return int32((3*sum(i+1) + sum(side) + offset) >> 4)
	}
	for x := range n {
		yccPixel(dst[3*x:3*x+3], int32(y[x]), chroma(cbNear, cbFar, x), chroma(crNear, crFar, x))
	}
}

// bothOffsets and alongOffsets are what halvedRow adds to even and odd pixels' sums:
// for chroma halved both ways, and along rows only.
var (
	bothOffsets  = [2]int16{8 - 16*128, 7 - 16*128}
	alongOffsets = [2]int16{4 - 16*128, 8 - 16*128}
)

// upsampleV is h1v2 fancy upsampling; odd is the parity of the output row.
func upsampleV(dst, near, far []byte, n, odd int) {
	for i := range n {
		dst[i] = byte((3*int(near[i]) + int(far[i]) + 1 + odd) >> 2)
	}
}

func grayRow(dst, y []byte, n int) {
	for x, v := range y[:n] {
		dst[3*x], dst[3*x+1], dst[3*x+2] = v, v, v
	}
}

// yccRowGeneric is JFIF's conversion in libjpeg's 16-bit fixed point.
func yccRowGeneric(dst, y, cb, cr []byte, n int) {
	for x := range n {
		yccPixel(dst[3*x:3*x+3], int32(y[x]), int32(cb[x])-128, int32(cr[x])-128)
	}
}

// yccPixel converts a pixel, whose chroma is less 128.
func yccPixel(p []byte, l, b, r int32) {
	p[0] = clip(l + (91881*r+1<<15)>>16)
	p[1] = clip(l + (-22554*b-46802*r+1<<15)>>16)
	p[2] = clip(l + (116130*b+1<<15)>>16)
}

func clip(v int32) byte { return byte(max(0, min(255, v))) }
