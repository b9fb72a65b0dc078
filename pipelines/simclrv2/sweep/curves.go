package sweep

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/retort-ml/retort/transforms/report/html"
)

const mostLines = 6 // in one chart

// Page is the table and its curves for people.
func (t *Table) Page(title, config string, notes []string) html.Sweep {
	columns, _ := t.varying()
	page := html.Sweep{Title: title, Confidence: t.Confidence, Points: t.Points, Done: t.Done, Notes: notes, Config: config, Columns: columns}
	best := html.Number(-1)
	for _, r := range t.Rows {
		best = max(best, r.Top1.Mean)
	}
	for _, r := range t.Rows {
		row := html.SweepRow{Model: r.Model, Arch: r.Arch, Params: r.Params, Seeds: len(r.Seeds), Best: r.Top1.Mean == best,
			Mean: r.Top1.Mean, Low: r.Top1.Low, High: r.Top1.High, Gain: r.Gain.Mean, GainLow: r.Gain.Low, GainHigh: r.Gain.High}
		for _, c := range columns {
			row.At = append(row.At, shownAt(c, r.At[c]))
		}
		page.Rows = append(page.Rows, row)
	}
	page.Charts = t.charts()
	return page
}

// charts draws each axis that has several values, a line for each combination of
// the other ones.
func (t *Table) charts() (charts []html.IntervalChart) {
	columns, values := t.varying()
	for _, x := range columns {
		ticks := slices.Clone(values[x])
		slices.SortStableFunc(ticks, compareLabels)
		for _, chart := range t.over(x, ticks, columns) {
			if len(chart.Series) > 0 {
				charts = append(charts, chart)
			}
		}
	}
	return charts
}

// compareLabels orders numbers as such, and what is none stays behind them.
func compareLabels(a, b string) int {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	switch {
	case errX == nil && errY == nil:
		return cmp.Compare(x, y)
	case errX == nil:
		return -1
	case errY == nil:
		return 1
	}
	return 0
}

// over are the charts along one axis: one of all models where their lines are
// few, else one a model.
func (t *Table) over(x string, ticks, columns []string) []html.IntervalChart {
	var all []html.IntervalChart
	lines := 0
	for _, model := range Models {
		chart := html.IntervalChart{Title: model + " by " + x, XLabel: x}
		for _, tick := range ticks {
			chart.X = append(chart.X, shownAt(x, tick))
		}
		at := map[string]int{}
		for _, r := range t.Rows {
			i := slices.Index(ticks, r.At[x])
			if r.Model != model || i < 0 {
				continue
			}
			name := lineName(r, x, columns)
			k, known := at[name]
			if !known {
				k = len(chart.Series)
				at[name] = k
				chart.Series = append(chart.Series, html.NewIntervalSeries(name, len(ticks)))
			}
			s := &chart.Series[k]
			s.Mean[i], s.Low[i], s.High[i] = r.Top1.Mean, r.Top1.Low, r.Top1.High
		}
		chart.Series = slices.DeleteFunc(chart.Series, func(s html.IntervalSeries) bool { return s.Points() < 2 })
		lines += len(chart.Series)
		all = append(all, chart)
	}
	if lines <= mostLines {
		return []html.IntervalChart{together(x, all)}
	}
	return apart(all)
}

// together is one chart of all models.
func together(x string, charts []html.IntervalChart) html.IntervalChart {
	one := html.IntervalChart{Title: "top-1 by " + x, XLabel: x, X: charts[0].X}
	for i, c := range charts {
		for _, s := range c.Series {
			s.Name = strings.TrimSuffix(Models[i]+", "+s.Name, ", ")
			one.Series = append(one.Series, s)
		}
	}
	return one
}

// apart cuts charts that have too many lines to tell apart.
func apart(charts []html.IntervalChart) (all []html.IntervalChart) {
	for _, c := range charts {
		for lines := range slices.Chunk(c.Series, mostLines) {
			one := c
			one.Series = lines
			all = append(all, one)
		}
	}
	return all
}

// lineName says where a line lies on the other axes.
func lineName(r Row, x string, columns []string) string {
	var words []string
	for _, c := range columns {
		if c == x || r.At[c] == "-" {
			continue
		}
		word := shownAt(c, r.At[c])
		switch c {
		case "fraction", "architecture":
		default:
			word = c + " " + word
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

// shownAt is a label as people read it.
func shownAt(column, label string) string {
	if x, err := strconv.ParseFloat(label, 64); err == nil && column == "fraction" {
		return strconv.FormatFloat(100*x, 'g', 4, 64) + " %"
	}
	return label
}
