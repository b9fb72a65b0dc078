package augment

import (
	"fmt"
	"math"
)

// Sampler says how a crop is drawn.
type Sampler string

// The samplers.
const (
	// TF is TensorFlow's sample_distorted_bounding_box on the whole image:
	// aspect uniform, height uniform over whole pixels, the last offset
	// excluded.
	TF Sampler = "tf"
	// Torchvision is torchvision's RandomResizedCrop: area uniform, aspect
	// log-uniform, every offset included.
	Torchvision Sampler = "torchvision"
	// Centre is the evaluation crop: the largest centred box of the view's
	// aspect, times Proportion.
	Centre Sampler = "centre"
	// Whole takes the whole image.
	Whole Sampler = "whole"
)

// Samplers lists every Sampler.
var Samplers = []Sampler{TF, Torchvision, Centre, Whole}

// Filter says how a crop is resized.
type Filter string

// The filters. None of them averages when it shrinks (antialias=False).
const (
	// Bicubic is TensorFlow 2's: half-pixel centres, Keys' kernel with
	// A = -0.5, taps outside the crop left out and the rest renormalised.
	Bicubic Filter = "bicubic"
	// BicubicTF1 is TensorFlow 1's, with which the released SimCLR
	// checkpoints were trained: pixel corners at x*scale, A = -0.75, edge
	// pixels repeated.
	BicubicTF1 Filter = "bicubic-tf1"
)

// Filters lists every Filter.
var Filters = []Filter{Bicubic, BicubicTF1}

// CropConfig says which part of an image becomes the view. Proportion belongs to
// Centre; the five below it to TF and Torchvision (which has no MinCovered).
type CropConfig struct {
	Sampler    Sampler `json:"sampler" yaml:"sampler" doc:"how a crop is drawn"`
	Proportion float64 `json:"proportion,omitempty" yaml:"proportion,omitempty" range:"0<..1" doc:"of the side, for centre"`
	Area       Range   `json:"area,omitzero" yaml:"area,omitempty" range:"0<..1" doc:"crop area / image area"`
	Aspect     Range   `json:"aspect,omitzero" yaml:"aspect,omitempty" range:"0.01..100" doc:"crop width / height"`
	MinCovered float64 `json:"min_covered,omitempty" yaml:"min_covered,omitempty" range:"0..1" doc:"a second lower bound on the area: SimCLR's 0.1 overrules its 0.08"`
	Attempts   int     `json:"attempts,omitempty" yaml:"attempts,omitempty" range:"1..10000" doc:"draws before the fallback (whole image; torchvision: a centred crop)"`
	Filter     Filter  `json:"filter" yaml:"filter" doc:"how the crop is resized"`
}

var cropping = operation{
	Operation: Operation{
		Name: "crop", Doc: "cuts a box out of the image and resizes it to the view, bicubic, without antialiasing",
		Like:    "TensorFlow's sample_distorted_bounding_box and resize; torchvision's RandomResizedCrop draws likewise",
		Numbers: []Number{{Name: "source width, height"}, {Name: "x, y, width, height", Doc: "in pixels of the source image"}},
	},
	config:   func(c *Config) any { return &c.CropConfig },
	validate: (*Config).validateCrop,
	caption: func(r *Recipe) string {
		return fmt.Sprintf("%dx%d+%d+%d", r.Crop.W, r.Crop.H, r.Crop.X, r.Crop.Y)
	},
}

func (c *Config) validateCrop(want wanted) {
	want(oneOf(c.Filter, Filters), "Filter", fmt.Sprintf("%q", c.Filter), list(Filters))
	switch c.Sampler {
	case TF, Torchvision:
		want(c.Area.within(1e-6, 1), "Area", c.Area, "0 < min <= max <= 1")
		want(c.Aspect.within(0.01, 100), "Aspect", c.Aspect, "0.01 <= min <= max <= 100")
		want(c.MinCovered >= 0 && c.MinCovered <= 1, "MinCovered", c.MinCovered, "0..1")
		want(c.Attempts >= 1 && c.Attempts <= 10000, "Attempts", c.Attempts, "1..10000")
	case Centre:
		want(c.Proportion > 0 && c.Proportion <= 1, "Proportion", c.Proportion, "0 < proportion <= 1")
	case Whole:
	default:
		want(false, "Sampler", fmt.Sprintf("%q", c.Sampler), list(Samplers))
	}
}

// drawCrop draws the crop box for an image of width x height pixels.
func drawCrop(cfg *Config, width, height int, g *generator) Box {
	whole := Box{0, 0, width, height}
	switch cfg.Sampler {
	case TF:
		for i := range cfg.Attempts {
			if b, ok := tfCrop(cfg, width, height, g.block(attempts+uint64(i))); ok {
				return b
			}
		}
	case Torchvision:
		for i := range cfg.Attempts {
			if b, ok := torchCrop(cfg, width, height, g.block(attempts+uint64(i))); ok {
				return b
			}
		}
		return torchFallback(cfg, width, height)
	case Centre:
		return centreCrop(width, height, 1, 1, cfg.Proportion)
	}
	return whole
}

