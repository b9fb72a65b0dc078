package augment

import (
	"fmt"
	"math"
	"strings"
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

// BrightnessMode says what a jitter's brightness does.
type BrightnessMode string

// The brightness modes, by the names that the reference gives them.
const (
	Multiply BrightnessMode = "simclrv2" // x * U(max(1-0.8s, 0), 1+0.8s)
	Add      BrightnessMode = "simclrv1" // x + U(-0.8s, 0.8s)
)

// BrightnessModes lists every BrightnessMode.
var BrightnessModes = []BrightnessMode{Multiply, Add}

// Range is a closed interval.
type Range struct {
	Min float64 `json:"min" yaml:"min"`
	Max float64 `json:"max" yaml:"max"`
}

// Config is one kind of view. The zero value is not valid; begin with a preset.
// Probabilities are in 0..1 and decided for each view on its own.
type Config struct {
	Size int `json:"size" yaml:"size"` // the view's height and width in pixels, 1..4096

	// The crop. Proportion belongs to Centre; the five below it to TF and
	// Torchvision (which has no MinCovered).
	Sampler    Sampler `json:"sampler" yaml:"sampler"`
	Proportion float64 `json:"proportion,omitempty" yaml:"proportion,omitempty"`   // of the side, 0..1
	Area       Range   `json:"area,omitzero" yaml:"area,omitempty"`                // crop area / image area
	Aspect     Range   `json:"aspect,omitzero" yaml:"aspect,omitempty"`            // crop width / height
	MinCovered float64 `json:"min_covered,omitempty" yaml:"min_covered,omitempty"` // a second lower bound on the area: SimCLR's 0.1 overrules its 0.08
	Attempts   int     `json:"attempts,omitempty" yaml:"attempts,omitempty"`       // draws before the fallback (whole image; Torchvision: a centred crop)
	Filter     Filter  `json:"filter" yaml:"filter"`

	Flip float64 `json:"flip" yaml:"flip"` // probability of a mirror image, left-right

	// Colour jitter: brightness, contrast, saturation and hue, in a random
	// order, clipped to [0, 1] after each.
	Jitter     float64        `json:"jitter" yaml:"jitter"` // probability
	Strength   float64        `json:"strength" yaml:"strength"`
	Mode       BrightnessMode `json:"brightness_mode" yaml:"brightness_mode"`
	Brightness float64        `json:"brightness" yaml:"brightness"` // half-width of the factor at Strength 1: 0.8
	Contrast   float64        `json:"contrast" yaml:"contrast"`     // 0.8
	Saturation float64        `json:"saturation" yaml:"saturation"` // 0.8
	Hue        float64        `json:"hue" yaml:"hue"`               // in full turns: 0.2

	Gray float64 `json:"gray" yaml:"gray"` // probability

	Blur  float64 `json:"blur" yaml:"blur"`                      // probability
	Sigma Range   `json:"sigma,omitzero" yaml:"sigma,omitempty"` // of the blur in pixels; taps: 2*int((Size/10)/2)+1

	Solarize  float64 `json:"solarize,omitempty" yaml:"solarize,omitempty"`   // probability
	Threshold float64 `json:"threshold,omitempty" yaml:"threshold,omitempty"` // x at or above it becomes 1-x: 0.5
}

// MaxSize is the largest view side.
const MaxSize = 4096

// Validate checks every field and says which is wrong, its value and the
// values it may have.
func (c *Config) Validate() error {
	var bad []string
	want := func(ok bool, field string, value any, legal string) {
		if !ok {
			bad = append(bad, fmt.Sprintf("%s = %v; want %s", field, value, legal))
		}
	}
	probability := func(field string, p float64) { want(p >= 0 && p <= 1, field, p, "0..1") }
	want(c.Size >= 1 && c.Size <= MaxSize, "Size", c.Size, fmt.Sprintf("1..%d", MaxSize))
	want(oneOf(c.Filter, Filters), "Filter", fmt.Sprintf("%q", c.Filter), list(Filters))
	c.validateCrop(want)
	probability("Flip", c.Flip)
	probability("Jitter", c.Jitter)
	if c.Jitter > 0 {
		c.validateJitter(want)
	}
	probability("Gray", c.Gray)
	probability("Blur", c.Blur)
	want(c.Blur == 0 || c.Sigma.within(0.01, 1000), "Sigma", c.Sigma, "0.01 <= min <= max <= 1000")
	probability("Solarize", c.Solarize)
	want(c.Solarize == 0 || c.Threshold >= 0 && c.Threshold <= 1, "Threshold", c.Threshold, "0..1")
	if len(bad) > 0 {
		return fmt.Errorf("views: %s", strings.Join(bad, "; "))
	}
	return nil
}

func (c *Config) validateCrop(want func(bool, string, any, string)) {
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

func (c *Config) validateJitter(want func(bool, string, any, string)) {
	want(c.Strength >= 0 && c.Strength <= 1.25, "Strength", c.Strength, "0..1.25")
	want(oneOf(c.Mode, BrightnessModes), "Mode", fmt.Sprintf("%q", c.Mode), list(BrightnessModes))
	want(c.Brightness >= 0 && c.Brightness <= 10, "Brightness", c.Brightness, "0..10")
	for _, f := range []struct {
		name  string
		value float64
		most  float64
	}{{"Contrast", c.Contrast, 1}, {"Saturation", c.Saturation, 1}, {"Hue", c.Hue, 0.5}} {
		want(f.value >= 0 && f.value*c.Strength <= f.most+1e-9, f.name+" x Strength", f.value*c.Strength, fmt.Sprintf("0..%v", f.most))
	}
}

func (r Range) within(least, most float64) bool {
	return r.Min >= least && r.Min <= r.Max && r.Max <= most && !math.IsNaN(r.Max)
}

// String is the range as people write it.
func (r Range) String() string { return fmt.Sprintf("%v..%v", r.Min, r.Max) }

func oneOf[T comparable](v T, known []T) bool {
	for _, k := range known {
		if v == k {
			return true
		}
	}
	return false
}

func list[T ~string](known []T) string {
	names := make([]string, len(known))
	for i, k := range known {
		names[i] = string(k)
	}
	return strings.Join(names, " | ")
}
