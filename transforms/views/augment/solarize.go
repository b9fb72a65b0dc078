package augment

// SolarizeConfig inverts the bright samples.
type SolarizeConfig struct {
	Solarize  float64 `json:"solarize,omitempty" yaml:"solarize,omitempty" range:"0..1" doc:"probability"`
	Threshold float64 `json:"threshold,omitempty" yaml:"threshold,omitempty" range:"0..1" doc:"x at or above it becomes 1-x: 0.5"`
}

var solarizing = operation{
	Operation: Operation{
		Name: "solarize", Doc: "inverts the samples at or above a threshold", Like: "BYOL's (appendix B)",
		Numbers: []Number{{Name: "solarised"}},
	},
	config: func(c *Config) any { return &c.SolarizeConfig },
	validate: func(c *Config, want wanted) {
		want.probability("Solarize", c.Solarize)
		want(c.Solarize == 0 || c.Threshold >= 0 && c.Threshold <= 1, "Threshold", c.Threshold, "0..1")
	},
	caption: func(r *Recipe) string { return when(r.Solarize, "solarize") },
}

func (v *Renderer) solarize(n int, threshold float32, bytes []uint8) {
	p := program{{op: opSolarize, a: threshold}}
	v.run(p.then(bytes), n, nil, bytes)
}

// invertAbove is solarize on one channel.
func invertAbove(x, threshold float32) float32 {
	if x >= threshold {
		return 1 - x
	}
	return x
}
