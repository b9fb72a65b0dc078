package augment

import "fmt"

// Renderer renders views one after another; it owns the scratch memory, so
// that in the steady state a view allocates nothing. It must not be used by
// two goroutines at once; make one for each worker. The zero value is ready.
type Renderer struct {
	across, down taps
	ring         [4][]float32 // resized rows of the source: R, G and B one after another
	ringRow      [4]int       // which source row each holds
	plane        [3][]float32 // the view: R, G and B, rows packed
	spare        []float32    // one plane between two zero margins of radius rows
	row          []float32    // one row between two zero margins
	pixels       []uint8      // the end of the source, padded
	kernel       []float32
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
	if err := v.render(cfg, cfg.Size, cfg.Size, img, r); err != nil {
		return err
	}
	quantize(dst[:3*n], v.plane[0], v.plane[1], v.plane[2])
	return nil
}

// RenderFloat is Render before the rounding: dst gets values in [0, 1], RGB
// interleaved.
func (v *Renderer) RenderFloat(dst []float32, cfg *Config, img Image, r Recipe) error {
	n := cfg.Size * cfg.Size
	if len(dst) < 3*n {
		return fmt.Errorf("views: %d values for a view of %d x %d pixels; want %d", len(dst), cfg.Size, cfg.Size, 3*n)
	}
	if err := v.render(cfg, cfg.Size, cfg.Size, img, r); err != nil {
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

// render leaves the view of width x height pixels in v.plane.
func (v *Renderer) render(cfg *Config, width, height int, img Image, r Recipe) error {
	if err := r.check(); err != nil {
		return err
	}
	if err := img.check(r.Crop); err != nil {
		return err
	}
	v.reserve(width, height)
	v.resize(cfg.Filter, width, height, img, r)
	v.colour(width*height, &r)
	if r.Sigma > 0 {
		v.blurBy(width, height, blurRadius(height), r.Sigma)
	}
	if r.Solarize {
		v.solarize(width*height, float32(cfg.Threshold))
	}
	if r.Extra != ([extras]Numbers{}) {
		v.renderExtras(width, height, cfg, r.Extra)
	}
	return nil
}

// lanes is how many samples the widest kernels handle at once. Buffers have
// that much slack.
const lanes = 16

func (v *Renderer) reserve(width, height int) {
	for c := range v.plane {
		v.plane[c] = grow(v.plane[c], width*height)
	}
	for i := range v.ring {
		v.ring[i] = grow(v.ring[i], 3*(width+lanes))
	}
}

// grow is a slice of n samples with slack, reusing s if it is large enough.
func grow(s []float32, n int) []float32 {
	if cap(s) < n+lanes {
		return make([]float32, n+lanes)
	}
	return s[:n+lanes]
}

func (v *Renderer) resize(filter Filter, width, height int, img Image, r Recipe) {
	columns, rows := extentOf(r.Crop.X, r.Crop.W, img.scale()), extentOf(r.Crop.Y, r.Crop.H, img.scale())
	v.across.set(filter, columns, width, r.Flip, 1.0/255)
	v.across.setPixels()
	v.down.set(filter, rows, height, false, 1)
	left, top := columns.first-img.X/img.scale(), rows.first-img.Y/img.scale()
	crop := img.Pix[3*(top*img.Width+left):]
	v.ringRow = [4]int{-1, -1, -1, -1}
	stride := width + lanes
	for y := range height {
		start := int(v.down.start[y])
		var w [4]float32
		var near [4][]float32
		for j := range w {
			w[j] = v.down.weight[j][y]
			near[j] = v.source(min(start+j, rows.n-1), stride, crop, 3*img.Width)
		}
		for c := range v.plane {
			weighRows(v.plane[c][y*width:], near[0][c*stride:], near[1][c*stride:], near[2][c*stride:], near[3][c*stride:], width, &w)
		}
	}
}

// source is row y of the crop, resized to the view's width: three planes,
// stride apart. The crop's rows begin in pix, pitch bytes apart.
func (v *Renderer) source(y, stride int, pix []uint8, pitch int) []float32 {
	slot := y % 4
	row := v.ring[slot]
	if v.ringRow[slot] == y {
		return row
	}
	v.ringRow[slot] = y
	src := pix[y*pitch:]
	if span := v.across.pixels.span; len(src) < span {
		// The kernels read past the last pixel.
		if cap(v.pixels) < span {
			v.pixels = make([]uint8, span)
		}
		copy(v.pixels[:span], src)
		src = v.pixels[:span]
	}
	v.across.row(row, stride, src)
	return row
}

func (v *Renderer) colour(n int, r *Recipe) {
	red, green, blue := v.plane[0], v.plane[1], v.plane[2]
	before, after, contrast := compile(r)
	before.run(red, green, blue, n)
	if contrast {
		after[0].b, after[0].c, after[0].d = mean(red[:n]), mean(green[:n]), mean(blue[:n])
	}
	after.run(red, green, blue, n)
}

// mean is the mean of a plane. Sixteen partial sums, one for each residue of
// the index, are what the widest kernel keeps.
func mean(x []float32) float32 {
	var sum [lanes]float64
	whole := len(x) / lanes * lanes
	addUp(&sum, x[:whole])
	addUpPortable(&sum, x[whole:])
	var total float64
	for _, s := range sum {
		total += s
	}
	return float32(total / float64(len(x)))
}

func addUpPortable(sum *[lanes]float64, x []float32) {
	for i, s := range x {
		sum[i%lanes] += float64(s)
	}
}
