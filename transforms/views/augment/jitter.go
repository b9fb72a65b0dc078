package augment

import (
	"fmt"
	"math"
	"strings"
)

// BrightnessMode says what a jitter's brightness does.
type BrightnessMode string

// The brightness modes, by the names that the reference gives them.
const (
	Multiply BrightnessMode = "simclrv2" // x * U(max(1-0.8s, 0), 1+0.8s)
	Add      BrightnessMode = "simclrv1" // x + U(-0.8s, 0.8s)
)

// BrightnessModes lists every BrightnessMode.
var BrightnessModes = []BrightnessMode{Multiply, Add}

// JitterConfig is the colour jitter: brightness, contrast, saturation and hue, in a
// random order, clipped to [0, 1] after each.
type JitterConfig struct {
	Jitter     float64        `json:"jitter" yaml:"jitter" range:"0..1" doc:"probability"`
	Strength   float64        `json:"strength" yaml:"strength" range:"0..1.25" doc:"times the four below"`
	Mode       BrightnessMode `json:"brightness_mode" yaml:"brightness_mode" doc:"brightness multiplies or adds"`
	Brightness float64        `json:"brightness" yaml:"brightness" range:"0..10" doc:"half-width of the factor at strength 1: 0.8"`
	Contrast   float64        `json:"contrast" yaml:"contrast" range:"0..1" doc:"0.8"`
	Saturation float64        `json:"saturation" yaml:"saturation" range:"0..1" doc:"0.8"`
	Hue        float64        `json:"hue" yaml:"hue" range:"0..0.5" doc:"in full turns: 0.2"`
}

var jittering = operation{
	Operation: Operation{
		Name: "jitter", Doc: "changes brightness, contrast, saturation and hue, in a random order",
		Like: "SimCLR's color_jitter_rand",
		Numbers: []Number{{Name: "order", Doc: "first applied first: 0 brightness, 1 contrast, 2 saturation, 3 hue"},
			{Name: "brightness is an offset"}, {Name: "brightness, contrast, saturation", Doc: "factors"}, {Name: "hue", Doc: "in full turns"}},
	},
	config:   func(c *Config) any { return &c.JitterConfig },
	validate: (*Config).validateJitter,
	caption:  func(r *Recipe) string { return r.Jitter.caption() },
}

func (c *Config) validateJitter(want wanted) {
	want.probability("Jitter", c.Jitter)
	if c.Jitter == 0 {
		return
	}
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

// Op is one operation of the colour jitter.
type Op uint8

// The operations, by the codes that a recipe's order uses.
const (
	Brightness Op = iota
	Contrast
	Saturation
	Hue
)

// String is the operation's name.
func (o Op) String() string {
	return [...]string{"brightness", "contrast", "saturation", "hue"}[o&3]
}

// Jitter is the colour jitter of a view; the zero value leaves the colours
// alone.
type Jitter struct {
	On         bool
	Order      [4]Op // a permutation, first applied first
	Mode       BrightnessMode
	Brightness float32 // factor, or with Mode Add the offset
	Contrast   float32 // factor
	Saturation float32 // factor
	Hue        float32 // in full turns, -1..1
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

// check says what is impossible in a jitter that is on.
func (j *Jitter) check() error {
	if !j.On {
		return nil
	}
	var seen [4]bool
	for _, op := range j.Order {
		if op > Hue || seen[op] {
			return fmt.Errorf("views: recipe: order %v; want each of 0, 1, 2 and 3 once", [4]uint8{uint8(j.Order[0]), uint8(j.Order[1]), uint8(j.Order[2]), uint8(j.Order[3])})
		}
		seen[op] = true
	}
	if !oneOf(j.Mode, BrightnessModes) {
		return fmt.Errorf("views: recipe: brightness mode %q; want %s", j.Mode, list(BrightnessModes))
	}
	for _, f := range []struct {
		name     string
		value    float32
		from, to float64
	}{
		{"brightness", j.Brightness, -100, 100}, {"contrast", j.Contrast, 0, 100},
		{"saturation", j.Saturation, 0, 100}, {"hue", j.Hue, -1, 1},
	} {
		if x := float64(f.value); math.IsNaN(x) || x < f.from || x > f.to {
			return fmt.Errorf("views: recipe: %s = %v; want %v..%v", f.name, f.value, f.from, f.to)
		}
	}
	return nil
}

// caption is the operations with their numbers in the order in which they are done.
func (j Jitter) caption() string {
	if !j.On {
		return ""
	}
	var done []string
	for _, op := range j.Order {
		switch op {
		case Brightness:
			form := "b*%.2f"
			if j.Mode == Add {
				form = "b%+.2f"
			}
			done = append(done, fmt.Sprintf(form, j.Brightness))
		case Contrast:
			done = append(done, fmt.Sprintf("c*%.2f", j.Contrast))
		case Saturation:
			done = append(done, fmt.Sprintf("s*%.2f", j.Saturation))
		case Hue:
			done = append(done, fmt.Sprintf("h%+.2f", j.Hue))
		}
	}
	return strings.Join(done, " ")
}

func jitterStep(j *Jitter, op Op) step {
	switch op {
	case Contrast:
		return step{op: opContrast, a: j.Contrast}
	case Saturation:
		return step{op: opSaturation, a: j.Saturation}
	case Hue:
		// Whole turns change nothing.
		turn := j.Hue - float32(nearest(j.Hue))
		return step{op: opHue, a: float32(turn * 6)}
	}
	if j.Mode == Add {
		return step{op: opOffset, a: j.Brightness}
	}
	return step{op: opScale, a: j.Brightness}
}
