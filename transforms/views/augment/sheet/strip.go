package sheet

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
)

// Strip is a row of small images with a title above it.
type Strip struct {
	Title  string
	Images []Thumbnail
}

// Thumb is the side of a small image's place in pixels.
const Thumb = 96

// Thumbnail is an image that fits its place.
type Thumbnail struct{ img *image.RGBA }

// NewThumbnail makes one of packed 8-bit RGB.
func NewThumbnail(pix []uint8, width, height int) Thumbnail {
	place := fitIn(Thumb, width, height, image.Point{})
	t := Thumbnail{image.NewRGBA(place)}
	paste(t.img, place, pix, width, height)
	return t
}

// EncodeStrips draws strips below one another and writes them as PNG.
func EncodeStrips(w io.Writer, strips []Strip) error {
	columns := 3
	for _, s := range strips {
		columns = max(columns, len(s.Images))
	}
	const height = lineHeight + Thumb + gap
	img := image.NewRGBA(image.Rect(0, 0, gap+columns*(Thumb+gap), gap+len(strips)*height))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	for i, s := range strips {
		at := image.Pt(gap, gap+i*height)
		write(img, at, color.RGBA{A: 255}, shorten(s.Title, (img.Rect.Max.X-at.X)/glyphWidth))
		for k, t := range s.Images {
			place := t.img.Rect.Add(at.Add(image.Pt(k*(Thumb+gap), lineHeight)))
			draw.Draw(img, place, t.img, image.Point{}, draw.Src)
		}
	}
	if err := png.Encode(w, img); err != nil {
		return fmt.Errorf("contact sheet: %w", err)
	}
	return nil
}
