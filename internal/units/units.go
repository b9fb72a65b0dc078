// Package units writes quantities the way people read them: 50,000 · 1.2 MB ·
// 3 min 05 s. It is the one place for this, so that the terminal, the report
// and the graph agree.
package units

import (
	"fmt"
	"math"
	"strconv"
)

// Unknown stands for a quantity that is not a number.
const Unknown = "–"

// Count groups the digits of n by thousands: 1,281,167.
func Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// Short writes n with three significant digits and a factor: 11.2 M.
func Short(n int64) string {
	if -10000 < n && n < 10000 {
		return Count(n)
	}
	return scaled(float64(n), []string{"", " k", " M", " G", " T", " P", " E"})
}

// Bytes writes a size in powers of 1000: 31.0 MB.
func Bytes(n int64) string {
	return scaled(float64(n), []string{" B", " kB", " MB", " GB", " TB", " PB", " EB"})
}

// scaled divides v by thousands until it has at most three digits before the
// point; 999.5 counts as 1000 because it would be rounded to that.
func scaled(v float64, suffix []string) string {
	i := 0
	for math.Abs(v) >= 999.5 && i < len(suffix)-1 {
		v /= 1000
		i++
	}
	switch a := math.Abs(v); {
	case i == 0 || a >= 99.95:
		return fmt.Sprintf("%.0f%s", v, suffix[i])
	case a >= 9.995:
		return fmt.Sprintf("%.1f%s", v, suffix[i])
	default:
		return fmt.Sprintf("%.2f%s", v, suffix[i])
	}
}

// Seconds writes a duration given in seconds: 85 ms, 4.2 s, 3 min 05 s,
// 2 h 10 min, 5 d 3 h.
func Seconds(s float64) string {
	if math.IsNaN(s) || math.IsInf(s, 0) {
		return Unknown
	}
	if s < 0 {
		return "-" + Seconds(-s)
	}
	switch whole := int64(math.Round(min(s, 1e15))); {
	case s == 0:
		return "0 s"
	case s < 0.0005:
		return "<1 ms"
	case s < 0.9995:
		return fmt.Sprintf("%.0f ms", s*1000)
	case s < 9.95:
		return fmt.Sprintf("%.1f s", s)
	case whole < 60:
		return fmt.Sprintf("%d s", whole)
	case whole < 3600:
		return fmt.Sprintf("%d min %02d s", whole/60, whole%60)
	case whole < 48*3600:
		return fmt.Sprintf("%d h %02d min", whole/3600, whole/60%60)
	case s < 1e14:
		return fmt.Sprintf("%d d %d h", whole/86400, whole/3600%24)
	default:
		return fmt.Sprintf("%.2g s", s)
	}
}
