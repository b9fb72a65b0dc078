package imagefile

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/image/bmp"
)

func bmpHeader(data []byte, h *header) error {
	config, err := bmp.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return err
	}
	h.width, h.height = config.Width, config.Height
	bits := int64(binary.LittleEndian.Uint16(data[28:]))
	return plausible(*h, data, int64(h.height)*((int64(h.width)*bits+7)/8))
}

func decodeBMP(data []byte, h header, out *RGB) error {
	img, err := bmp.Decode(bytes.NewReader(data))
	if err != nil {
		return err
	}
	return place(img, h, out)
}
