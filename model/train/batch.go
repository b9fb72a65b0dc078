package train

import (
	"fmt"
	"iter"
)

// Batch is the input of one step. The trainer copies it at once: a Data may
// reuse the slices for its next batch.
type Batch struct {
	// Images are pixels [rows, H, W, 3], uint8 RGB: the first views of the batch's
	// images, then, where the objective needs more, their second views in the same
	// order, …
	Images []uint8
	// Labels are class indices, one an image, whatever its views; -1 is unknown.
	// Nil is all unknown.
	Labels []int32
	// Targets are a teacher's logits [Batch, Classes], for objectives that need
	// them.
	Targets []float32
}

// Data yields batches from a step on. It must be a pure function of the step:
// Data(k)'s first batch is what Data(0) yields after k others.
type Data func(step int) iter.Seq2[Batch, error]

// check says what is wrong with a batch.
func (s task) check(b Batch) error {
	if want := s.rows() * s.ImageSize * s.ImageSize * 3; len(b.Images) != want {
		return fmt.Errorf("the batch has %d bytes of pixels; want %d images of %d x %d x 3 = %d", len(b.Images), s.rows(), s.ImageSize, s.ImageSize, want)
	}
	if b.Labels != nil && len(b.Labels) != s.Batch {
		return fmt.Errorf("the batch has %d labels; want %d, or none", len(b.Labels), s.Batch)
	}
	known := 0
	for i, l := range b.Labels {
		if l < -1 || l >= 0 && int(l) >= s.Classes && s.Classes > 0 {
			return fmt.Errorf("label %d of the batch is %d; want 0 to %d, or -1 for unknown", i, l, s.Classes-1)
		}
		if l >= 0 {
			known++
		}
	}
	if known == 0 && s.needs.Labels {
		return fmt.Errorf("none of the batch's %d images has a label", s.Batch)
	}
	if s.needs.Targets && len(b.Targets) != s.Batch*s.Classes {
		return fmt.Errorf("the batch has %d teacher logits; want %d images x %d classes", len(b.Targets), s.Batch, s.Classes)
	}
	return nil
}
