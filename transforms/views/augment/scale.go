package augment

import "math"

// MaxScale is the largest reduction that Scale gives.
const MaxScale = 8

// Scale is the reduction, 1, 2, 4 or 8, at which an image of width x height
// pixels serves views of all the configs: the largest at which even the
// smallest crop that they may draw has as many pixels a side as its view. It
// depends on no draw, so that a view is the same whichever others are made
// along with it.
//
// A reduced image is an average: views of it lack the aliasing that the
// reference's bicubic filter, which does not average, gives on crops many times
// the view's size. With scale 1 always, views are the reference's.
func Scale(width, height int, views ...Config) int {
	scale := MaxScale
	for i := range views {
		least := views[i].leastSide(width, height)
		for scale > 1 && least < scale*views[i].Size {
			scale /= 2
		}
	}
	return scale
}

// Scales appends the reduction for each recipe, drawn for views[i%len(views)], to
// dst. Images that Scale does not reduce are not reduced for any; of others each
// crop is taken at the largest reduction at which it has as many pixels a side
// as its view: a photo's larger crops need far less of it decoded than its
// smallest.
func Scales(dst []int, width, height int, views []Config, recipes []Recipe) []int {
	least := Scale(width, height, views...)
	for i, r := range recipes {
		scale := least
		for side := min(r.Crop.W, r.Crop.H); least > 1 && scale < MaxScale && side >= 2*scale*views[i%len(views)].Size; {
			scale *= 2
		}
		dst = append(dst, scale)
	}
	return dst
}

// leastSide is the shorter side of the smallest crop of an image, within a
// pixel.
func (c *Config) leastSide(width, height int) int {
	shorter := min(width, height)
	switch c.Sampler {
	case TF, Torchvision:
		area := max(c.Area.Min, c.MinCovered) * float64(width) * float64(height)
		narrow := min(c.Aspect.Min, 1/c.Aspect.Max, 1)
		return min(shorter, int(math.Sqrt(area*narrow)))
	case Centre:
		b := centreCrop(width, height, 1, 1, c.Proportion)
		return min(b.W, b.H)
	}
	return shorter
}
