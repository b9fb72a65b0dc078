package views

import (
	"image"

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
	return augment.Image{
		Pix: rgb.Pix, Width: rgb.Width, Height: rgb.Height, Scale: scale,
		X: region.Min.X / scale * scale, Y: region.Min.Y / scale * scale,
	}, nil
}
