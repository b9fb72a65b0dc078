package augment

import (
	"fmt"
	"strings"
)

// Op is one operation of the colour jitter.
type Op uint8

// The operations, by the codes that a recipe's order uses.
const (
	Brightness Op = iota
	Contrast
	Saturation
	Hue
)

// String is the operation's name.
func (o Op) String() string {
	return [...]string{"brightness", "contrast", "saturation", "hue"}[o&3]
}

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
}

// Jitter is the colour jitter of a view; the zero value leaves the colours
// alone.
type Jitter struct {
	On         bool
	Order      [4]Op // a permutation, first applied first
	Mode       BrightnessMode
	Brightness float32 // factor, or with Mode Add the offset
	Contrast   float32 // factor
	Saturation float32 // factor
	Hue        float32 // in full turns, -1..1
}

// String is the recipe in one line, as a caption.
func (r Recipe) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%dx%d+%d+%d", r.Crop.W, r.Crop.H, r.Crop.X, r.Crop.Y)
	if r.Flip {
		s.WriteString(" flip")
	}
	if r.Jitter.On {
		r.Jitter.caption(&s)
	}
	if r.Gray {
		s.WriteString(" gray")
	}
	if r.Sigma > 0 {
		fmt.Fprintf(&s, " blur %.2f", r.Sigma)
	}
	if r.Solarize {
		s.WriteString(" solarize")
	}
	return s.String()
}

func (j Jitter) caption(s *strings.Builder) {
	for _, op := range j.Order {
		switch op {
		case Brightness:
			if j.Mode == Add {
				fmt.Fprintf(s, " b%+.2f", j.Brightness)
			} else {
				fmt.Fprintf(s, " b*%.2f", j.Brightness)
			}
		case Contrast:
			fmt.Fprintf(s, " c*%.2f", j.Contrast)
		case Saturation:
			fmt.Fprintf(s, " s*%.2f", j.Saturation)
		case Hue:
			fmt.Fprintf(s, " h%+.2f", j.Hue)
		}
	}
}
