package imagefile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/gif"
	"image/png"
	"io"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/webp"
)

// header is what is known before decoding.
type header struct {
	format        Format
	width, height int // as stored
	orientation   orientation
}

// size is the upright width and height.
func (h header) size() (width, height int) {
	if h.orientation.swaps() {
		return h.height, h.width
	}
	return h.width, h.height
}

// readHeader recognises the format and reads size and orientation.
func readHeader(data []byte) (header, error) {
	h := header{format: sniff(data[:min(sniffLen, len(data))]), orientation: upright}
	var config image.Config
	var err error
	switch h.format {
	case JPEG:
		if err := jpegHeader(data, &h); err != nil {
			return h, err
		}
		return h, nil
	case PNG:
		config, err = png.DecodeConfig(bytes.NewReader(data))
		h.orientation = pngOrientation(data)
	case WebP:
		if n := int64(binary.LittleEndian.Uint32(data[4:])) + 8; n > int64(len(data)) {
			return h, reject(Truncated, "webp: %d bytes of %d", len(data), n)
		}
		if err := animated(data); err != nil {
			return h, err
		}
		config, err = webp.DecodeConfig(bytes.NewReader(data))
		h.orientation = webpOrientation(data)
	case GIF:
		config, err = gif.DecodeConfig(bytes.NewReader(data))
	case BMP:
		config, err = bmp.DecodeConfig(bytes.NewReader(data))
	default:
		return h, unknown(h.format, data)
	}
	if err != nil {
		return h, classify(h.format, err)
	}
	h.width, h.height = config.Width, config.Height
	if h.width <= 0 || h.height <= 0 {
		return h, reject(Corrupt, "%s: %d x %d pixels", h.format, h.width, h.height)
	}
	return h, plausible(h, data)
}

// unknown explains bytes that no decoder wants.
func unknown(f Format, data []byte) error {
	switch {
	case len(data) == 0:
		return reject(Empty, "zero bytes")
	case f != "":
		return reject(Unsupported, "%s is not decoded; convert it to JPEG or PNG", f)
	case len(data) < sniffLen:
		return reject(Truncated, "only %d bytes", len(data))
	case len(bytes.Trim(data, "\x00")) == 0:
		return reject(Corrupt, "all %d bytes are zero", len(data))
	}
	return reject(Unsupported, "no known image format; the first bytes are % x", data[:min(8, len(data))])
}

// classify turns a decoder's error into a reason.
func classify(f Format, err error) error {
	var q *QuarantineError
	if errors.As(err, &q) {
		return q
	}
	text := err.Error()
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF),
		strings.Contains(text, "unexpected EOF"), strings.Contains(text, "not enough"),
		strings.Contains(text, "short"), strings.Contains(text, "too short"):
		return reject(Truncated, "%s: %s", f, text)
	case errors.Is(err, bmp.ErrUnsupported), isUnsupported(err):
		return reject(Unsupported, "%s: %s", f, text)
	}
	return reject(Corrupt, "%s: %s", f, text)
}

func isUnsupported(err error) bool {
	var p png.UnsupportedError
	return errors.As(err, &p)
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

// plausible rejects headers that claim far more pixels than the bytes behind
// them could hold, before memory is spent on the claim: deflate packs at most
// 1032 to 1, BMP not at all.
func plausible(h header, data []byte) error {
	least := int64(0)
	switch h.format {
	case PNG:
		if len(data) >= 26 {
			bits := int64(data[24]) * []int64{1, 0, 3, 1, 2, 0, 4, 0}[data[25]&7]
			least = int64(h.height) * (1 + (int64(h.width)*bits+7)/8) / 1032
		}
	case BMP:
		if len(data) >= 30 {
			bits := int64(binary.LittleEndian.Uint16(data[28:]))
			least = int64(h.height) * ((int64(h.width)*bits + 7) / 8)
		}
	}
	if least > int64(len(data)) {
		return reject(Truncated, "%s: %d bytes cannot hold %d x %d pixels", h.format, len(data), h.width, h.height)
	}
	return nil
}
