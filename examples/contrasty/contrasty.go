package main

import (
	"context"
	"fmt"

	"github.com/retort-ml/retort/pipelines"
)

// Contrasty is an element-wise stage: it keeps images whose gray values, but
// for the darkest and the brightest hundredth, span at least MinRange of 255.
type Contrasty struct{ MinRange int }

func init() { pipelines.Register(pipelines.Each(&Contrasty{})) }

// Validate reports what is wrong with the config.
func (c *Contrasty) Validate() error {
	if c.MinRange < 0 || c.MinRange > 255 {
		return fmt.Errorf("MinRange = %d; want 0 to 255", c.MinRange)
	}
	return nil
}

// ProcessElement looks at a small version of the image: blank is blank at any
// size, and a JPEG decodes several times as fast at an eighth of it.
func (c *Contrasty) ProcessElement(_ context.Context, img *pipelines.Image, emit func(*pipelines.Image)) error {
	small, err := img.Thumbnail(64)
	if err != nil {
		return err // an image that cannot be decoded is set aside
	}
	if grayRange(small.Pix) >= c.MinRange {
		emit(img)
	}
	return nil
}

// grayRange is the distance from the 1st to the 99th percentile of the gray
// values (0.299 R + 0.587 G + 0.114 B, ITU-R BT.601) of packed RGB samples.
func grayRange(rgb []uint8) int {
	var histogram [256]int
	n := len(rgb) / 3
	if n == 0 {
		return 0
	}
	for i := range n {
		r, g, b := int(rgb[3*i]), int(rgb[3*i+1]), int(rgb[3*i+2])
		histogram[(299*r+587*g+114*b)/1000]++
	}
	return percentile(&histogram, n-n/100) - percentile(&histogram, n/100+1)
}

// percentile is the value of the k-th smallest sample, k from 1.
func percentile(histogram *[256]int, k int) int {
	seen := 0
	for v, n := range histogram {
		if seen += n; seen >= k {
			return v
		}
	}
	return len(histogram) - 1
}
