package evaluate

import (
	"context"
	"fmt"
	"slices"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/training"
)

// Bounds of what accompanies a training: the number of images (the first by id: a
// random choice), and what their pixels may take of the memory; above it they are
// decoded for every look.
const (
	mostHeld      = 10_000
	mostHeldBytes = 256 << 20
)

// Held opens the images of a validation for a network of these classes and this
// size; nil where there are none. They are seen as the images to evaluate on are.
func Held(ctx context.Context, job *pipelines.Job, v training.Validation, classes []string, size int) (*training.Held, error) {
	if v.Images.IsZero() {
		return nil, nil
	}
	a, err := pipelines.Open(job, v.Images)
	if err != nil {
		return nil, err
	}
	var meta pipelines.ImagesMeta
	if err := a.Meta(&meta); err != nil {
		return nil, err
	}
	if !slices.Equal(meta.Classes, classes) {
		return nil, fmt.Errorf("the images for validation have the classes %q, the training has %q (take both from one split)", meta.Classes, classes)
	}
	var refs []imagefile.Ref
	left := 0
	for r, err := range pipelines.References(a) {
		switch {
		case err != nil:
			return nil, err
		case r.Label == imagefile.UnknownLabel:
		case len(refs) == mostHeld:
			left++
		default:
			refs = append(refs, r.Ref)
		}
	}
	if len(refs) == 0 {
		return nil, fmt.Errorf("%s: there is no labelled image for validation (raise split.validation)", a.At(""))
	}
	if left > 0 {
		job.Note("of the images for validation %d are looked at: enough; %d are not", len(refs), left)
	}
	h := &held{ctx: ctx, validation: v, size: size, refs: refs}
	return &training.Held{Validation: v, Count: len(refs), All: h.all}, nil
}

// held decodes images in chunks, and keeps them where that takes little memory.
type held struct {
	ctx        context.Context
	validation training.Validation
	size       int
	refs       []imagefile.Ref
	kept       []training.HeldBatch
}

func (h *held) all(yield func(training.HeldBatch, error) bool) {
	keep := len(h.refs)*3*h.size*h.size <= mostHeldBytes
	for i, from := 0, 0; from < len(h.refs); i, from = i+1, from+chunk {
		if i < len(h.kept) {
			if !yield(h.kept[i], h.ctx.Err()) {
				return
			}
			continue
		}
		b, err := h.decode(h.refs[from:min(from+chunk, len(h.refs))])
		if keep && err == nil {
			h.kept = append(h.kept, b)
		}
		if !yield(b, err) || err != nil {
			return
		}
	}
}

func (h *held) decode(refs []imagefile.Ref) (b training.HeldBatch, err error) {
	if err := h.ctx.Err(); err != nil {
		return b, err
	}
	pixels, errs := Pixels(refs, h.size, h.validation.MaxPixels, h.validation.Exact)
	for i, err := range errs {
		if err != nil {
			return b, fmt.Errorf("%s: %s: %w (run again: what changed is looked at again)", imagefile.Place(refs[i].URI), refs[i].Name, err)
		}
		b.Labels = append(b.Labels, refs[i].Label)
	}
	b.Pixels = pixels
	return b, nil
}
