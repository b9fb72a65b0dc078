package imagefile

import (
	"fmt"
	"image"
)

// window is the part of an image that is wanted, at its scale.
type window struct {
	scale         int
	width, height int             // of the whole upright image at that scale
	rect          image.Rectangle // the part wanted, in pixels of that
}

func newWindow(h header, region image.Rectangle, s int) (window, error) {
	w := window{scale: s}
	if s != 1 && s != 2 && s != 4 && s != 8 {
		return w, fmt.Errorf("decoding: Scale = %d; want 1, 2, 4 or 8", s)
	}
	fullW, fullH := h.size()
	w.width, w.height = ceilDiv(fullW, s), ceilDiv(fullH, s)
	full := image.Rect(0, 0, fullW, fullH)
	want := region
	if region = full; want != (image.Rectangle{}) {
		region = want.Intersect(full)
	}
	if region.Empty() {
		return w, fmt.Errorf("decoding: Region %v lies outside the image of %d x %d pixels", want, fullW, fullH)
	}
	w.rect = image.Rect(region.Min.X/s, region.Min.Y/s, ceilDiv(region.Max.X, s), ceilDiv(region.Max.Y, s))
	return w, nil
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

func (w window) whole() bool {
	return w.scale == 1 && w.rect == image.Rect(0, 0, w.width, w.height)
}

// stored is the wanted part in pixels of the image before it is turned
// upright.
func (w window) stored(o orientation) image.Rectangle {
	storedW, storedH := w.width, w.height
	if o.swaps() {
		storedW, storedH = storedH, storedW
	}
	ax, ay := o.source(w.rect.Min.X, w.rect.Min.Y, storedW, storedH)
	bx, by := o.source(w.rect.Max.X-1, w.rect.Max.Y-1, storedW, storedH)
	return image.Rect(min(ax, bx), min(ay, by), max(ax, bx)+1, max(ay, by)+1)
}

// cut takes the window out of the whole upright image.
func (w window) cut(img, into *RGB) {
	if into == img {
		return
	}
	if w.whole() {
		*into = RGB{Pix: append(into.Pix[:0], img.Pix...), Width: img.Width, Height: img.Height}
		return
	}
	into.resize(w.rect.Dx(), w.rect.Dy())
	for y := range into.Height {
		row := into.Pix[3*y*into.Width:][:3*into.Width]
		if w.scale == 1 {
			copy(row, img.Pix[3*((y+w.rect.Min.Y)*img.Width+w.rect.Min.X):])
			continue
		}
		for x := range into.Width {
			box(img, row[3*x:3*x+3], (x+w.rect.Min.X)*w.scale, (y+w.rect.Min.Y)*w.scale, w.scale)
		}
	}
}

// box averages the scale x scale pixels at (x0, y0), fewer at the far edges.
func box(img *RGB, out []uint8, x0, y0, scale int) {
	x1, y1 := min(x0+scale, img.Width), min(y0+scale, img.Height)
	var sum [3]int
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			p := img.Pix[3*(y*img.Width+x):]
			sum[0] += int(p[0])
			sum[1] += int(p[1])
			sum[2] += int(p[2])
		}
	}
	n := (x1 - x0) * (y1 - y0)
	for c := range out {
		out[c] = uint8((sum[c] + n/2) / n)
	}
}

func (img *RGB) resize(width, height int) {
	n := 3 * width * height
	if cap(img.Pix) < n {
		img.Pix = make([]uint8, n)
	}
	img.Pix, img.Width, img.Height = img.Pix[:n], width, height
}
