package imagefile

import "image"

// Lossy WebP stores BT.601 in video range (Y from 16 to 235), unlike the JFIF
// range that image.YCbCr's own conversion assumes, and its chroma is meant to
// be interpolated with weights 9, 3, 3, 1. Both follow RFC 6386 section 9.2 and
// libwebp's fixed-point arithmetic.

// webpRow converts row y of a 4:2:0 image, with alpha if not nil.
func webpRow(img *image.YCbCr, y int, alpha, out []uint8) {
	width, height := img.Rect.Dx(), img.Rect.Dy()
	near := y / 2
	far := near - 1 + 2*(y&1) // the chroma row on the other side of y
	far = max(0, min(far, (height+1)/2-1))
	cb0, cr0 := img.Cb[near*img.CStride:], img.Cr[near*img.CStride:]
	cb1, cr1 := img.Cb[far*img.CStride:], img.Cr[far*img.CStride:]
	last := (width+1)/2 - 1
	for x := range width {
		i := x / 2
		j := max(0, min(i-1+2*(x&1), last))
		u := interpolate(cb0[i], cb0[j], cb1[i], cb1[j])
		v := interpolate(cr0[i], cr0[j], cr1[i], cr1[j])
		p := out[3*x : 3*x+3]
		webpRGB(int(img.Y[y*img.YStride+x]), u, v, p)
		if alpha != nil && alpha[x] != 255 {
			put(p, over(p[0], alpha[x]), over(p[1], alpha[x]), over(p[2], alpha[x]))
		}
	}
}

// interpolate weighs the nearest chroma sample 9, its neighbours across (h) and
// along (v) 3 and the diagonal 1, in sixteenths, rounded in libwebp's two steps.
func interpolate(near, h, v, diagonal uint8) int {
	n, d := int(near), int(diagonal)
	sum := n + int(h) + int(v) + d + 8
	return ((sum+2*(int(h)+int(v)))>>3 + n) >> 1
}

func webpRGB(y, u, v int, out []uint8) {
	luma := y * 19077 >> 8
	out[0] = clip6(luma + v*26149>>8 - 14234)
	out[1] = clip6(luma - u*6419>>8 - v*13320>>8 + 8708)
	out[2] = clip6(luma + u*33050>>8 - 17685)
}

// clip6 drops six fraction bits and clips to a byte.
func clip6(v int) uint8 { return uint8(max(0, min(255, v>>6))) }
