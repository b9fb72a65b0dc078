// Package didyoumean guesses which known name a misspelt one was meant to be.
package didyoumean

import (
	"fmt"
	"strings"
)

// Hint returns `; did you mean "x"?` for the known name nearest to name, or
// `; known: a, b, c` where none is near.
func Hint(name string, known []string) string {
	if near := Near(name, known); near != "" || len(known) == 0 {
		return near
	}
	return "; known: " + strings.Join(known, ", ")
}

// Near is Hint for a message that lists what is known anyway: "" where none is near.
func Near(name string, known []string) string {
	if best := Nearest(name, known); best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	return ""
}

// Nearest is the name of those known that may have been meant; "" where none is near.
func Nearest(name string, known []string) string {
	best, distance := "", len(name)/2+1
	for _, k := range known {
		if d := levenshtein(strings.ToLower(name), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	return best
}

func levenshtein(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
