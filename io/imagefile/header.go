package imagefile

import (
	"bytes"
	"errors"
	"image/png"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// header is what is known before decoding.
type header struct {
	format        Format
	width, height int // as stored
	orientation   orientation
	lenient       *Lenient // takes what was read leniently; nil: nobody asked
}

// size is the upright width and height.
func (h header) size() (width, height int) {
	if h.orientation.swaps() {
		return h.height, h.width
	}
	return h.width, h.height
}

// readHeader recognises the format and reads size and orientation.
func readHeader(data []byte, lenient *Lenient) (header, *row, error) {
	r := recognise(data[:min(sniffLen, len(data))], true)
	if !r.decoded() {
		return header{}, r, unknown(r, data)
	}
	h, err := header{format: r.format, orientation: upright, lenient: lenient}, error(nil)
	if r.format == JPEG {
		err = jpegHeader(data, &h)
	} else {
		h, err = guardedHeader(r, h, data)
	}
	if err != nil {
		return h, r, err
	}
	if h.width <= 0 || h.height <= 0 {
		return h, r, reject(Corrupt, "%s: %d x %d pixels", h.format, h.width, h.height)
	}
	return h, r, nil
}

// guardedHeader calls a reader that is found in the table, apart from
// readHeader: what it is given moves to the heap.
func guardedHeader(r *row, h header, data []byte) (header, error) {
	err := guard(r.format, func() error { return r.header(data, &h) })
	return h, err
}

// longestMagic is what every format is told by: shorter texts may be the beginning
// of one.
const longestMagic = 12

// shortest is less than the smallest image has.
const shortest = 22

// unknown explains bytes that no decoder wants.
func unknown(r *row, data []byte) error {
	switch {
	case len(data) == 0:
		return reject(Empty, "zero bytes")
	case r != nil:
		return reject(Unsupported, "%s is not decoded; convert it to JPEG or PNG (%s)", r.title, r.convert)
	case len(data) >= longestMagic && isText(data[:min(64, len(data))]):
		return reject(Unsupported, "no image but text, which begins with %q", data[:min(24, len(data))])
	case len(data) < shortest:
		return reject(Truncated, "only %d bytes", len(data))
	case len(bytes.Trim(data, "\x00")) == 0:
		return reject(Corrupt, "all %d bytes are zero", len(data))
	}
	return reject(Unsupported, "no known image format; the first bytes are % x", data[:min(8, len(data))])
}

// isText reports whether data begins as text does: a page that says that a
// picture is gone, a pointer of Git LFS.
func isText(data []byte) bool {
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		cut := n == 1 && r == utf8.RuneError && !utf8.FullRune(data)
		if !cut && (r == utf8.RuneError || !unicode.IsPrint(r) && !unicode.IsSpace(r)) {
			return false
		}
		data = data[n:]
	}
	return true
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
	case isUnsupported(err):
		return reject(Unsupported, "%s: %s", f, text)
	}
	return reject(Corrupt, "%s: %s", f, text)
}

func isUnsupported(err error) bool {
	var p png.UnsupportedError
	return errors.As(err, &p)
}

// plausible rejects a header that claims far more pixels than the bytes behind
// it could hold, before memory is spent on the claim.
func plausible(h header, data []byte, least int64) error {
	if least > int64(len(data)) {
		return reject(Truncated, "%s: %d bytes cannot hold %d x %d pixels", h.format, len(data), h.width, h.height)
	}
	return nil
}
