// Package sheet draws contact sheets of augmented views, so that a person sees
// what an augmentation does: a row for each image, the original with the crop
// boxes of its views first, then the views, each with its recipe underneath.
package sheet

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"

	"github.com/retort-ml/retort/transforms/views/augment"
	xdraw "golang.org/x/image/draw"
)

// Row is one image and its views.
type Row struct {
	Title    string        // above the row: the file's name
	Original augment.Image // decoded whole; a reduced Scale is fine
	Views    []View
}

// View is one view and what made it.
type View struct {
	Pix    []uint8 // Size x Size packed 8-bit RGB
	Size   int
	Recipe augment.Recipe
}

// Side is the side of an image's place in pixels.
const Side = 224

// The sheet's measures in pixels.
const (
	cell    = Side
	gap     = 12
	caption = 5 // lines under a view
)

// palette colours a view's number, frame and crop box.
var palette = []color.RGBA{
	{0xd6, 0x27, 0x28, 255}, {0x1f, 0x77, 0xb4, 255}, {0x2c, 0xa0, 0x2c, 255}, {0xff, 0x7f, 0x0e, 255},
	{0x94, 0x67, 0xbd, 255}, {0x17, 0xbe, 0xcf, 255}, {0xe3, 0x77, 0xc2, 255}, {0x8c, 0x56, 0x4b, 255},
}

// Draw draws the rows. Small views are enlarged by whole factors, so that their
// pixels show; large ones are reduced.
func Draw(rows []Row) *image.RGBA {
	columns := 1
	for _, r := range rows {
		columns = max(columns, 1+len(r.Views))
	}
	rowHeight := lineHeight + cell + caption*lineHeight + gap
	img := image.NewRGBA(image.Rect(0, 0, gap+columns*(cell+gap), gap+len(rows)*rowHeight))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	for i, r := range rows {
		r.draw(img, image.Pt(gap, gap+i*rowHeight))
	}
	return img
}

// Encode draws the rows and writes them as PNG.
func Encode(w io.Writer, rows []Row) error {
	if err := png.Encode(w, Draw(rows)); err != nil {
		return fmt.Errorf("contact sheet: %w", err)
	}
	return nil
}

func (r *Row) draw(dst *image.RGBA, at image.Point) {
	write(dst, at, color.RGBA{A: 255}, shorten(r.Title, (dst.Rect.Max.X-at.X)/glyphWidth))
	at.Y += lineHeight
	width, height := fullSize(r)
	place := fit(r.Original.Width, r.Original.Height, at)
	paste(dst, place, r.Original.Pix, r.Original.Width, r.Original.Height)
	write(dst, image.Pt(at.X, at.Y+cell+2), ink, fmt.Sprintf("original, %d x %d", width, height))
	for i, v := range r.Views {
		c := palette[i%len(palette)]
		frame(dst, scaleBox(v.Recipe.Crop, place, width, height), c)
		v.draw(dst, image.Pt(at.X+(i+1)*(cell+gap), at.Y), i, c)
	}
}

// fullSize is the size that the recipes' crops are in.
func fullSize(r *Row) (width, height int) {
	if len(r.Views) > 0 {
		return r.Views[0].Recipe.Width, r.Views[0].Recipe.Height
	}
	s := max(r.Original.Scale, 1)
	return r.Original.Width * s, r.Original.Height * s
}

func (v *View) draw(dst *image.RGBA, at image.Point, i int, c color.RGBA) {
	place := fit(v.Size, v.Size, at)
	paste(dst, place, v.Pix, v.Size, v.Size)
	frame(dst, place.Inset(-2), c)
	at.Y += cell + 2
	for k, line := range wrap(fmt.Sprintf("%d: %v", i+1, v.Recipe), cell/glyphWidth, caption) {
		write(dst, at.Add(image.Pt(0, k*lineHeight)), ink, line)
	}
}

// fit is the largest place for a width x height image in the cell at a point:
// enlarged by a whole factor, or reduced.
func fit(width, height int, at image.Point) image.Rectangle { return fitIn(cell, width, height, at) }

// fitIn is fit for a place of another side.
func fitIn(side, width, height int, at image.Point) image.Rectangle {
	width, height = max(width, 1), max(height, 1)
	if longest := max(width, height); longest <= side {
		k := side / longest
		width, height = width*k, height*k
	} else {
		width, height = max(width*side/longest, 1), max(height*side/longest, 1)
	}
	return image.Rectangle{at, at.Add(image.Pt(width, height))}
}

// paste draws packed RGB into a place. What does not fill its size is left out.
func paste(dst *image.RGBA, place image.Rectangle, pix []uint8, width, height int) {
	if width < 1 || height < 1 || len(pix) < 3*width*height {
		return
	}
	src := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		copy(src.Pix[4*i:], pix[3*i:][:3])
		src.Pix[4*i+3] = 255
	}
	var scaler xdraw.Scaler = xdraw.NearestNeighbor
	if place.Dx() < width {
		scaler = xdraw.ApproxBiLinear
	}
	scaler.Scale(dst, place, src, src.Bounds(), draw.Src, nil)
}

func scaleBox(b augment.Box, place image.Rectangle, width, height int) image.Rectangle {
	x := func(v int) int { return place.Min.X + v*place.Dx()/max(width, 1) }
	y := func(v int) int { return place.Min.Y + v*place.Dy()/max(height, 1) }
	return image.Rect(x(b.X), y(b.Y), x(b.X+b.W), y(b.Y+b.H))
}

// frame draws a rectangle's border, two pixels wide, inside it.
func frame(dst *image.RGBA, r image.Rectangle, c color.RGBA) {
	const line = 2
	fill := func(x0, y0, x1, y1 int) {
		draw.Draw(dst, image.Rect(x0, y0, x1, y1), image.NewUniform(c), image.Point{}, draw.Src)
	}
	fill(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+line)
	fill(r.Min.X, r.Max.Y-line, r.Max.X, r.Max.Y)
	fill(r.Min.X, r.Min.Y, r.Min.X+line, r.Max.Y)
	fill(r.Max.X-line, r.Min.Y, r.Max.X, r.Max.Y)
}
