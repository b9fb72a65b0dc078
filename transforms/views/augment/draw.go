package augment

// Draw decides on a view of an image of width x height pixels at full size
// (both at least 1): it draws every number that the view needs. cfg must be
// valid.
func Draw(cfg *Config, width, height int, key Key) Recipe {
	g := newGenerator(key)
	r := Recipe{Width: width, Height: height, Crop: drawCrop(cfg, width, height, &g)}
	chance, rest := g.block(chances), g.block(leftover)
	r.Flip = happens(rest[0], cfg.Flip)
	if happens(chance[0], cfg.Jitter) {
		r.Jitter = drawJitter(cfg, g.block(factors), rest[1])
	}
	r.Gray = happens(chance[1], cfg.Gray)
	if happens(chance[2], cfg.Blur) && blurRadius(cfg.Size) > 0 {
		r.Sigma = float32(between(rest[2], cfg.Sigma.Min, cfg.Sigma.Max))
	}
	r.Solarize = happens(chance[3], cfg.Solarize)
	if cfg.Extras != (Extras{}) {
		r.Extra = drawExtras(cfg, g)
	}
	return r
}
