package augment

// FlipConfig is the mirror image, left to right.
type FlipConfig struct {
	Flip float64 `json:"flip" yaml:"flip" range:"0..1" doc:"probability of a mirror image, left-right"`
}

// The crop's resize does it, by writing its columns from right to left.
var flipping = operation{
	Operation: Operation{
		Name: "flip", Doc: "mirrors the view from left to right", Like: "TensorFlow's random_flip_left_right",
		Numbers: []Number{{Name: "flipped"}},
	},
	config:   func(c *Config) any { return &c.FlipConfig },
	validate: func(c *Config, want wanted) { want.probability("Flip", c.Flip) },
	caption:  func(r *Recipe) string { return when(r.Flip, "flip") },
}

// when is the word where something was done.
func when(done bool, word string) string {
	if done {
		return word
	}
	return ""
}
