package augment

import (
	"image"
	"image/color"
	"testing"

	"github.com/retort-ml/retort/io/imagefile"
)

// TestPixelsGoBothWays: from a decoded image to a source of crops, and to Go's
// image packages.
func TestPixelsGoBothWays(t *testing.T) {
	rgb := &imagefile.RGB{Width: 3, Height: 2, Pix: []uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17}}
	source := Of(rgb)
	if err := source.check(Box{W: 3, H: 2}); err != nil || &source.Pix[0] != &rgb.Pix[0] || source.Width != 3 || source.Height != 2 {
		t.Errorf("%+v, %v", source, err)
	}
	img := rgb.Image()
	if img.Bounds() != image.Rect(0, 0, 3, 2) || !img.Opaque() {
		t.Errorf("%v", img.Bounds())
	}
	for y := range 2 {
		for x := range 3 {
			v := uint8(3 * (3*y + x))
			if got, want := img.RGBAAt(x, y), (color.RGBA{v, v + 1, v + 2, 255}); got != want {
				t.Errorf("(%d, %d): %v, want %v", x, y, got, want)
			}
		}
	}
}
