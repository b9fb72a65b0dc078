package augment

import (
	"fmt"
	"image"

	"github.com/retort-ml/retort/io/imagefile"
)

// Image is an image of packed 8-bit RGB samples: pixel (x, y) is
// Pix[3*(y*Width+x):][:3].
//
// It may be a part of a larger image, or one decoded at a reduced scale: its
// first pixel is then pixel (X/Scale, Y/Scale) of the whole image at that
// scale. Crops are always in pixels of the whole image at full size.
type Image struct {
	Pix           []uint8
	Width, Height int

	X, Y  int // of the first pixel, in full-size pixels: multiples of Scale
	Scale int // 1, 2, 4 or 8; 0 means 1
}

// Of is a whole decoded image as a source of crops; it shares the pixels.
func Of(rgb *imagefile.RGB) Image {
	return Image{Pix: rgb.Pix, Width: rgb.Width, Height: rgb.Height}
}

func (img *Image) scale() int { return max(img.Scale, 1) }

// check says what is wrong with the image as a source for a crop.
func (img *Image) check(crop Box) error {
	switch {
	case img.Width < 1 || img.Height < 1:
		return fmt.Errorf("views: image of %d x %d pixels; want 1 x 1 or more", img.Width, img.Height)
	case len(img.Pix) != 3*img.Width*img.Height:
		return fmt.Errorf("views: image of %d x %d pixels has %d samples; want %d", img.Width, img.Height, len(img.Pix), 3*img.Width*img.Height)
	case img.X%img.scale() != 0 || img.Y%img.scale() != 0:
		return fmt.Errorf("views: image begins at (%d, %d); want multiples of its scale, %d", img.X, img.Y, img.scale())
	}
	has := image.Rect(img.X, img.Y, img.X+img.Width*img.scale(), img.Y+img.Height*img.scale())
	if want := crop.Rect(); want.Empty() || !want.In(has) {
		return fmt.Errorf("views: crop %v lies outside the decoded part %v of the image", want, has)
	}
	return nil
}

// Box is a crop in pixels of the whole image at full size.
type Box struct{ X, Y, W, H int }

// Rect is the box as a rectangle.
func (b Box) Rect() image.Rectangle { return image.Rect(b.X, b.Y, b.X+b.W, b.Y+b.H) }

// Region is the part of the image that the recipes' crops need: their union.
// A decoder that gives this part alone serves them all.
func Region(recipes ...Recipe) image.Rectangle {
	var all image.Rectangle
	for _, r := range recipes {
		all = all.Union(r.Crop.Rect())
	}
	return all
}
