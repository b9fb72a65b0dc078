package report

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/png"
	"io"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// salvagePNG decodes the rows before the damage: the pixel data are inflated as
// far as they go, filled up with zeros and put into a PNG of their own.
// Interlaced images are left alone: their rows come in no order.
func salvagePNG(data []byte) image.Image {
	head, rest, pixels := pngParts(data)
	if len(head) < 13 || head[12] != 0 {
		return nil
	}
	z, err := zlib.NewReader(bytes.NewReader(pixels))
	if err != nil {
		return nil
	}
	width, height := int(binary.BigEndian.Uint32(head)), int(binary.BigEndian.Uint32(head[4:]))
	row := 1 + (width*int(head[8])*[8]int{1, 0, 3, 1, 2, 0, 4, 0}[head[9]&7]+7)/8
	raw := make([]byte, row*height)
	n, _ := io.ReadFull(z, raw)
	rows := n / row
	if rows == 0 {
		return nil
	}
	clear(raw[rows*row:])
	img, err := png.Decode(bytes.NewReader(mended(head, rest, raw)))
	if err != nil {
		return nil
	}
	pix, w, h := packed(img)
	return grey(pix, w, h, min(rows, h))
}

// pngParts are the header, the palette with its transparency as whole chunks,
// and what is there of the pixel data. It stops at the first chunk that makes
// no sense; checksums are not looked at.
func pngParts(data []byte) (head, rest, pixels []byte) {
	data = bytes.TrimPrefix(data, []byte(pngSignature))
	for len(data) >= 8 {
		n, kind := int(binary.BigEndian.Uint32(data)), string(data[4:8])
		body := data[8:]
		whole := n <= len(body)
		body = body[:min(n, len(body))]
		switch {
		case kind == "IHDR" && whole:
			head = body
		case (kind == "PLTE" || kind == "tRNS") && whole:
			rest = append(rest, pngChunk(kind, body)...)
		case kind == "IDAT":
			pixels = append(pixels, body...)
		}
		if !whole || len(data) < 12+n {
			break
		}
		data = data[12+n:]
	}
	return head, rest, pixels
}

func mended(head, rest, raw []byte) []byte {
	var z bytes.Buffer
	w, _ := zlib.NewWriterLevel(&z, zlib.BestSpeed)
	_, _ = w.Write(raw) // a Buffer takes everything
	_ = w.Close()
	out := append([]byte(pngSignature), pngChunk("IHDR", head)...)
	out = append(out, rest...)
	out = append(out, pngChunk("IDAT", z.Bytes())...)
	return append(out, pngChunk("IEND", nil)...)
}

func pngChunk(kind string, body []byte) []byte {
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	chunk = append(append(chunk, kind...), body...)
	return binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
}
