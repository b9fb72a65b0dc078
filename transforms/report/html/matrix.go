package html

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"unicode/utf8"

	"github.com/retort-ml/retort/internal/units"
)

// Limits of what a confusion matrix shows.
const (
	heatMapClasses  = 40 // above, only the pairs are listed
	numberedClasses = 20 // above, cells hold no numbers
	narrowClasses   = 12 // above, a matrix takes the width of the page
	pairsShown      = 20
	pairsBelow      = 3 // shown below a matrix
	nameRunes       = 18
)

// className is the name of class i, or its number.
func (r *Report) className(i int) string {
	if i < len(r.Classes) && r.Classes[i] != "" {
		return r.Classes[i]
	}
	return fmt.Sprintf("class %d", i)
}

// heatMap draws a confusion matrix: a row for each class, shaded by the share
// of the row.
func (r *Report) heatMap(m Model) template.HTML {
	n := len(m.Confusion)
	cell := cellSize(n)
	longest := 0
	for i := range n {
		longest = max(longest, utf8.RuneCountInString(shorten(r.className(i), nameRunes)))
	}
	room := 26 + 6.4*float64(longest)
	slant := 12 + 4.7*float64(longest) // of the names above, at 45 degrees
	size := cell * float64(n)
	x0, y0 := room, slant+20
	w, h := x0+size+max(4, slant-cell), y0+size+2
	c := newCanvas("heat", fmt.Sprintf("Confusion matrix of %s: rows are true classes, columns predictions", m.Name), w, h)
	c.text("axisname", "start", x0, 11, "predicted →")
	c.printf(`<text class="axisname" text-anchor="middle" transform="translate(11 %s) rotate(-90)">← true class</text>`, num(y0+size/2))
	for i, row := range m.Confusion {
		name := shorten(r.className(i), nameRunes)
		mid := (float64(i) + 0.5) * cell
		c.text("name", "end", x0-6, y0+mid+4, name)
		c.printf(`<text class="name" transform="translate(%s %s) rotate(-45)">%s</text>`, num(x0+mid+3), num(y0-6), esc(name))
		r.heatRow(c, row, i, x0, y0, cell)
	}
	c.printf(`<rect class="frame" x="%s" y="%s" width="%s" height="%s"/>`, num(x0), num(y0), num(size), num(size))
	return c.done()
}

// cellSize leaves room for a number in small matrices, and for the whole of
// large ones.
func cellSize(n int) float64 {
	switch {
	case n <= 6:
		return 34
	case n <= numberedClasses:
		return 25
	}
	return max(13, 500/float64(n))
}

func (r *Report) heatRow(c *canvas, row []int64, i int, x0, y0, cell float64) {
	total := sum(row)
	for j, n := range row {
		if n == 0 && len(row) > numberedClasses {
			continue // an empty cell is the ground; large matrices are mostly empty
		}
		share := 0.0
		if total > 0 {
			share = float64(n) / float64(total)
		}
		kind := "miss"
		if i == j {
			kind = "hit"
		}
		x, y := x0+float64(j)*cell, y0+float64(i)*cell
		c.printf(`<g><rect class="%s" x="%s" y="%s" width="%s" height="%s" fill-opacity="%.3f"/>`, kind, num(x), num(y), num(cell), num(cell), shade(share))
		if n > 0 && len(row) <= numberedClasses {
			ink := "count"
			if shade(share) > 0.55 {
				ink = "count on"
			}
			c.text(ink, "middle", x+cell/2, y+cell/2+3.5, shortCount(n))
		}
		c.printf(`<title>%s, predicted %s: %s of %s (%.1f %%)</title></g>`, esc(r.className(i)), esc(r.className(j)), units.Count(n), units.Count(total), 100*share)
	}
}

// shade lifts small shares, so that rare confusions can be seen.
func shade(share float64) float64 {
	if share == 0 {
		return 0
	}
	return 0.06 + 0.94*share*(1.6-0.6*share)
}

// shortCount fits a cell.
func shortCount(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%.0fk", float64(n)/1000)
}

// pair is a class that is taken for another.
type pair struct {
	True, Guess string
	N, Of       int64
	Share       float64
}

// confusedPairs are the most frequent mistakes, by share of the true class.
func (r *Report) confusedPairs(m Model) []pair {
	var pairs []pair
	for i, row := range m.Confusion {
		total := sum(row)
		for j, n := range row {
			if i != j && n > 0 {
				pairs = append(pairs, pair{r.className(i), r.className(j), n, total, float64(n) / float64(total)})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(b.N, a.N))
	})
	return pairs[:min(len(pairs), pairsShown)]
}

// collapsed names the one class that a model always answers; "" where it knows
// more than one.
func (r *Report) collapsed(m Model) string {
	only := -1
	for _, row := range m.Confusion {
		for j, n := range row {
			if n > 0 && only >= 0 && j != only {
				return ""
			}
			if n > 0 {
				only = j
			}
		}
	}
	if only < 0 || len(m.Confusion) < 2 {
		return ""
	}
	return r.className(only)
}

func sum(row []int64) int64 {
	var total int64
	for _, n := range row {
		total += n
	}
	return total
}
