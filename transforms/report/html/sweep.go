package html

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"

	"github.com/retort-ml/retort/internal/units"
)

//go:embed sweep.html
var sweepText string

var sweepPage = template.Must(template.New("sweep").Funcs(functions).Funcs(template.FuncMap{
	"intervals": intervalChart,
	"gain": func(r SweepRow) string {
		if !r.Gain.Finite() {
			return units.Unknown
		}
		return points(float64(r.Gain))
	},
	"span": func(low, high Number) string {
		if !low.Finite() || !high.Finite() {
			return ""
		}
		return strings.ReplaceAll(fmt.Sprintf("%.1f to %.1f", 100*low, 100*high), "-", "−")
	},
	"within": func(v Number) float64 { return 100 * min(1, max(0, float64(v))) },
	"finite": Number.Finite,
	"short":  units.Short,
}).Parse(headText + sweepText))

// Sweep is a page about many runs that differ in a few settings.
type Sweep struct {
	Title      string
	Confidence string // how the intervals are made
	Points     int    // asked for
	Done       int
	Notes      []string
	Columns    []string // settings that differ
	Rows       []SweepRow
	Charts     []IntervalChart
	Config     string // the file that asked for it
}

// SweepRow is a model at one place; shares in 0 to 1, NaN where unknown.
type SweepRow struct {
	Model                   string
	At                      []string // by column
	Arch                    string
	Params                  int64
	Seeds                   int
	Best                    bool
	Mean, Low, High         Number
	Gain, GainLow, GainHigh Number
}

// IntervalChart is a chart of shares with their intervals over named places,
// evenly set.
type IntervalChart struct {
	Title, XLabel string
	X             []string
	Series        []IntervalSeries
}

// IntervalSeries has a value for each of X; NaN where there is none.
type IntervalSeries struct {
	Name            string
	Mean, Low, High []Number
}

// NewIntervalSeries makes a series of n unknown values.
func NewIntervalSeries(name string, n int) IntervalSeries {
	s := IntervalSeries{Name: name}
	for range n {
		s.Mean, s.Low, s.High = append(s.Mean, NaN()), append(s.Low, NaN()), append(s.High, NaN())
	}
	return s
}

// Points counts the values that are known.
func (s IntervalSeries) Points() (n int) {
	for _, v := range s.Mean {
		if v.Finite() {
			n++
		}
	}
	return n
}

// RenderSweep writes the page; it fails only where w does.
func RenderSweep(w io.Writer, s Sweep) error {
	var b bytes.Buffer
	err := sweepPage.Execute(&b, struct {
		Sweep
		Style template.CSS
	}{s, template.CSS(pageStyle)})
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

// intervalChart draws a line of means a series, with a bar from end to end of
// each interval. Lines stand a little beside each other, so that bars do not
// hide each other.
func intervalChart(ch IntervalChart) template.HTML {
	const w, h = 420.0, 260.0
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, s := range ch.Series {
		for i := range s.Mean {
			for _, v := range []Number{s.Mean[i], s.Low[i], s.High[i]} {
				if v.Finite() {
					lo, hi = min(lo, float64(v)), max(hi, float64(v))
				}
			}
		}
	}
	y := newScale(max(lo, 0), min(hi, 1), h-bottom, top, false, true).widened(5)
	c := newCanvas("chart", describeIntervals(ch), w, h)
	ticks := y.ticks(5)
	for _, v := range ticks {
		c.line("grid", left, y.at(v), w-right, y.at(v))
		c.text("tick", "end", left-6, y.at(v)+3.5, y.label(v, stepOf(ticks)))
	}
	step := (w - left - right) / float64(max(1, len(ch.X)))
	for i, label := range ch.X {
		c.text("tick", "middle", left+(float64(i)+0.5)*step, h-bottom+15, shorten(label, max(4, int(step/6))))
	}
	c.line("axis", left, h-bottom, w-right, h-bottom)
	c.text("tick", "middle", (left+w-right)/2, h-3, ch.XLabel)
	for k, s := range ch.Series {
		beside := (float64(k) - float64(len(ch.Series)-1)/2) * min(9, step/float64(2*len(ch.Series)))
		drawIntervals(c, s, k%seriesStyles, y, func(i int) float64 { return left + (float64(i)+0.5)*step + beside })
	}
	return c.done()
}

func drawIntervals(c *canvas, s IntervalSeries, style int, y scale, x func(i int) float64) {
	line := Series{Name: s.Name}
	for i, v := range s.Mean {
		if v.Finite() { // over what is missing the line goes on
			line.X, line.Y = append(line.X, Number(x(i))), append(line.Y, v)
		}
	}
	drawLine(c, line, fmt.Sprintf("line s%d", style), scale{lo: 0, hi: 1, from: 0, to: 1}, y)
	for i, v := range s.Mean {
		if !v.Finite() {
			continue
		}
		name := s.Name + ": " + value(v, UnitShare)
		c.printf("<g>")
		if s.Low[i].Finite() && s.High[i].Finite() {
			low, high := max(float64(s.Low[i]), y.lo), min(float64(s.High[i]), y.hi)
			c.printf(`<path class="span s%d" d="M%s %sV%sM%s %sh6M%s %sh6"/>`, style, num(x(i)), num(y.at(low)), num(y.at(high)),
				num(x(i)-3), num(y.at(low)), num(x(i)-3), num(y.at(high)))
			name += fmt.Sprintf(", %s to %s", value(s.Low[i], UnitShare), value(s.High[i], UnitShare))
		}
		c.printf(`<circle class="end s%d" cx="%s" cy="%s" r="3"/><title>%s</title></g>`, style, num(x(i)), num(y.at(float64(v))), esc(name))
	}
}

// describeIntervals is the chart in words, for those who do not see it.
func describeIntervals(ch IntervalChart) string {
	parts := []string{ch.Title}
	for _, s := range ch.Series {
		for i, v := range s.Mean {
			if v.Finite() && i < len(ch.X) {
				parts = append(parts, fmt.Sprintf("%s at %s %s", s.Name, ch.X[i], value(v, UnitShare)))
			}
		}
	}
	return strings.Join(parts, "; ")
}
