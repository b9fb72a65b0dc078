package augment

import "fmt"

// BlurConfig is the Gaussian blur.
type BlurConfig struct {
	Blur  float64 `json:"blur" yaml:"blur" range:"0..1" doc:"probability"`
	Sigma Range   `json:"sigma,omitzero" yaml:"sigma,omitempty" range:"0.01..1000" doc:"in pixels; the kernel has 2*int((size/10)/2)+1 taps, none below 20 pixels"`
}

var blurring = operation{
	Operation: Operation{
		Name: "blur", Doc: "blurs with a Gaussian", Like: "SimCLR's gaussian_blur, with a sigma for each view, where the reference draws one for a batch",
		Numbers: []Number{{Name: "sigma", Doc: "in pixels; 0: none"}},
	},
	config: func(c *Config) any { return &c.BlurConfig },
	validate: func(c *Config, want wanted) {
		want.probability("Blur", c.Blur)
		want(c.Blur == 0 || c.Sigma.within(0.01, 1000), "Sigma", c.Sigma, "0.01 <= min <= max <= 1000")
	},
	caption: func(r *Recipe) string { return when(r.Sigma > 0, fmt.Sprintf("blur %.2f", r.Sigma)) },
}

// checkSigma says what is impossible in a blur.
func checkSigma(sigma float32) error {
	if !(sigma >= 0 && sigma <= 1000) {
		return fmt.Errorf("views: recipe: sigma = %v; want 0..1000", sigma)
	}
	return nil
}

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

func (v *Renderer) blurBy(width, height, radius int, sigma float32, bytes []uint8) {
	v.kernel = gaussian(v.kernel, radius, sigma)
	kernel := trim(v.kernel)
	radius = len(kernel) - 1
	n, margin := width*height, radius*width
	v.spare = grow(v.spare, 2*margin+n)
	v.row = grow(v.row, 2*radius+width)
	clear(v.spare[:margin])
	clear(v.row[:radius])
	for _, plane := range v.plane {
		for y := range height {
			copy(v.row[radius:], plane[y*width:][:width])
			clear(v.row[radius+width:])
			blur(v.spare[margin+y*width:], v.row, radius, width, 1, kernel)
		}
		clear(v.spare[margin+n:])
		blur(plane, v.spare, margin, n, width, kernel)
	}
	p := program{{op: opClip}}
	v.run(p.then(bytes), n, nil, bytes)
}
