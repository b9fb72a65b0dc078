// Package jpeg decodes baseline and progressive JPEG (ITU-T T.81, 8 bit,
// Huffman) to packed RGB, fast and with libjpeg-turbo's pixels.
//
// The arithmetic is libjpeg's at its defaults: the "islow" integer inverse DCT,
// "fancy" (triangle) chroma upsampling, its fixed-point colour conversion, and
// for scaled decoding its reduced 4x4, 2x2 and 1x1 inverse DCTs. Kernels for
// AVX2 and AVX-512 and their portable twins compute the same integers, so the bytes are the
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
	Marked        bool   // by Adobe's marker, which says what four components are
	Exif          []byte // the TIFF structure of the EXIF segments, nil if none; of one it aliases the input
	XMP           []byte // the last packet of XMP, nil if none; aliases the input
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
	d.info.Marked = d.adobe >= 0
	info := d.info // its Exif is the caller's own memory
	d.release()
	return info, err
}

// Part is a part of an image at a scale, to be decoded.
type Part struct {
	Rect  image.Rectangle // in pixels of the scaled image, ceil(width/Scale) x ceil(height/Scale)
	Scale int             // 1, 2, 4 or 8
	Pix   []byte          // takes the pixels, grown if its capacity does not suffice

	whole bool
}

// Decode decodes the whole image to dst, grown if its capacity does not
// suffice: pixel (x, y) is pix[3*(y*width+x):].
func (d *Decoder) Decode(data, dst []byte) (pix []byte, width, height int, err error) {
	p := Part{Scale: 1, Pix: dst, whole: true}
	pix, err = d.decodePart(data, p)
	return pix, d.info.Width, d.info.Height, err
}

// DecodeRegion is DecodeParts for one part. It returns its pixels.
func (d *Decoder) DecodeRegion(data, dst []byte, r image.Rectangle, scale int) ([]byte, error) {
	return d.decodePart(data, Part{Rect: r, Scale: scale, Pix: dst})
}

func (d *Decoder) decodePart(data []byte, p Part) ([]byte, error) {
	d.parts[0] = p
	defer d.release()
	if err := d.decode(data, d.parts[:]); err != nil {
		return nil, err
	}
	return d.parts[0].Pix, nil
}

// DecodeParts decodes parts of an image, each of which must lie inside it at its
// scale, in one pass over the data. The pixels are exactly those that decoding
// everything at that scale gives there.
//
// Blocks outside all parts are entropy-decoded only. Of a one-scan image whole
// restart intervals outside them are passed over, and nothing after their last
// row is looked at: damage there goes unnoticed.
func (d *Decoder) DecodeParts(data []byte, parts []Part) error {
	defer d.release()
	return d.decode(data, parts)
}

func (d *Decoder) decode(data []byte, parts []Part) error {
	d.start(data, false)
	if err := d.readHeader(); err != nil {
		return err
	}
	if err := d.layOut(parts); err != nil {
		return err
	}
	return d.readScans()
}
