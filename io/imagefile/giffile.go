package imagefile

import (
	"bytes"
	"image"
	"image/gif"
)

func gifHeader(data []byte, h *header) error {
	config, err := gif.DecodeConfig(bytes.NewReader(data))
	h.width, h.height = config.Width, config.Height
	return err
}

// decodeGIF decodes the first frame, which may be smaller than its canvas.
func decodeGIF(data []byte, h header, out *RGB) error {
	img, err := gif.Decode(bytes.NewReader(data))
	if err != nil {
		return err
	}
	if !img.Bounds().In(image.Rect(0, 0, h.width, h.height)) {
		return reject(Corrupt, "gif: the header says %d x %d pixels, the image has %v", h.width, h.height, img.Bounds())
	}
	white(h, out)
	return convert(img, out)
}
