package views

import (
	"fmt"
	"image"
	"math/bits"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/transforms/views/augment"
)

// Decode decodes the region of an encoded image (in full-size pixels, see
// augment.Region; the zero rectangle means all of it) at 1/scale of its size,
// 1, 2, 4 or 8, as a source for views. into, if not nil, lends its memory. Errors
// are imagefile.Decode's.
func Decode(data []byte, region image.Rectangle, scale int, maxPixels int64, into *imagefile.RGB) (augment.Image, error) {
	rgb, err := imagefile.Decode(data, imagefile.Options{MaxPixels: maxPixels, Into: into, Region: region, Scale: scale})
	if err != nil {
		return augment.Image{}, err
	}
	return source(rgb, region, scale), nil
}

// Sources holds what the views of one image are made from: the part of it that
// their crops need, at each scale that they need it at. Its memory serves image
// after image.
type Sources struct {
	rgb   [imagefile.MaxParts]imagefile.RGB // at 1/1, 1/2, 1/4, 1/8
	image [imagefile.MaxParts]augment.Image
	parts []imagefile.Part
}

// Decode decodes an encoded image once for all the recipes, scales[i] being the
// reduction for recipe i (see augment.Scales). Of opt the limits count; errors are
// imagefile.Decode's.
func (s *Sources) Decode(data []byte, recipes []augment.Recipe, scales []int, opt imagefile.Options) error {
	var regions [imagefile.MaxParts]image.Rectangle
	for i, r := range recipes {
		at := bits.TrailingZeros(uint(scales[i]))
		if at >= len(regions) || scales[i] != 1<<at {
			return fmt.Errorf("views: scale %d; want 1, 2, 4 or 8", scales[i])
		}
		regions[at] = regions[at].Union(r.Crop.Rect())
	}
	s.parts = s.parts[:0]
	for at, region := range regions {
		s.image[at] = augment.Image{}
		if !region.Empty() {
			s.parts = append(s.parts, imagefile.Part{Region: region, Scale: 1 << at, Into: &s.rgb[at]})
		}
	}
	if err := imagefile.DecodeParts(data, opt, s.parts); err != nil {
		return err
	}
	for _, p := range s.parts {
		s.image[bits.TrailingZeros(uint(p.Scale))] = source(p.Into, p.Region, p.Scale)
	}
	return nil
}

// At is the source of the views whose scale it is; valid until the next Decode.
func (s *Sources) At(scale int) augment.Image {
	return s.image[bits.TrailingZeros(uint(scale))]
}

// source is a decoded region as a source of views.
func source(rgb *imagefile.RGB, region image.Rectangle, scale int) augment.Image {
	return augment.Image{
		Pix: rgb.Pix, Width: rgb.Width, Height: rgb.Height, Scale: scale,
		X: region.Min.X / scale * scale, Y: region.Min.Y / scale * scale,
	}
}
