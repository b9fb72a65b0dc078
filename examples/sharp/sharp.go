package main

import (
	"context"

	"github.com/retort-ml/retort/pipelines"
)

// Sharp is an element-wise stage: it keeps images with edges in them.
type Sharp struct {
	MinVariance float64 `yaml:"min_variance" range:"0.." doc:"drop images whose Laplacian varies less (a photo that is sharp: some hundreds)"`
}

func init() { pipelines.Register(pipelines.Each(&Sharp{})) }

// ProcessElement emits img or drops it.
func (s *Sharp) ProcessElement(_ context.Context, img *pipelines.Image, emit func(*pipelines.Image)) error {
	rgb, err := img.Pixels()
	if err != nil {
		return err // an image that cannot be decoded is set aside
	}
	if variance(laplacian(rgb.Pix, rgb.Width, rgb.Height)) >= s.MinVariance {
		emit(img)
	}
	return nil
}

// laplacian is 4 times each inner pixel's green less its four neighbours'.
func laplacian(rgb []uint8, width, height int) []float64 {
	green := func(x, y int) float64 { return float64(rgb[3*(y*width+x)+1]) }
	var edges []float64
	for y := 1; y < height-1; y++ {
		for x := 1; x < width-1; x++ {
			edges = append(edges, 4*green(x, y)-green(x-1, y)-green(x+1, y)-green(x, y-1)-green(x, y+1))
		}
	}
	return edges
}

func variance(values []float64) float64 {
	var sum, squares float64
	for _, v := range values {
		sum += v
		squares += v * v
	}
	n := max(1, float64(len(values)))
	return squares/n - (sum/n)*(sum/n)
}
