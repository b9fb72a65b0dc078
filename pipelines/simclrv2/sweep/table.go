package sweep

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/retort-ml/retort/transforms/evaluate"
	"github.com/retort-ml/retort/transforms/report/html"
)

// Outcome is what became of a point.
type Outcome struct {
	Point   *Point
	Results *evaluate.Results // nil: there are none
	Err     string            // why there are none; empty: it did not run yet
}

// Table is what a sweep found.
type Table struct {
	Columns []string `json:"columns"` // axes, without the seed
	Rows    []Row    `json:"rows"`
	// Confidence says how the intervals are made.
	Confidence string `json:"confidence"`
	Points     int    `json:"points"` // asked for
	Done       int    `json:"done"`   // of them
}

// Row is one model at one place, over seeds. Shares are in 0 to 1.
type Row struct {
	Model  string            `json:"model"`
	At     map[string]string `json:"at"` // by column; "-" where it does not touch the model
	Arch   string            `json:"arch"`
	Params int64             `json:"params"`
	Seeds  []string          `json:"seeds"`
	Values []float64         `json:"values"` // top-1 by seed
	Top1   Estimate          `json:"top1"`
	Gain   Estimate          `json:"gain"` // top-1 above supervised-only of the same seed; N 0 where there is none
	Top5   float64           `json:"top5"` // means
	ECE    float64           `json:"ece"`
	KNN    float64           `json:"knn"`

	gains []float64
}

// Estimate is a mean over seeds with its 95 % confidence interval, which takes
// two seeds at least.
type Estimate struct {
	N    int         `json:"n"`
	Mean html.Number `json:"mean"`
	SD   html.Number `json:"sd"` // of the sample
	Low  html.Number `json:"low"`
	High html.Number `json:"high"`
}

const confidence = "mean over seeds; the interval is the 95 % one of Student's t with n - 1 degrees of freedom, on the spread between seeds (split, weights and data order change with the seed); gains are differences to supervised-only of the same seed"

// Tabulate gathers the outcomes.
func Tabulate(outcomes []Outcome, columns []string) *Table {
	t := &Table{Columns: columns, Confidence: confidence, Points: len(outcomes)}
	alone := map[string]float64{} // supervised-only, by place and seed
	at := map[string]int{}
	for _, o := range outcomes {
		if o.Results == nil {
			continue
		}
		t.Done++
		if m := o.Results.Models[supervised]; m != nil {
			alone[rowKey(supervised, o.Point, columns)+o.Point.At[seed]] = m.Top1
		}
	}
	for _, model := range Models {
		for _, o := range outcomes {
			if o.Results == nil || o.Results.Models[model] == nil {
				continue
			}
			key := rowKey(model, o.Point, columns)
			i, known := at[key]
			if !known {
				i = len(t.Rows)
				at[key] = i
				t.Rows = append(t.Rows, newRow(model, o.Point, columns))
			}
			base, paired := alone[rowKey(supervised, o.Point, columns)+o.Point.At[seed]]
			t.Rows[i].add(o.Point.At[seed], o.Results.Models[model], base, paired && model != supervised)
		}
	}
	for i := range t.Rows {
		t.Rows[i].finish()
	}
	return t
}

// touches tells whether an axis changes a model at all.
func touches(model, column string) bool {
	section, _, _ := strings.Cut(column, ".")
	if strings.HasPrefix(column, "evaluate.linear") {
		return model == linear
	}
	if column == "finetune.passes" { // all see these views
		return true
	}
	switch model {
	case supervised:
		return !slices.Contains([]string{"selector", "student", "pretrain", "views", "finetune", "distill"}, section)
	case linear:
		return !slices.Contains([]string{"selector", "student", "finetune", "distill", "baseline"}, section)
	case finetuned:
		return !slices.Contains([]string{"student", "distill", "baseline"}, section)
	}
	return section != "baseline"
}

func rowKey(model string, p *Point, columns []string) string {
	var b strings.Builder
	b.WriteString(model)
	for _, c := range columns {
		if touches(model, c) {
			b.WriteString("\x00" + p.At[c])
		}
	}
	return b.String() + "\x00"
}

func newRow(model string, p *Point, columns []string) Row {
	r := Row{Model: model, At: map[string]string{}}
	for _, c := range columns {
		r.At[c] = "-"
		if touches(model, c) {
			r.At[c] = p.At[c]
		}
	}
	return r
}

// add counts a seed in, once.
func (r *Row) add(at string, m *evaluate.Model, base float64, paired bool) {
	if slices.Contains(r.Seeds, at) {
		return
	}
	r.Seeds, r.Values = append(r.Seeds, at), append(r.Values, m.Top1)
	r.Arch, r.Params = m.Arch, m.Params
	r.Top5, r.ECE, r.KNN = r.Top5+m.Top5, r.ECE+m.ECE, r.KNN+m.KNN
	if paired {
		r.gains = append(r.gains, m.Top1-base)
	}
}

func (r *Row) finish() {
	n := float64(len(r.Values))
	r.Top5, r.ECE, r.KNN = r.Top5/n, r.ECE/n, r.KNN/n
	r.Top1, r.Gain = estimate(r.Values), estimate(r.gains)
}

// estimate is the mean of values and its interval.
func estimate(values []float64) Estimate {
	n := len(values)
	e := Estimate{N: n, Mean: html.NaN(), SD: html.NaN(), Low: html.NaN(), High: html.NaN()}
	if n == 0 {
		return e
	}
	var sum, squares float64
	for _, v := range values {
		sum += v
	}
	mean := sum / float64(n)
	e.Mean = html.Number(mean)
	if n == 1 {
		return e
	}
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	sd := math.Sqrt(squares / float64(n-1))
	half := student975(n-1) * sd / math.Sqrt(float64(n))
	e.SD, e.Low, e.High = html.Number(sd), html.Number(mean-half), html.Number(mean+half)
	return e
}

// student975 is the 97.5 % quantile of Student's t: half of a 95 % interval, in
// standard errors. Values of the common tables up to 10 degrees of freedom;
// above, Cornish and Fisher's expansion about the normal quantile, within 1e-4.
func student975(freedom int) float64 {
	table := []float64{12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281}
	if freedom <= len(table) {
		return table[freedom-1]
	}
	const z = 1.959964
	n := float64(freedom)
	return z + (z*z*z+z)/(4*n) + (5*math.Pow(z, 5)+16*z*z*z+3*z)/(96*n*n) +
		(3*math.Pow(z, 7)+19*math.Pow(z, 5)+17*z*z*z-15*z)/(384*n*n*n)
}

// varying are the columns that have more than one value in the rows, and their
// values in order.
func (t *Table) varying() (columns []string, values map[string][]string) {
	values = map[string][]string{}
	for _, r := range t.Rows {
		for _, c := range t.Columns {
			if v := r.At[c]; v != "-" && !slices.Contains(values[c], v) {
				values[c] = append(values[c], v)
			}
		}
	}
	maps.DeleteFunc(values, func(_ string, v []string) bool { return len(v) < 2 })
	for _, c := range t.Columns {
		if len(values[c]) > 1 {
			columns = append(columns, c)
		}
	}
	return columns, values
}
