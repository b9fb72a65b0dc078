package imagefile

import (
	"image"
)

// decodeOther decodes everything but JPEG, whole and as stored, into out.
func decodeOther(data []byte, r *row, h header, out *RGB) (err error) {
	defer func() {
		// A decoder of foreign bytes: a panic in it must not end a run of a
		// million images.
		if p := recover(); p != nil {
			err = reject(Corrupt, "%s: the decoder failed: %v", h.format, p)
		}
	}()
	if err := r.decode(data, h, out); err != nil {
		return classify(h.format, err)
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
