package imagefile

import "image"

// guard calls a decoder of foreign bytes: a panic in it must not end a run of a
// million images.
func guard(f Format, decode func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = reject(Corrupt, "%s: the decoder failed: %v", f, p)
		}
	}()
	if err := decode(); err != nil {
		return classify(f, err)
	}
	return nil
}

// place converts img, which the header describes, into out.
func place(img image.Image, h header, out *RGB) error {
	if b := img.Bounds(); b != image.Rect(0, 0, h.width, h.height) {
		return reject(Corrupt, "%s: the header says %d x %d pixels, the image has %v", h.format, h.width, h.height, b)
	}
	out.resize(h.width, h.height)
	return convert(img, out)
}

// white makes out a blank canvas of the header's size.
func white(h header, out *RGB) {
	out.resize(h.width, h.height)
	for i := range out.Pix {
		out.Pix[i] = 255
	}
}
