package augment

import "strings"

// Recipe is every number that made a view. With the same Config and pixels it
// gives the same view again, byte for byte.
type Recipe struct {
	Width, Height int // of the whole source image at full size
	Crop          Box // in pixels of the whole image at full size
	Flip          bool
	Jitter        Jitter
	Gray          bool
	Sigma         float32 // of the Gaussian blur in pixels; 0 = no blur
	Solarize      bool
	Extra         [extras]Numbers // of the extensions, by their places in the table
}

// String is the recipe in one line, as a caption: what was done, in order.
func (r Recipe) String() string {
	var done []string
	for _, op := range operations {
		if op.caption != nil {
			if words := op.caption(&r); words != "" {
				done = append(done, words)
			}
		}
	}
	for i, op := range extensions {
		if r.Extra[i] != (Numbers{}) {
			done = append(done, op.words(r.Extra[i]))
		}
	}
	return strings.Join(done, " ")
}

// check says what is impossible in a recipe, whatever made it.
func (r *Recipe) check() error {
	if err := r.Crop.check(r.Width, r.Height); err != nil {
		return err
	}
	if err := checkSigma(r.Sigma); err != nil {
		return err
	}
	if r.Extra != ([extras]Numbers{}) {
		if err := checkExtras(r.Extra); err != nil {
			return err
		}
	}
	return r.Jitter.check()
}
