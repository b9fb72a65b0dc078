package augment

import (
	"fmt"
	"math"
)

// check says what is impossible in a recipe, whatever made it.
func (r *Recipe) check() error {
	c := r.Crop
	if c.X < 0 || c.Y < 0 || c.W < 1 || c.H < 1 || c.X+c.W > r.Width || c.Y+c.H > r.Height {
		return fmt.Errorf("views: recipe: crop %v outside the image of %d x %d pixels", c.Rect(), r.Width, r.Height)
	}
	if !(r.Sigma >= 0 && r.Sigma <= 1000) {
		return fmt.Errorf("views: recipe: sigma = %v; want 0..1000", r.Sigma)
	}
	if r.Jitter.On {
		return r.Jitter.check()
	}
	return nil
}

func (j *Jitter) check() error {
	var seen [4]bool
	for _, op := range j.Order {
		if op > Hue || seen[op] {
			return fmt.Errorf("views: recipe: order %v; want each of 0, 1, 2 and 3 once", [4]uint8{uint8(j.Order[0]), uint8(j.Order[1]), uint8(j.Order[2]), uint8(j.Order[3])})
		}
		seen[op] = true
	}
	if !oneOf(j.Mode, BrightnessModes) {
		return fmt.Errorf("views: recipe: brightness mode %q; want %s", j.Mode, list(BrightnessModes))
	}
	for _, f := range []struct {
		name     string
		value    float32
		from, to float64
	}{
		{"brightness", j.Brightness, -100, 100}, {"contrast", j.Contrast, 0, 100},
		{"saturation", j.Saturation, 0, 100}, {"hue", j.Hue, -1, 1},
	} {
		if x := float64(f.value); math.IsNaN(x) || x < f.from || x > f.to {
			return fmt.Errorf("views: recipe: %s = %v; want %v..%v", f.name, f.value, f.from, f.to)
		}
	}
	return nil
}
