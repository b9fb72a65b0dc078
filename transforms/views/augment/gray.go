package augment

// GrayConfig takes the colours away.
type GrayConfig struct {
	Gray float64 `json:"gray" yaml:"gray" range:"0..1" doc:"probability"`
}

// It ends the jitter's program of colours.
var graying = operation{
	Operation: Operation{
		Name: "gray", Doc: "gives all three channels the luma", Like: "TensorFlow's rgb_to_grayscale",
		Numbers: []Number{{Name: "gray"}},
	},
	config:   func(c *Config) any { return &c.GrayConfig },
	validate: func(c *Config, want wanted) { want.probability("Gray", c.Gray) },
	caption:  func(r *Recipe) string { return when(r.Gray, "gray") },
}

// luma is rgb_to_grayscale; its weights sum to 0.9999.
func luma(r, g, b float32) float32 {
	return float32(float32(0.2989*r)+float32(0.587*g)) + float32(0.114*b)
}
