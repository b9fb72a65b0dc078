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
	return r
}

// drawJitter draws the order and the factors (data_util.color_jitter_rand).
// Products are rounded by a conversion, here and everywhere: without it a
// compiler may fuse them with the sum that follows, on some machines.
func drawJitter(cfg *Config, factor [4]uint64, order uint64) Jitter {
	b := float64(cfg.Strength * cfg.Brightness)
	c := float64(cfg.Strength * cfg.Contrast)
	s := float64(cfg.Strength * cfg.Saturation)
	h := float64(cfg.Strength * cfg.Hue)
	j := Jitter{
		On: true, Order: permutation(order), Mode: cfg.Mode,
		Brightness: float32(between(factor[0], max(1-b, 0), 1+b)),
		Contrast:   float32(between(factor[1], 1-c, 1+c)),
		Saturation: float32(between(factor[2], 1-s, 1+s)),
		Hue:        float32(between(factor[3], -h, h)),
	}
	if cfg.Mode == Add {
		j.Brightness = float32(between(factor[0], -b, b))
	}
	return j
}

// permutation is uniform over the 24 orders of the four operations.
func permutation(word uint64) [4]Op {
	order := [4]Op{Brightness, Contrast, Saturation, Hue}
	for i, pick := 3, below(word, 24); i > 0; i-- {
		j := pick % (i + 1)
		pick /= i + 1
		order[i], order[j] = order[j], order[i]
	}
	return order
}
