package augment

import (
	"fmt"
	"math"
	"strings"
)

// Range is a closed interval.
type Range struct {
	Min float64 `json:"min" yaml:"min"`
	Max float64 `json:"max" yaml:"max"`
}

// Config is one kind of view: its size, and the settings of every operation, which
// are declared where the operation is. The zero value is not valid; begin with a
// preset. Probabilities are in 0..1 and decided for each view on its own.
type Config struct {
	Size int `json:"size" yaml:"size"` // the view's height and width in pixels, 1..4096

	CropConfig     `yaml:",inline"`
	FlipConfig     `yaml:",inline"`
	JitterConfig   `yaml:",inline"`
	GrayConfig     `yaml:",inline"`
	BlurConfig     `yaml:",inline"`
	SolarizeConfig `yaml:",inline"`
	Extras         `yaml:",inline"`
}

// MaxSize is the largest view side.
const MaxSize = 4096

// wanted notes what is wrong with a field, its value and the values it may have.
type wanted func(ok bool, field string, value any, legal string)

// Validate checks every field and says which is wrong, its value and the
// values it may have.
func (c *Config) Validate() error {
	var bad []string
	want := func(ok bool, field string, value any, legal string) {
		if !ok {
			bad = append(bad, fmt.Sprintf("%s = %v; want %s", field, value, legal))
		}
	}
	want(c.Size >= 1 && c.Size <= MaxSize, "Size", c.Size, fmt.Sprintf("1..%d", MaxSize))
	for _, op := range operations {
		op.check(c, want)
	}
	if len(bad) > 0 {
		return fmt.Errorf("views: %s", strings.Join(bad, "; "))
	}
	return nil
}

// probability wants p to be one.
func (want wanted) probability(field string, p float64) { want(p >= 0 && p <= 1, field, p, "0..1") }

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
