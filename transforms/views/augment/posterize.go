package augment

import (
	"fmt"
	"math"
)

// PosterizeConfig keeps only the highest bits of every sample: torchvision's
// RandomPosterize(bits, p) on the finished 8-bit view (v & ^(2^(8-bits)-1), as
// Pillow's ImageOps.posterize). There bits may be 0, which makes every view black;
// here they begin at 1.
type PosterizeConfig struct {
	Posterize     float64 `json:"posterize,omitempty" yaml:"posterize" range:"0..1" doc:"probability of keeping only the highest bits of every sample"`
	PosterizeBits int     `json:"posterize_bits,omitempty" yaml:"posterize_bits" range:"1..8" default:"4" doc:"how many bits posterize keeps; 8 changes nothing"`
}

var posterizing = operation{
	Operation: Operation{
		Name: "posterize", Doc: "keeps only the highest bits of every sample",
		Like:    "torchvision's RandomPosterize, on the view's 8-bit samples; bits from 1 on",
		Numbers: []Number{{Name: "bits", From: 1, To: 8, Whole: true, Doc: "kept of 8"}},
	},
	config: func(c *Config) any { return &c.PosterizeConfig },
	extension: extension{
		tag:    1,
		chance: func(c *Config) float64 { return c.Posterize },
		draw:   func(c *Config, _ stream) Numbers { return Numbers{float32(c.PosterizeBits)} },
		render: func(v *Renderer, width, height int, _ *Config, n Numbers) {
			for _, plane := range v.plane {
				keepBits(plane[:width*height], uint(n[0]))
			}
		},
		words: func(n Numbers) string { return fmt.Sprintf("posterize %v", n[0]) },
	},
}

// keepBits rounds samples in [0, 1] to 8 bits and clears all but the highest.
func keepBits(samples []float32, bits uint) {
	const shift = 3 << 22 // see toByte
	keep := uint32(0xff) << (8 - bits) & 0xff
	for i, x := range samples {
		samples[i] = float32(math.Float32bits(float32(x*255)+shift)&keep) * (1.0 / 255)
	}
}
