package augment

import "fmt"

// Renderer renders views one after another; it owns the scratch memory, so
// that in the steady state a view allocates nothing. It must not be used by
// two goroutines at once; make one for each worker. The zero value is ready.
type Renderer struct {
	across, down taps
	ring         []float32    // resized rows of the source, each R, G and B one after another
	plane        [3][]float32 // the view: R, G and B, rows packed
	planes       []float32    // the three, apart steps from one to the next
	apart        int
	spare        []float32 // one plane between two zero margins of radius rows
	row          []float32 // one row between two zero margins
	pixels       []uint8   // the end of the source, padded
	kernel       []float32
	none         [1]uint8 // where no bytes are wanted
}

// Render makes the view that the recipe describes of img and writes it to dst
// as Size x Size packed 8-bit RGB pixels. Values are cut to [0, 1], multiplied
// by 255 and rounded to the nearest integer, halves to even.
//
// The error says what does not fit: dst shorter than 3*Size*Size, a crop
// outside img, an invalid recipe. cfg must be valid.
func (v *Renderer) Render(dst []uint8, cfg *Config, img Image, r Recipe) error {
	n := cfg.Size * cfg.Size
	if len(dst) < 3*n {
		return fmt.Errorf("views: %d bytes for a view of %d x %d pixels; want %d", len(dst), cfg.Size, cfg.Size, 3*n)
	}
	return v.render(cfg, cfg.Size, cfg.Size, img, r, dst[:3*n])
}

// RenderFloat is Render before the rounding: dst gets values in [0, 1], RGB
// interleaved.
func (v *Renderer) RenderFloat(dst []float32, cfg *Config, img Image, r Recipe) error {
	n := cfg.Size * cfg.Size
	if len(dst) < 3*n {
		return fmt.Errorf("views: %d values for a view of %d x %d pixels; want %d", len(dst), cfg.Size, cfg.Size, 3*n)
	}
	if err := v.render(cfg, cfg.Size, cfg.Size, img, r, nil); err != nil {
		return err
	}
	for c, plane := range v.plane {
		for i, x := range plane[:n] {
			dst[3*i+c] = x
		}
	}
	return nil
}

// Render is Renderer.Render with scratch memory of its own, for single views.
func Render(dst []uint8, cfg *Config, img Image, r Recipe) error {
	return new(Renderer).Render(dst, cfg, img, r)
}

// render makes the view of width x height pixels: in bytes by what is done last,
// or where that is nil in v.plane.
func (v *Renderer) render(cfg *Config, width, height int, img Image, r Recipe, bytes []uint8) error {
	if err := r.check(); err != nil {
		return err
	}
	if err := img.check(r.Crop); err != nil {
		return err
	}
	blurs, extra := r.Sigma > 0, r.Extra != ([extras]Numbers{})
	last := func(more bool) []uint8 {
		if more {
			return nil
		}
		return bytes
	}
	v.reserve(width, height)
	v.resize(cfg.Filter, width, height, img, r)
	v.colour(width*height, &r, last(blurs || r.Solarize || extra))
	if blurs {
		v.blurBy(width, height, blurRadius(height), r.Sigma, last(r.Solarize || extra))
	}
	if r.Solarize {
		v.solarize(width*height, float32(cfg.Threshold), last(extra))
	}
	if extra {
		v.renderExtras(width, height, cfg, r.Extra)
		v.run(new(program).then(bytes), width*height, nil, bytes)
	}
	return nil
}

// lanes is how many samples the widest kernels handle at once. Buffers have
// that much slack.
const lanes = 16

func roundUp(n int) int { return (n + lanes - 1) / lanes * lanes }

func (v *Renderer) reserve(width, height int) {
	// Planes begin at different places of a page: a write to one does not hold up
	// the reading of the next.
	const page, offset = 1024, 336
	v.apart = (width*height+lanes-offset+page-1)/page*page + offset
	v.planes = grow(v.planes, 3*v.apart)
	for c := range v.plane {
		v.plane[c] = v.planes[c*v.apart:][: width*height+lanes : v.apart]
	}
}

// grow is a slice of n samples with slack, reusing s if it is large enough.
func grow(s []float32, n int) []float32 {
	if cap(s) < n+lanes {
		return make([]float32, n+lanes)
	}
	return s[:n+lanes]
}

func (v *Renderer) colour(n int, r *Recipe, bytes []uint8) {
	before, after, contrast := compile(r)
	if contrast {
		var sums sums
		v.run(&before, n, &sums, nil)
		mean := sums.means(n)
		after[0].b, after[0].c, after[0].d = mean[0], mean[1], mean[2]
	}
	v.run(after.then(bytes), n, nil, bytes)
}
