// Package synth makes a small labelled image set to try the method on.
//
// A class is a motif (ring, star, stripes, …) that is drawn several times in
// an image. Everything else is chance and says nothing of the class: colours,
// their contrast and its sign, background, lighting, places, sizes, rotations,
// stray lines and specks, noise. So a network that sees few labels learns the
// chance with the motif, while two views of one image — cropped, flipped,
// recoloured — have little in common but the motif: what contrastive
// pretraining finds without labels.
//
// Every image is a pure function of (seed, split, class, number, size): the
// same options give the same bytes, and a larger set contains the smaller one.
package synth

import (
	"fmt"
	"strings"

	"github.com/retort-ml/retort/internal/didyoumean"
)

// Format is how images are encoded.
type Format string

// The formats.
const (
	JPEG Format = "jpeg" // quality 92
	PNG  Format = "png"
)

// Formats lists them all, for help texts and tests.
var Formats = []Format{JPEG, PNG}

func (f Format) ext() string {
	if f == PNG {
		return ".png"
	}
	return ".jpg"
}

// Options says what to make. The zero value of a field means its default.
type Options struct {
	Classes  int    `json:"classes"`   // 2 to MaxClasses, default 10
	PerClass int    `json:"per_class"` // images of each class, 1 to 1,000,000, default 200
	Test     int    `json:"test"`      // further images of each class, in a split of their own; default none
	Size     int    `json:"size"`      // width and height in pixels, 16 to 1024, default 32
	Seed     uint64 `json:"seed"`      // another seed gives other images of the same classes
	Format   Format `json:"format"`    // default JPEG
	Tar      bool   `json:"tar"`       // one .tar a split instead of folders
}

// Defaults of Options, and bounds.
const (
	DefaultClasses  = 10
	DefaultPerClass = 200
	DefaultSize     = 32
	maxPerClass     = 1_000_000
	minSize         = 16
	maxSize         = 1024
)

// WithDefaults fills the fields that are zero.
func (o Options) WithDefaults() Options {
	if o.Classes == 0 {
		o.Classes = DefaultClasses
	}
	if o.PerClass == 0 {
		o.PerClass = DefaultPerClass
	}
	if o.Size == 0 {
		o.Size = DefaultSize
	}
	if o.Format == "" {
		o.Format = JPEG
	}
	return o
}

// Check says which field is out of range, and its range.
func (o Options) Check() error {
	for _, f := range []struct {
		name           string
		value, lo, top int
	}{
		{"classes", o.Classes, 2, MaxClasses},
		{"images per class", o.PerClass, 1, maxPerClass},
		{"test images per class", o.Test, 0, maxPerClass},
		{"size", o.Size, minSize, maxSize},
	} {
		if f.value < f.lo || f.value > f.top {
			return fmt.Errorf("synth: %s = %d; want %d to %d", f.name, f.value, f.lo, f.top)
		}
	}
	known := make([]string, len(Formats))
	for i, f := range Formats {
		if f == o.Format {
			return nil
		}
		known[i] = string(f)
	}
	return fmt.Errorf("synth: format = %q; want %s%s", o.Format, strings.Join(known, " or "), didyoumean.Hint(string(o.Format), known))
}

// ClassNames are the folder names of the first n classes.
func ClassNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = classes[i].name()
	}
	return names
}
