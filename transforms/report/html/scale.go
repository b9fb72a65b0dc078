package html

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/retort-ml/retort/internal/units"
)

// scale maps values onto a stretch of the drawing.
type scale struct {
	lo, hi   float64 // values at the ends
	from, to float64 // coordinates of the ends
	log      bool
	share    bool
	step     float64 // between ticks; 0: to be found
}

func (s scale) at(v float64) float64 {
	lo, hi := s.lo, s.hi
	if s.log {
		v, lo, hi = math.Log(v), math.Log(lo), math.Log(hi)
	}
	return s.from + (v-lo)/(hi-lo)*(s.to-s.from)
}

// newScale covers lo..hi with a little room, so that a constant has a middle.
func newScale(lo, hi, from, to float64, log, share bool) scale {
	s := scale{lo: lo, hi: hi, from: from, to: to, log: log, share: share}
	switch {
	case lo > hi: // no value at all
		s.lo, s.hi, s.log = 0, 1, false
	case log:
		if hi < lo*1.5 {
			s.lo, s.hi = lo/1.5, hi*1.5
		}
	case hi-lo <= 1e-12*max(math.Abs(lo), math.Abs(hi), 1e-12):
		room := max(math.Abs(lo)*0.1, 1e-12)
		if share {
			room = 0.05
		}
		s.lo, s.hi = lo-room, hi+room
	}
	return s
}

// widened is the scale from tick to tick, so that no line leaves the grid. n is
// about how many ticks there are. A logarithmic scale stays as it is.
func (s scale) widened(n int) scale {
	if s.log {
		return s
	}
	step := roundStep(0.8 * (s.hi - s.lo) / float64(n))
	lo, hi := math.Floor(s.lo/step+1e-9)*step, math.Ceil(s.hi/step-1e-9)*step
	if hi-lo > 0 && !math.IsInf(hi-lo, 0) {
		s.lo, s.hi, s.step = lo, hi, step
	}
	return s
}

// ticks are round values within the scale, about n of them.
func (s scale) ticks(n int) []float64 {
	if s.log {
		if t := s.logTicks(n); len(t) >= 3 {
			return t
		}
	}
	step := s.step
	if step == 0 {
		step = roundStep(0.8 * (s.hi - s.lo) / float64(n))
	}
	var t []float64
	for k := math.Ceil(s.lo/step - 1e-9); k*step <= s.hi+step*1e-9 && len(t) < 4*n; k++ {
		t = append(t, k*step)
	}
	return t
}

// logTicks are powers of ten, with 2 and 5 between them where there is room.
func (s scale) logTicks(n int) []float64 {
	decades := math.Log10(s.hi / s.lo)
	every := max(1, int(math.Ceil(decades/float64(n+1))))
	var t []float64
	for e := int(math.Floor(math.Log10(s.lo))); e <= int(math.Ceil(math.Log10(s.hi))); e++ {
		for _, m := range []float64{1, 2, 5} {
			if m > 1 && decades > 2 || m == 1 && e%every != 0 {
				continue
			}
			if v := m * math.Pow10(e); v >= s.lo*(1-1e-9) && v <= s.hi*(1+1e-9) {
				t = append(t, v)
			}
		}
	}
	return t
}

// roundStep is the smallest of 1, 2, 2.5, 5 times a power of ten that is at
// least v.
func roundStep(v float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 2.5, 5} {
		if m*p >= v*(1-1e-9) {
			return m * p
		}
	}
	return 10 * p
}

// label writes a tick; step is the distance to the next one, which says how
// many digits matter.
func (s scale) label(v, step float64) string {
	if s.share {
		return decimals(100*v, 100*step) + " %"
	}
	switch a := math.Abs(v); {
	case v == 0:
		return "0"
	case s.log && math.Log10(s.hi/s.lo) > 1:
		return scientific(v, 3)
	case a >= 10000 && v == math.Trunc(v):
		return shortTick(v)
	case a < 1e-3 || a >= 1e7:
		return scientific(v, 3)
	}
	return decimals(v, step)
}

func shortTick(v float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1e9, " G"}, {1e6, " M"}, {1e3, " k"}} {
		if math.Abs(v) >= u.size {
			return strconv.FormatFloat(v/u.size, 'g', 4, 64) + u.name
		}
	}
	return units.Count(int64(v))
}

// decimals writes v with the digits that a step shows.
func decimals(v, step float64) string {
	digits := 0
	for x := math.Abs(step); digits < 6 && x > 0 && math.Abs(x-math.Round(x)) > 1e-6*max(1, x); x *= 10 {
		digits++
	}
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if strings.Trim(s, "-0.") == "" {
		return strings.TrimPrefix(s, "-")
	}
	return s
}

// value writes a measured value: four significant digits, or percents.
func value(v Number, unit string) string {
	switch f := float64(v); {
	case !v.Finite():
		return units.Unknown
	case unit == UnitShare:
		return fmt.Sprintf("%.1f %%", 100*f)
	case f == math.Trunc(f) && math.Abs(f) < 1e15:
		return units.Count(int64(f))
	default:
		return scientific(f, 4)
	}
}

// scientific writes v with some significant digits, the exponent short: 2e-6.
func scientific(v float64, digits int) string {
	s := strconv.FormatFloat(v, 'g', digits, 64)
	return strings.NewReplacer("e-0", "e-", "e+0", "e", "e+", "e").Replace(s)
}
