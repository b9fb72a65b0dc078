package progress

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Count writes n with commas: 1,234,567.
func Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Bytes writes a size in decimal units: 1.5 MB.
func Bytes(n float64) string {
	for _, unit := range []string{"B", "kB", "MB", "GB"} {
		if n < 999.5 {
			if unit == "B" || n >= 99.5 {
				return fmt.Sprintf("%.0f %s", n, unit)
			}
			return fmt.Sprintf("%.1f %s", n, unit)
		}
		n /= 1000
	}
	return fmt.Sprintf("%.1f TB", n)
}

// Duration writes a time as a person would say it: 0.8 s, 42 s, 3 min 05 s, 2 h 10 min.
func Duration(d time.Duration) string {
	switch s := d.Seconds(); {
	case s < 9.95:
		return fmt.Sprintf("%.1f s", s)
	case s < 59.5:
		return fmt.Sprintf("%.0f s", s)
	case s < 3599.5:
		whole := int(s + 0.5)
		return fmt.Sprintf("%d min %02d s", whole/60, whole%60)
	default:
		minutes := int(s/60 + 0.5)
		return fmt.Sprintf("%d h %02d min", minutes/60, minutes%60)
	}
}

// Rate writes how many units go by in a second.
func Rate(perSecond float64) string {
	switch {
	case math.IsNaN(perSecond) || math.IsInf(perSecond, 0):
		return "?"
	case perSecond < 10:
		return fmt.Sprintf("%.2g", perSecond)
	}
	return Count(int64(perSecond + 0.5))
}

// Plural writes a number of things: 1 image, 2 images.
func Plural(n int64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + one + "s"
}
