package augment

import (
	"fmt"
	"math"
)

// CutoutConfig paints a rectangle of the finished view over: torchvision's
// RandomErasing(p, scale, ratio, value), by Zhong et al. 2017 (arXiv:1708.04896). The
// area is uniform, the aspect log-uniform, each place equally likely, the rectangle
// smaller than the view both ways; after ten vain attempts nothing is erased. The
// value there is of normalised samples, of which 0 is about the mean; views are not
// normalised, so that 0 is black and 0.5 gray. value="random" has no counterpart.
type CutoutConfig struct {
	Cutout          float64 `json:"cutout,omitempty" yaml:"cutout" range:"0..1" doc:"probability of erasing a rectangle of the view (random erasing)"`
	CutoutMinArea   float64 `json:"cutout_min_area,omitempty" yaml:"cutout_min_area" range:"0<..1" default:"0.02" doc:"least area of the rectangle, as a share of the view's"`
	CutoutMaxArea   float64 `json:"cutout_max_area,omitempty" yaml:"cutout_max_area" range:"0<..1" default:"0.33" doc:"largest area of the rectangle"`
	CutoutMinAspect float64 `json:"cutout_min_aspect,omitempty" yaml:"cutout_min_aspect" range:"0<..100" default:"0.3" doc:"least height / width of the rectangle"`
	CutoutMaxAspect float64 `json:"cutout_max_aspect,omitempty" yaml:"cutout_max_aspect" range:"0<..100" default:"3.3" doc:"largest height / width of the rectangle"`
	CutoutFill      float64 `json:"cutout_fill,omitempty" yaml:"cutout_fill" range:"0..1" doc:"what the rectangle is filled with: 0 black, 1 white"`
}

var cuttingOut = operation{
	Operation: Operation{
		Name: "cutout", Doc: "paints a rectangle of the view over",
		Like: "torchvision's RandomErasing with a number as value; 0 is black, not the mean",
		Numbers: []Number{
			{Name: "width", From: 1, To: MaxSize, Whole: true, Doc: "in pixels of the view"}, {Name: "height", From: 1, To: MaxSize, Whole: true},
			{Name: "x", To: MaxSize, Whole: true}, {Name: "y", To: MaxSize, Whole: true},
		},
	},
	config: func(c *Config) any { return &c.CutoutConfig },
	validate: func(c *Config, want wanted) {
		want(c.CutoutMinArea <= c.CutoutMaxArea, "CutoutMinArea", c.CutoutMinArea, fmt.Sprintf("at most CutoutMaxArea, %v", c.CutoutMaxArea))
		want(c.CutoutMinAspect <= c.CutoutMaxAspect, "CutoutMinAspect", c.CutoutMinAspect, fmt.Sprintf("at most CutoutMaxAspect, %v", c.CutoutMaxAspect))
	},
	extension: extension{
		tag:    2,
		chance: func(c *Config) float64 { return c.Cutout },
		draw:   drawCutout,
		render: func(v *Renderer, width, height int, c *Config, n Numbers) {
			for _, plane := range v.plane {
				fillBox(plane, width, height, n, float32(c.CutoutFill))
			}
		},
		words: func(n Numbers) string { return fmt.Sprintf("cutout %vx%v+%v+%v", n[0], n[1], n[2], n[3]) },
	},
}

// drawCutout is RandomErasing.get_params for a view; block i+1 is of attempt i.
func drawCutout(c *Config, s stream) Numbers {
	size := float64(c.Size)
	for i := range uint32(10) {
		word := s.block(i + 1)
		area := size * size * between(word[0], c.CutoutMinArea, c.CutoutMaxArea)
		aspect := c.CutoutMinAspect * exp(float64(unit(word[1])*logarithm(c.CutoutMaxAspect/c.CutoutMinAspect)))
		h := int(math.RoundToEven(math.Sqrt(area * aspect)))
		w := int(math.RoundToEven(math.Sqrt(area / aspect)))
		if w >= 1 && h >= 1 && w < c.Size && h < c.Size {
			x, y := below(word[2], c.Size-w+1), below(word[3], c.Size-h+1)
			return Numbers{float32(w), float32(h), float32(x), float32(y)}
		}
	}
	return Numbers{}
}

// fillBox sets the samples of a box, as far as it lies in the view.
func fillBox(plane []float32, width, height int, n Numbers, fill float32) {
	x, y := int(n[2]), int(n[3])
	for row := y; row < min(y+int(n[1]), height); row++ {
		for at := x; at < min(x+int(n[0]), width); at++ {
			plane[row*width+at] = fill
		}
	}
}
