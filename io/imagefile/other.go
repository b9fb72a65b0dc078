package imagefile

import (
	"bytes"
	"fmt"
	"image"
	"image/gif"
	"image/png"

	"golang.org/x/image/bmp"
	"golang.org/x/image/webp"
)

// decodeOther decodes everything but JPEG, whole and as stored, into out.
func decodeOther(data []byte, h header, out *RGB) (err error) {
	defer func() {
		// A decoder of foreign bytes that is not ours: a panic in it must not
		// end a run of a million images.
		if p := recover(); p != nil {
			err = reject(Corrupt, "%s: the decoder failed: %v", h.format, p)
		}
	}()
	var img image.Image
	r := bytes.NewReader(data)
	switch h.format {
	case PNG:
		img, err = png.Decode(r)
	case WebP:
		img, err = webp.Decode(r)
	case GIF:
		img, err = gif.Decode(r)
	case BMP:
		img, err = bmp.Decode(r)
	default:
		err = fmt.Errorf("no decoder")
	}
	if err != nil {
		return classify(h.format, err)
	}
	out.resize(h.width, h.height)
	b := img.Bounds()
	if b != image.Rect(0, 0, h.width, h.height) {
		if h.format != GIF || !b.In(image.Rect(0, 0, h.width, h.height)) {
			return reject(Corrupt, "%s: the header says %d x %d pixels, the image has %v", h.format, h.width, h.height, b)
		}
		for i := range out.Pix { // a frame smaller than its canvas
			out.Pix[i] = 255
		}
	}
	return convert(img, out)
}
