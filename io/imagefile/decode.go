package imagefile

import (
	"image"
)

// RGB is an image of packed 8-bit samples: pixel (x, y) is Pix[3*(y*Width+x):].
type RGB struct {
	Pix           []uint8
	Width, Height int
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

	// Region is the part wanted, in full-size upright pixels; the zero
	// rectangle means all. It is cut to the image's bounds.
	Region image.Rectangle
	// Scale divides both sides: 1, 2, 4 or 8 (0 = 1), rounding up. JPEG does
	// it inside the inverse DCT, as libjpeg's scale_denom; other formats
	// average boxes. A region's pixels are those of the whole image decoded at
	// that scale, from floor(min/Scale) to ceil(max/Scale).
	Scale int

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
func (o *Options) check(width, height int) error {
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
	h, err := readHeader(data)
	if err != nil {
		return Info{}, err
	}
	info := Info{Format: h.format, Width: h.width, Height: h.height}
	if h.orientation.swaps() {
		info.Width, info.Height = h.height, h.width
	}
	return info, nil
}

// Decode decodes encoded bytes of any supported format to upright packed RGB.
// Every error is a *QuarantineError, but for a Scale that is not 1, 2, 4 or 8
// and a Region outside the image, which are the caller's mistakes.
func Decode(data []byte, opt Options) (*RGB, error) {
	opt.fill()
	h, err := readHeader(data)
	if err != nil {
		return nil, err
	}
	if err := opt.check(h.width, h.height); err != nil {
		return nil, err
	}
	frame, err := newWindow(h, opt)
	if err != nil {
		return nil, err
	}
	if h.format == JPEG {
		return decodeJPEG(data, h, frame, opt.Into)
	}
	full := &RGB{}
	if frame.whole() && h.orientation == upright && opt.Into != nil {
		full = opt.Into
	}
	if err := decodeOther(data, h, full); err != nil {
		return nil, err
	}
	return frame.cut(orient(full, h.orientation), opt.Into), nil
}
