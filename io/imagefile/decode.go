package imagefile

import (
	"fmt"
	"image"
)

// RGB is an image of packed 8-bit samples: pixel (x, y) is Pix[3*(y*Width+x):].
type RGB struct {
	Pix           []uint8
	Width, Height int
}

// Image is a copy of the pixels for Go's image packages.
func (m *RGB) Image() *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, m.Width, m.Height))
	for i := range m.Width * m.Height {
		copy(img.Pix[4*i:], m.Pix[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	return img
}

// Info is what an image's header says.
type Info struct {
	Format        Format
	Width, Height int // after EXIF orientation
}

// DefaultMaxPixels is the pixel limit where none is set: 100 million pixels,
// 300 MB decoded. Larger claims are decompression bombs more often than photos.
const DefaultMaxPixels = 100_000_000

// Options says what to decode. The zero value decodes the whole image at full
// size within the default limits.
type Options struct {
	MaxPixels int64 // width x height, checked before anything is allocated; 0 = DefaultMaxPixels
	MinSide   int   // the least width and height; 0 = 1
	// Listed, if not zero, is the upright size that the image had when it was
	// listed; with another it is rejected as changed.
	Listed image.Point

	// Region is the part wanted, in full-size upright pixels; the zero
	// rectangle means all. It is cut to the image's bounds.
	Region image.Rectangle
	// Scale divides both sides: 1, 2, 4 or 8 (0 = 1), rounding up. JPEG does
	// it inside the inverse DCT, as libjpeg's scale_denom; other formats
	// average boxes. A region's pixels are those of the whole image decoded at
	// that scale, from floor(min/Scale) to ceil(max/Scale).
	Scale int

	// Lenient, if not nil, takes what was read in spite of damage or doubt.
	Lenient *Lenient

	// Into, if not nil, is filled and returned; its Pix is reused if its
	// capacity suffices.
	Into *RGB
}

func (o *Options) fill() {
	if o.MaxPixels <= 0 {
		o.MaxPixels = DefaultMaxPixels
	}
	o.MinSide = max(o.MinSide, 1)
	o.Scale = max(o.Scale, 1)
}

// check holds the limits against a header's claim.
func (o *Options) check(h header) error {
	width, height := h.size()
	if o.Listed != (image.Point{}) && o.Listed != image.Pt(width, height) {
		return reject(Changed, "%d x %d pixels, listed as %d x %d; run again, and it is looked at again", width, height, o.Listed.X, o.Listed.Y)
	}
	if int64(width)*int64(height) > o.MaxPixels {
		return reject(TooManyPixels, "%d x %d pixels, more than %d", width, height, o.MaxPixels)
	}
	if width < o.MinSide || height < o.MinSide {
		return reject(TooSmall, "%d x %d pixels, a side is below %d", width, height, o.MinSide)
	}
	return nil
}

// DecodeConfig reads only the header: format and size after orientation. It
// does not hold the size against any limit.
func DecodeConfig(data []byte) (Info, error) {
	h, _, err := readHeader(data, nil)
	if err != nil {
		return Info{}, err
	}
	info := Info{Format: h.format}
	info.Width, info.Height = h.size()
	return info, nil
}

// Decode decodes encoded bytes of any supported format to upright packed RGB.
// Every error is a *QuarantineError, but for a Scale that is not 1, 2, 4 or 8
// and a Region outside the image, which are the caller's mistakes.
func Decode(data []byte, opt Options) (*RGB, error) {
	part := Part{Region: opt.Region, Scale: opt.Scale, Into: opt.Into}
	if part.Into == nil {
		part.Into = &RGB{}
	}
	if err := DecodeParts(data, opt, []Part{part}); err != nil {
		return nil, err
	}
	return part.Into, nil
}

// MaxParts is how many parts of an image DecodeParts takes: one at each scale.
const MaxParts = 4

// Part is a part of an image, like Options' Region, Scale and Into, which takes
// its pixels.
type Part struct {
	Region image.Rectangle
	Scale  int
	Into   *RGB
}

// DecodeParts is Decode for several parts at once, which cost little more than
// the largest. Of opt it heeds the limits.
func DecodeParts(data []byte, opt Options, parts []Part) error {
	opt.fill()
	h, r, err := readHeader(data, opt.Lenient)
	if err != nil {
		return err
	}
	if err := opt.check(h); err != nil {
		return err
	}
	if len(parts) > MaxParts {
		return fmt.Errorf("decoding: %d parts of one image; at most %d can be decoded at once", len(parts), MaxParts)
	}
	var windows [MaxParts]window
	for i, p := range parts {
		if windows[i], err = newWindow(h, p.Region, max(p.Scale, 1)); err != nil {
			return err
		}
	}
	if h.format == JPEG {
		return decodeJPEG(data, h, windows[:len(parts)], parts)
	}
	return decodeCut(data, r, h, windows[:len(parts)], parts)
}

// decodeCut decodes the whole image and cuts the parts out of it.
func decodeCut(data []byte, r *row, h header, windows []window, parts []Part) error {
	full := &RGB{}
	if len(parts) == 1 && windows[0].whole() && h.orientation == upright {
		full = parts[0].Into
	}
	if err := guard(h.format, func() error { return r.decode(data, h, full) }); err != nil {
		return err
	}
	full = orient(full, h.orientation)
	for i := range parts {
		windows[i].cut(full, parts[i].Into)
	}
	return nil
}
