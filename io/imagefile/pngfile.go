package imagefile

import (
	"bytes"
	"encoding/binary"
	"image/png"
)

func pngHeader(data []byte, h *header) error {
	config, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return err
	}
	h.width, h.height, h.orientation = config.Width, config.Height, pngOrientation(data)
	// Deflate packs at most 1032 to 1: memory is not spent on a claim beyond it.
	bits := int64(data[24]) * []int64{1, 0, 3, 1, 2, 0, 4, 0}[data[25]&7]
	return plausible(*h, data, int64(h.height)*(1+(int64(h.width)*bits+7)/8)/1032)
}

func decodePNG(data []byte, h header, out *RGB) error {
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return err
	}
	return place(img, h, out)
}

// pngOrientation finds the eXIf chunk before the image data.
func pngOrientation(data []byte) orientation {
	for data = data[min(8, len(data)):]; len(data) >= 12; {
		n := uint64(binary.BigEndian.Uint32(data))
		if n+12 > uint64(len(data)) {
			break
		}
		switch string(data[4:8]) {
		case "eXIf":
			return exifOrientation(data[8 : 8+n])
		case "IEND":
			return upright
		}
		data = data[n+12:]
	}
	return upright
}
