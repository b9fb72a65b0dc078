package html

import (
	"fmt"
	"html/template"
	"math"
	"strings"
)

// Geometry of a line chart.
const (
	chartW, chartH = 284.0, 190.0
	left, right    = 44.0, 10.0
	top, bottom    = 8.0, 34.0
	seriesStyles   = 6   // classes s0 … s5 in the style sheet
	thinAbove      = 480 // points of a series that are drawn as they are
	hoverStrips    = 64
)

// lineChart draws a chart; its title and legend are HTML around it.
func lineChart(ch Chart) template.HTML {
	lines := make([]Series, len(ch.Series))
	for i, s := range ch.Series {
		lines[i] = thin(s, thinAbove)
	}
	x, y, any := scales(ch, lines)
	c := newCanvas("chart", describe(ch), chartW, chartH)
	drawAxes(c, x, y, xLabel(ch))
	if !any {
		c.text("none", "middle", (left+chartW-right)/2, chartH/2-10, "no values")
		return c.done()
	}
	for i, s := range lines {
		drawSeries(c, s, i%seriesStyles, x, y)
	}
	for i, s := range lines {
		drawEnd(c, s, i%seriesStyles, x, y)
	}
	drawHover(c, ch, lines, x)
	return c.done()
}

func xLabel(ch Chart) string {
	if ch.XLabel == "" {
		return "step"
	}
	return ch.XLabel
}

// single tells whether the caption says where the line ends, so that no legend
// is needed.
func single(ch Chart) bool { return len(ch.Series) == 1 }

// unitName is written behind a chart's title.
func unitName(ch Chart) string {
	if ch.Unit == UnitShare {
		return ""
	}
	return ch.Unit
}

// AnyRestless tells whether some line of the page is drawn twice, see
// drawSeries.
func (r *Report) AnyRestless() bool {
	for _, t := range r.Trainings {
		for _, ch := range t.Charts {
			for _, s := range ch.Series {
				if restless(thin(s, thinAbove)) {
					return true
				}
			}
		}
	}
	return false
}

// describe is the chart in words, for those who do not see it.
func describe(ch Chart) string {
	parts := []string{ch.Title}
	for _, s := range ch.Series {
		if v, ok := last(s); ok {
			parts = append(parts, fmt.Sprintf("%s ends at %s", s.Name, value(v, ch.Unit)))
		}
	}
	return strings.Join(parts, "; ")
}

func last(s Series) (Number, bool) {
	for i := len(s.Y) - 1; i >= 0; i-- {
		if s.Y[i].Finite() {
			return s.Y[i], true
		}
	}
	return NaN(), false
}

// scales covers all points of all lines. A log axis needs positive values;
// with others among them the axis is linear.
func scales(ch Chart, lines []Series) (x, y scale, any bool) {
	xlo, xhi, ylo, yhi := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, s := range lines {
		for i := range s.X {
			if s.X[i].Finite() && s.Y[i].Finite() {
				any = true
				xlo, xhi = min(xlo, float64(s.X[i])), max(xhi, float64(s.X[i]))
				ylo, yhi = min(ylo, float64(s.Y[i])), max(yhi, float64(s.Y[i]))
			}
		}
	}
	log := ch.Log && any && ylo > 0
	if ch.From0 && !log {
		ylo, yhi = min(ylo, 0), max(yhi, 0)
	}
	x = newScale(xlo, xhi, left, chartW-right, false, false)
	y = newScale(ylo, yhi, chartH-bottom, top, log, ch.Unit == UnitShare).widened(5)
	return x, y, any
}

