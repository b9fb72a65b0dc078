package html

import (
	"fmt"
	"math"
	"strings"

	"github.com/retort-ml/retort/internal/units"
)

// row is a model in the summary table.
type row struct {
	Model
	Best              bool // the highest mean top-1
	Score, Sd         string
	Bar, Low, High    float64 // 0..100: top-1 and its 95 % interval
	Interval          string
	Gain              string // against the first row
	Fifth, Cal, Near  string
	Params, Size      string
	ParamsBy, SizeBy  string // against the teacher
	LabelText, OfText string
}

// Rows is the summary table: supervised, fine-tuned, distilled.
func (r *Report) Rows() []row {
	best := math.Inf(-1)
	for _, m := range r.Models {
		if mean, _, n := stats(m.Top1); n > 0 {
			best = max(best, mean)
		}
	}
	var out []row
	for i, m := range r.Models {
		out = append(out, r.row(i, m, best))
	}
	return out
}

func (r *Report) row(i int, m Model, best float64) row {
	teacher := r.teacher()
	mean, sd, n := stats(m.Top1)
	t := row{Model: m, Score: percent(mean, n), Fifth: percents(m.Top5), Cal: calibration(m.ECE), Near: percents(m.KNN),
		Best: n > 0 && mean == best && len(r.Models) > 1, LabelText: countOr(m.Labels), OfText: countOr(m.TestImages)}
	if n > 0 {
		t.Bar = 100 * min(1, max(0, mean))
	}
	if n > 1 {
		t.Sd = fmt.Sprintf("± %.1f", 100*sd)
	} else if n == 1 && m.TestImages > 0 {
		low, high := wilson(mean, m.TestImages)
		t.Low, t.High = 100*low, 100*high
		t.Interval = fmt.Sprintf("%.1f to %.1f", t.Low, t.High)
	}
	if first, _, k := stats(r.Models[0].Top1); i > 0 && n > 0 && k > 0 {
		t.Gain = points(mean - first)
	}
	t.Params, t.ParamsBy = quantity(m.Parameters, teacher.Parameters, m.Teacher, units.Short)
	t.Size, t.SizeBy = quantity(m.Bytes, teacher.Bytes, m.Teacher, units.Bytes)
	return t
}

// wilson is the 95 % score interval of a share p that was measured on n images
// (Wilson 1927). Unlike p ± 1.96 sd it stays within 0..1 and is not empty at
// its ends.
func wilson(p float64, n int64) (low, high float64) {
	const z = 1.96
	p, k := min(1, max(0, p)), float64(n)
	centre := (p + z*z/(2*k)) / (1 + z*z/k)
	half := z / (1 + z*z/k) * math.Sqrt(p*(1-p)/k+z*z/(4*k*k))
	return max(0, centre-half), min(1, centre+half)
}

// points writes a difference of shares in percentage points.
func points(d float64) string {
	text := fmt.Sprintf("%+.1f", 100*d)
	if text == "+0.0" || text == "-0.0" {
		return "0.0"
	}
	return strings.Replace(text, "-", "−", 1)
}

func (r *Report) teacher() Model {
	for _, m := range r.Models {
		if m.Teacher {
			return m
		}
	}
	return Model{}
}

// quantity writes n, and how it stands to the teacher's.
func quantity(n, teacher int64, isTeacher bool, write func(int64) string) (text, ratio string) {
	if n <= 0 {
		return units.Unknown, ""
	}
	if teacher <= 0 || isTeacher {
		return write(n), ""
	}
	return write(n), fmt.Sprintf("%s× teacher", trim(float64(n)/float64(teacher)))
}

func trim(v float64) string {
	if v >= 10 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.2g", v)
}

// Result is the headline, or one made from the models.
func (r *Report) Result() string {
	if r.Headline != "" || len(r.Models) == 0 {
		return r.Headline
	}
	first := r.Models[0]
	for i, m := range r.Models {
		mean, _, n := stats(m.Top1)
		if !m.Student || n == 0 {
			continue
		}
		text := fmt.Sprintf("The student is right on %.1f %% of %s test images", 100*mean, countOr(m.TestImages))
		if m.TestImages <= 0 {
			text = fmt.Sprintf("The student is right on %.1f %% of the test images", 100*mean)
		}
		base, _, k := stats(first.Top1)
		if i == 0 || k == 0 {
			return text + "."
		}
		labels := "labels"
		if first.Labels > 0 {
			labels = units.Count(first.Labels) + " labels"
		}
		text += fmt.Sprintf("; trained on the same %s alone, a network reaches %.1f %%.", labels, 100*base)
		if n == 1 && k == 1 && mean != base && withinNoise(mean, base, m.TestImages) {
			text += fmt.Sprintf(" The difference of %s points is within the noise of so few test images.", points(mean-base))
		}
		return text
	}
	return ""
}

// withinNoise tells whether two shares of n images each differ by less than
// 1.96 standard errors. Both were measured on the same images, which this
// ignores: it rather says noise than not.
func withinNoise(a, b float64, n int64) bool {
	if n <= 0 {
		return false
	}
	se := math.Sqrt((a*(1-a) + b*(1-b)) / float64(n))
	return math.Abs(a-b) <= 1.96*se
}

// Seeds is how many repeats the table's means are of.
func (r *Report) Seeds() int {
	n := 0
	for _, m := range r.Models {
		n = max(n, len(m.Top1))
	}
	return n
}

// stats are mean and sample standard deviation over what is finite.
func stats(values []Number) (mean, sd float64, n int) {
	for _, v := range values {
		if v.Finite() {
			mean += float64(v)
			n++
		}
	}
	if n == 0 {
		return math.NaN(), math.NaN(), 0
	}
	mean /= float64(n)
	for _, v := range values {
		if v.Finite() {
			sd += (float64(v) - mean) * (float64(v) - mean)
		}
	}
	if n > 1 {
		sd = math.Sqrt(sd / float64(n-1))
	}
	return mean, sd, n
}

func percent(v float64, n int) string {
	if n == 0 {
		return units.Unknown
	}
	return fmt.Sprintf("%.1f", 100*v)
}

func percents(values []Number) string {
	mean, sd, n := stats(values)
	if n > 1 {
		return fmt.Sprintf("%.1f ± %.1f", 100*mean, 100*sd)
	}
	return percent(mean, n)
}

func calibration(values []Number) string {
	switch mean, sd, n := stats(values); n {
	case 0:
		return units.Unknown
	case 1:
		return fmt.Sprintf("%.3f", mean)
	default:
		return fmt.Sprintf("%.3f ± %.3f", mean, sd)
	}
}

func countOr(n int64) string {
	if n <= 0 {
		return units.Unknown
	}
	return units.Count(n)
}
