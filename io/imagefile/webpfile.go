package imagefile

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/image/webp"
)

func webpHeader(data []byte, h *header) error {
	if n := int64(binary.LittleEndian.Uint32(data[4:])) + 8; n > int64(len(data)) {
		return reject(Truncated, "webp: %d bytes of %d", len(data), n)
	}
	if err := animated(data); err != nil {
		return err
	}
	config, err := webp.DecodeConfig(bytes.NewReader(data))
	h.width, h.height, h.orientation = config.Width, config.Height, webpOrientation(data)
	return err
}

func decodeWebP(data []byte, h header, out *RGB) error {
	img, err := webp.Decode(bytes.NewReader(data))
	if err != nil {
		return err
	}
	return place(img, h, out)
}

// animated rejects WebP animations, which the decoder does not know.
func animated(data []byte) error {
	var err error
	webpChunks(data, func(id string, _ []byte) bool {
		if id == "ANIM" || id == "ANMF" {
			err = reject(Unsupported, "webp: an animation")
		}
		return err == nil
	})
	return err
}

// webpChunks calls visit with each chunk of a RIFF WebP file until it returns
// false.
func webpChunks(data []byte, visit func(id string, body []byte) bool) {
	for data = data[min(12, len(data)):]; len(data) >= 8; {
		n := uint64(binary.LittleEndian.Uint32(data[4:]))
		body := data[8:min(8+n, uint64(len(data)))]
		if !visit(string(data[:4]), body) || 8+n+n&1 >= uint64(len(data)) {
			return
		}
		data = data[8+n+n&1:]
	}
}

func webpOrientation(data []byte) orientation {
	o := upright
	webpChunks(data, func(id string, body []byte) bool {
		if id != "EXIF" {
			return true
		}
		if len(body) > 6 && string(body[:6]) == "Exif\x00\x00" {
			body = body[6:] // some writers keep JPEG's prefix
		}
		o = exifOrientation(body)
		return false
	})
	return o
}