func drawAxes(c *canvas, x, y scale, name string) {
	ticks := y.ticks(5)
	for _, v := range ticks {
		c.line("grid", left, y.at(v), chartW-right, y.at(v))
		c.text("tick", "end", left-6, y.at(v)+3.5, y.label(v, stepOf(ticks)))
	}
	ticks = x.ticks(4)
	for _, v := range ticks {
		at := x.at(v)
		c.line("axis", at, chartH-bottom, at, chartH-bottom+4)
		label := x.label(v, stepOf(ticks))
		c.text("tick", "middle", min(at, chartW-3.4*float64(len(label))), chartH-bottom+15, label)
	}
	c.line("axis", left, chartH-bottom, chartW-right, chartH-bottom)
	c.text("tick", "middle", (left+chartW-right)/2, chartH-3, name)
}

func stepOf(ticks []float64) float64 {
	if len(ticks) < 2 {
		return 0.001
	}
	return ticks[1] - ticks[0]
}

// drawEnd marks where a line ends: the value that the caption quotes.
func drawEnd(c *canvas, s Series, style int, x, y scale) {
	for i := len(s.Y) - 1; i >= 0 && len(s.Y) > 1; i-- {
		if s.X[i].Finite() && s.Y[i].Finite() {
			c.printf(`<circle class="end s%d" cx="%s" cy="%s" r="3"/>`, style, num(x.at(float64(s.X[i]))), num(y.at(float64(s.Y[i]))))
			return
		}
	}
}

// drawSeries draws a line. A restless one is drawn faint, with its moving
// average over it.
func drawSeries(c *canvas, s Series, style int, x, y scale) {
	if restless(s) {
		drawLine(c, s, fmt.Sprintf("line raw s%d", style), x, y)
		s = smooth(s)
	}
	drawLine(c, s, fmt.Sprintf("line s%d", style), x, y)
}

func drawLine(c *canvas, s Series, class string, x, y scale) {
	var d strings.Builder
	pen, n := false, 0
	for i := range s.X {
		if !s.X[i].Finite() || !s.Y[i].Finite() {
			pen = false
			continue
		}
		op := 'L'
		if !pen {
			op, pen = 'M', true
		}
		n++
		fmt.Fprintf(&d, "%c%s %s", op, num(x.at(float64(s.X[i]))), num(y.at(float64(s.Y[i]))))
	}
	switch {
	case n == 1:
		at := strings.Fields(d.String()[1:])
		c.printf(`<circle class="%s" cx="%s" cy="%s" r="2.5"/>`, strings.Replace(class, "line", "point", 1), at[0], at[1])
	case n > 1:
		c.printf(`<path class="%s" d="%s"/>`, class, d.String())
	}
}

// drawHover lays strips over the chart that say the values below them.
func drawHover(c *canvas, ch Chart, lines []Series, x scale) {
	var xs []Number
	for _, s := range lines {
		if len(s.X) > len(xs) {
			xs = s.X
		}
	}
	n := min(len(xs), hoverStrips)
	for k := range n {
		i := 0
		if n > 1 {
			i = k * (len(xs) - 1) / (n - 1)
		}
		if !xs[i].Finite() {
			continue
		}
		at, w := x.at(float64(xs[i])), (chartW-left-right)/float64(n)
		c.printf(`<g class="hover"><rect x="%s" y="%s" width="%s" height="%s"/><path d="M%s %sV%s"/><title>%s</title></g>`,
			num(at-w/2), num(top), num(w), num(chartH-top-bottom), num(at), num(top), num(chartH-bottom), esc(hoverText(ch, lines, xs[i])))
	}
}

func hoverText(ch Chart, lines []Series, x Number) string {
	text := xLabel(ch) + " " + value(x, "")
	for _, s := range lines {
		if i := nearest(s.X, x); i >= 0 && s.Y[i].Finite() {
			text += "\n" + s.Name + " " + value(s.Y[i], ch.Unit)
		}
	}
	return text
}

func nearest(xs []Number, x Number) int {
	best, distance := -1, math.Inf(1)
	for i, v := range xs {
		if d := math.Abs(float64(v - x)); d < distance {
			best, distance = i, d
		}
	}
	return best
}
