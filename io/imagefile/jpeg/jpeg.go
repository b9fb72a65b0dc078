// Package jpeg decodes baseline and progressive JPEG (ITU-T T.81, 8 bit,
// Huffman) to packed RGB, fast and with libjpeg-turbo's pixels.
//
// The arithmetic is libjpeg's at its defaults: the "islow" integer inverse DCT,
// "fancy" (triangle) chroma upsampling, its fixed-point colour conversion, and
// for scaled decoding its reduced 4x4, 2x2 and 1x1 inverse DCTs. Kernels for
// AVX2 and their portable twins compute the same integers, so the bytes are the
// same on every machine.
//
// A Decoder keeps its buffers and tables between images and then allocates
// nothing. Unlike libjpeg it does not paper over damage: data that ends early
// or contradicts itself is an error.
package jpeg

import (
	"fmt"
	"image"
)

// Info is what the header says.
type Info struct {
	Width, Height int // as stored, before any EXIF orientation
	Components    int // 1, 3 or 4
	Progressive   bool
	Exif          []byte // the TIFF structure of the first EXIF segment, nil if none; aliases the input
}

// FormatError says that the data is not a valid JPEG.
type FormatError struct {
	Offset    int // of the byte where it showed
	Truncated bool
	Text      string
}

func (e *FormatError) Error() string { return fmt.Sprintf("byte %d: %s", e.Offset, e.Text) }

// UnsupportedError says that the data is, or may be, a valid JPEG of a kind
// that is not decoded.
type UnsupportedError string

func (e UnsupportedError) Error() string { return string(e) }

// ReadInfo reads the header up to the first scan without decoding.
func ReadInfo(data []byte) (Info, error) {
	d := pool.Get().(*Decoder)
	defer pool.Put(d)
	return d.ReadInfo(data)
}

// ReadInfo is the package's ReadInfo without its pool.
func (d *Decoder) ReadInfo(data []byte) (Info, error) {
	d.start(data, true)
	err := d.readHeader()
	info := d.info // its Exif is the caller's own memory
	d.release()
	return info, err
}

// Decode decodes the whole image to dst, grown if its capacity does not
// suffice: pixel (x, y) is pix[3*(y*width+x):].
func (d *Decoder) Decode(data, dst []byte) (pix []byte, width, height int, err error) {
	pix, r, err := d.decode(data, dst, nil, 1)
	return pix, r.Dx(), r.Dy(), err
}

// DecodeRegion decodes the part r of the image at 1/scale of its size, scale 1,
// 2, 4 or 8. r is in pixels of the scaled image, which has ceil(width/scale) x
// ceil(height/scale), and must lie inside it. The pixels are exactly those that
// decoding everything at that scale gives there.
//
// Blocks outside r are entropy-decoded only, and of a one-scan image nothing
// after the last row of r is looked at: damage there goes unnoticed.
func (d *Decoder) DecodeRegion(data, dst []byte, r image.Rectangle, scale int) ([]byte, error) {
	pix, _, err := d.decode(data, dst, &r, scale)
	return pix, err
}

func (d *Decoder) decode(data, dst []byte, r *image.Rectangle, scale int) ([]byte, image.Rectangle, error) {
	defer d.release()
	d.start(data, false)
	if err := d.readHeader(); err != nil {
		return nil, image.Rectangle{}, err
	}
	if err := d.layOut(r, scale); err != nil {
		return nil, image.Rectangle{}, err
	}
	n := 3 * d.rect.Dx() * d.rect.Dy()
	if cap(dst) < n {
		dst = make([]byte, n)
	}
	d.dst = dst[:n]
	if err := d.readScans(); err != nil {
		return nil, image.Rectangle{}, err
	}
	return dst[:n], d.rect, nil
}
