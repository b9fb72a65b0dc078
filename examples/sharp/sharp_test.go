package main

import (
	"context"
	"testing"

	"github.com/retort-ml/retort/pipelines"
)

// TestVariance: a flat image has none, a checkerboard the most there is.
func TestVariance(t *testing.T) {
	const side = 8
	flat, board := make([]uint8, 3*side*side), make([]uint8, 3*side*side)
	for i := range side * side {
		if (i%side+i/side)%2 == 1 {
			board[3*i+1] = 255
		}
	}
	if v := variance(laplacian(flat, side, side)); v != 0 {
		t.Errorf("flat: %v", v)
	}
	if v := variance(laplacian(board, side, side)); v != 1020*1020 {
		t.Errorf("board: %v", v)
	}
	if v := variance(laplacian(board, 1, 1)); v != 0 {
		t.Errorf("one pixel: %v", v)
	}
}

var _ pipelines.Stage[pipelines.Targets, Queue] = (*LabelNext)(nil)

func TestAnImageThatIsNoneIsSetAside(t *testing.T) {
	if err := (&Sharp{}).ProcessElement(context.Background(), &pipelines.Image{}, func(*pipelines.Image) {}); err == nil {
		t.Error("no error")
	}
}