// tfCrop is one attempt of TensorFlow's sample_distorted_bounding_box over the
// whole image, in its float32 arithmetic (sample_distorted_bounding_box_op.cc).
func tfCrop(cfg *Config, width, height int, word [4]uint64) (Box, bool) {
	aspect := float32(between(word[0], cfg.Aspect.Min, cfg.Aspect.Max))
	minArea := float32(float32(cfg.Area.Min)*float32(width)) * float32(height)
	maxArea := float32(float32(cfg.Area.Max)*float32(width)) * float32(height)
	widthFor := func(h int) int { return nearest(float32(h) * aspect) }

	h := nearest(sqrt(minArea / aspect))
	most := nearest(sqrt(maxArea / aspect))
	if widthFor(most) > width {
		// The tallest crop whose rounded width still fits.
		most = int((float64(width) + 0.5 - 1e-7) / float64(aspect))
		if widthFor(most) > width {
			most--
		}
	}
	most = min(most, height)
	h = min(h, most)
	if h < most {
		h += below(word[1], most-h+1)
	}
	w := widthFor(h)
	// Rounding may have left the range of areas by a pixel.
	if float32(w*h) < minArea {
		h++
		w = widthFor(h)
	}
	if float32(w*h) > maxArea {
		h--
		w = widthFor(h)
	}
	area := float32(w * h)
	if area < minArea || area > maxArea || w < 1 || h < 1 || w > width || h > height {
		return Box{}, false
	}
	if area/float32(width*height) < float32(cfg.MinCovered) {
		return Box{}, false
	}
	b := Box{W: w, H: h}
	if h < height {
		b.Y = below(word[2], height-h)
	}
	if w < width {
		b.X = below(word[3], width-w)
	}
	return b, true
}

// torchCrop is one attempt of torchvision's RandomResizedCrop.get_params.
func torchCrop(cfg *Config, width, height int, word [4]uint64) (Box, bool) {
	area := float64(width) * float64(height) * between(word[0], cfg.Area.Min, cfg.Area.Max)
	aspect := cfg.Aspect.Min * exp(float64(unit(word[1])*logarithm(cfg.Aspect.Max/cfg.Aspect.Min)))
	w := int(math.RoundToEven(math.Sqrt(area * aspect)))
	h := int(math.RoundToEven(math.Sqrt(area / aspect)))
	if w < 1 || h < 1 || w > width || h > height {
		return Box{}, false
	}
	return Box{X: below(word[3], width-w+1), Y: below(word[2], height-h+1), W: w, H: h}, true
}

// torchFallback is the largest centred crop whose aspect is in range.
func torchFallback(cfg *Config, width, height int) Box {
	w, h := width, height
	switch aspect := float64(width) / float64(height); {
	case aspect < cfg.Aspect.Min:
		h = int(math.RoundToEven(float64(w) / cfg.Aspect.Min))
	case aspect > cfg.Aspect.Max:
		w = int(math.RoundToEven(float64(h) * cfg.Aspect.Max))
	}
	w, h = min(max(w, 1), width), min(max(h, 1), height)
	return Box{X: (width - w) / 2, Y: (height - h) / 2, W: w, H: h}
}

// centreCrop is the box of data_util.center_crop for views of outW x outH
// pixels: the largest of that aspect, times the proportion, centred (half a
// pixel down and right when it cannot be).
func centreCrop(width, height, outW, outH int, proportion float64) Box {
	aspect, p := float32(outW)/float32(outH), float32(proportion)
	w, h := float32(width), float32(height)
	var b Box
	if aspect > w/h {
		b.H = nearest(float32(p/aspect) * w)
		b.W = nearest(p * w)
	} else {
		b.H = nearest(p * h)
		b.W = nearest(float32(p*aspect) * h)
	}
	b.W, b.H = min(max(b.W, 1), width), min(max(b.H, 1), height)
	b.X, b.Y = (width-b.W+1)/2, (height-b.H+1)/2
	return b
}

// nearest rounds to the nearest whole number, halves to even (C's lrintf).
func nearest(x float32) int { return int(math.RoundToEven(float64(x))) }

// sqrt is correctly rounded: float64 carries more than twice float32's digits.
func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }

// check says what is impossible in a crop of an image.
func (b Box) check(width, height int) error {
	if b.X < 0 || b.Y < 0 || b.W < 1 || b.H < 1 || b.X+b.W > width || b.Y+b.H > height {
		return fmt.Errorf("views: recipe: crop %v outside the image of %d x %d pixels", b.Rect(), width, height)
	}
	return nil
}
