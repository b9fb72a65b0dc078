package augment

// The colour operations on one pixel, in float32, every product rounded on its
// own. None of them clips.

// clip is x cut to [0, 1].
func clip(x float32) float32 { return min(max(x, 0), 1) }

// aboutMean is adjust_contrast on one channel.
func aboutMean(x, mean, factor float32) float32 {
	return float32((x-mean)*factor) + mean
}

// saturate is adjust_saturation: HSV with S*factor cut to 1. Hue and value
// stay, so each channel keeps its place between the value and the darkest:
// its distance from the value shrinks or grows by one ratio.
func saturate(r, g, b, factor float32) (float32, float32, float32) {
	value, least := max(r, g, b), min(r, g, b)
	var k float32 // a pixel that is not above black turns gray
	if value > 0 {
		k = min(factor, value/(value-least)) // gray: value/0 = +Inf
	}
	return value - float32((value-r)*k), value - float32((value-g)*k), value - float32((value-b)*k)
}

// tiny stands in for a range of 0 as a divisor.
const tiny = 1e-20

// rotate is adjust_hue: the hue turns by shift sixths of a full turn, -3..3,
// while the pixel's largest and smallest channel values stay.
func rotate(r, g, b, shift float32) (float32, float32, float32) {
	value, least := max(r, g, b), min(r, g, b)
	span := value - least
	difference, sector := r-g, float32(4)
	if value == g {
		difference, sector = b-r, 2
	}
	if value == r {
		difference, sector = g-b, 0
	}
	h := sector + difference/max(span, tiny) + shift
	if h < 0 {
		h += 6
	}
	if h >= 6 {
		h -= 6
	}
	return least + float32(span*clip(abs(h-3)-1)),
		least + float32(span*clip(2-abs(h-2))),
		least + float32(span*clip(2-abs(h-4)))
}

func abs(x float32) float32 { return max(x, -x) }
