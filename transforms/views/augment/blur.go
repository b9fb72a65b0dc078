package augment

// blurRadius is the Gaussian's radius for views of height x height pixels: the
// kernel is a tenth of the height, halved and rounded down (22 -> 11 at 224).
func blurRadius(height int) int { return height / 10 / 2 }

// negligible is the weight of the far taps, all together, that a blur leaves
// out: with it dropped twice no value moves by more than 2e-7.
const negligible = 1e-7

// gaussian is the half kernel of data_util.gaussian_blur: dst[d] is the weight
// of the samples at distance d, 0 <= d <= radius; the whole sums to 1.
func gaussian(dst []float32, radius int, sigma float32) []float32 {
	dst = dst[:0]
	variance := 2 * float64(sigma) * float64(sigma)
	var sum float64
	for d := range radius + 1 {
		w := exp(-float64(d*d) / variance)
		sum += w
		if d > 0 {
			sum += w
		}
	}
	for d := range radius + 1 {
		dst = append(dst, float32(exp(-float64(d*d)/variance)/sum))
	}
	return dst
}

// trim drops the far taps that are negligible.
func trim(kernel []float32) []float32 {
	var tail float32
	for n := len(kernel); n > 1; n-- {
		if tail += 2 * kernel[n-1]; tail > negligible {
			return kernel[:n]
		}
	}
	return kernel[:1]
}
