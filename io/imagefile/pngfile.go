package imagefile

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/png"
)

func pngHeader(data []byte, h *header) error {
	config, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		mended, notes, err := mendPNG(data, err, false)
		if err != nil {
			return err
		}
		if config, err = png.DecodeConfig(bytes.NewReader(mended)); err != nil {
			return err
		}
		h.note(notes)
	}
	h.width, h.height, h.orientation = config.Width, config.Height, pngOrientation(data)
	return plausible(*h, data, pngBytes(*h, data[24], data[25])/deflateMost)
}

// deflateMost is how many bytes deflate makes of one at most: memory is not
// spent on a claim beyond it.
const deflateMost = 1032

// pngBytes is how many bytes the rows have together, at least.
func pngBytes(h header, depth, colour byte) int64 {
	return int64(h.height) * (1 + (int64(h.width)*pngBits(depth, colour)+7)/8)
}

func pngBits(depth, colour byte) int64 {
	return int64(depth) * [8]int64{1, 0, 3, 1, 2, 0, 4, 0}[colour&7]
}

func decodePNG(data []byte, h header, out *RGB) error {
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		mended, notes, err := mendPNG(data, err, true)
		if err != nil {
			return err
		}
		if img, err = png.Decode(bytes.NewReader(mended)); err != nil {
			return err
		}
		h.note(notes)
	}
	forgetColourKey(img, data)
	return place(img, h, out)
}

// forgetColourKey takes back that one colour is transparent where neither Pillow
// nor OpenCV heeds it: 16 bits a sample, and gray of 2 or 4 but black.
func forgetColourKey(img image.Image, data []byte) {
	depth, colour := data[24], data[25]
	switch img := img.(type) {
	case *image.NRGBA64:
		for i := 0; colour&4 == 0 && i < len(img.Pix); i += 8 {
			img.Pix[i+6], img.Pix[i+7] = 0xff, 0xff
		}
	case *image.NRGBA:
		for i := 0; colour == 0 && (depth == 2 || depth == 4) && i < len(img.Pix); i += 4 {
			if img.Pix[i] != 0 {
				img.Pix[i+3] = 0xff
			}
		}
	}
}

// pngChunks calls visit with the name and body of each chunk, and the whole of
// it, until it returns false.
func pngChunks(data []byte, visit func(id string, body, whole []byte) bool) {
	for data = data[min(8, len(data)):]; len(data) >= 12; {
		n := uint64(binary.BigEndian.Uint32(data))
		if n+12 > uint64(len(data)) || !visit(string(data[4:8]), data[8:8+n], data[:12+n]) {
			return
		}
		data = data[12+n:]
	}
}
