package sweep

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/retort-ml/retort/transforms/report/html"
)

// WriteText writes the table for people: the columns that vary, top-1 and gain
// in percent with half their interval.
func (t *Table) WriteText(w io.Writer) error {
	columns, _ := t.varying()
	tab := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(tab, strings.Join(append(append([]string{"model"}, columns...), "seeds", "top-1, %", "gain", "parameters"), "\t"))
	t.lines(tab, columns, "\t", "", "")
	if err := tab.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%d of %d points; %s\n", t.Done, t.Points, t.Confidence)
	return err
}

// WriteMarkdown writes the same as a table in Markdown.
func (t *Table) WriteMarkdown(w io.Writer) error {
	columns, _ := t.varying()
	head := append(append([]string{"model"}, columns...), "seeds", "top-1, %", "gain", "parameters")
	fmt.Fprintf(w, "| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("-|", len(head)))
	t.lines(w, columns, " | ", "| ", " |")
	_, err := fmt.Fprintf(w, "\n%d of %d points; %s.\n", t.Done, t.Points, t.Confidence)
	return err
}

func (t *Table) lines(w io.Writer, columns []string, between, before, after string) {
	for _, r := range t.Rows {
		cells := []string{r.Model}
		for _, c := range columns {
			cells = append(cells, shownAt(c, r.At[c]))
		}
		cells = append(cells, strconv.Itoa(len(r.Seeds)), percent(r.Top1, "%.1f"), percent(r.Gain, "%+.1f"), strconv.FormatInt(r.Params, 10))
		fmt.Fprintf(w, "%s%s%s\n", before, strings.Join(cells, between), after)
	}
}

// percent writes "41.2 ± 1.3", the latter half the interval.
func percent(e Estimate, format string) string {
	if e.N == 0 {
		return "-"
	}
	text := fmt.Sprintf(format, 100*float64(e.Mean))
	if e.N > 1 {
		text += fmt.Sprintf(" ± %.1f", 50*float64(e.High-e.Low))
	}
	return text
}

// WriteCSV writes the table with all columns, shares in 0 to 1; what is unknown
// is empty.
func (t *Table) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	head := append([]string{"model"}, t.Columns...)
	_ = c.Write(append(head, "seeds", "top1", "sd", "low", "high", "gain", "gain_low", "gain_high", "top5", "ece", "knn", "arch", "params")) // Flush has the error
	for _, r := range t.Rows {
		cells := []string{r.Model}
		for _, column := range t.Columns {
			cells = append(cells, r.At[column])
		}
		cells = append(cells, strings.Join(r.Seeds, " "))
		for _, x := range []html.Number{r.Top1.Mean, r.Top1.SD, r.Top1.Low, r.Top1.High, r.Gain.Mean, r.Gain.Low, r.Gain.High, html.Number(r.Top5), html.Number(r.ECE), html.Number(r.KNN)} {
			cells = append(cells, number(x))
		}
		_ = c.Write(append(cells, r.Arch, strconv.FormatInt(r.Params, 10)))
	}
	c.Flush()
	return c.Error()
}

// WritePoints writes every point as CSV: what it found by model, or why not.
func WritePoints(w io.Writer, outcomes []Outcome, columns []string) error {
	c := csv.NewWriter(w)
	head := append([]string{"part"}, columns...)
	_ = c.Write(append(head, "seed", "model", "top1", "top5", "ece", "knn", "state", "stage", "error"))
	for _, o := range outcomes {
		for _, model := range o.Point.Models {
			cells := []string{o.Point.Part}
			for _, column := range columns {
				cells = append(cells, o.Point.At[column])
			}
			cells = append(cells, o.Point.At[seed], model)
			if o.Results != nil && o.Results.Models[model] != nil {
				m := o.Results.Models[model]
				for _, x := range []float64{m.Top1, m.Top5, m.ECE, m.KNN} {
					cells = append(cells, number(html.Number(x)))
				}
			} else {
				cells = append(cells, "", "", "", "")
			}
			_ = c.Write(append(cells, o.State(), o.Point.Stage, o.Err))
		}
	}
	c.Flush()
	return c.Error()
}

// State is done, failed or missing.
func (o Outcome) State() string {
	switch {
	case o.Results != nil:
		return "done"
	case o.Err != "":
		return "failed"
	}
	return "missing"
}

func number(x html.Number) string {
	if !x.Finite() {
		return ""
	}
	return strconv.FormatFloat(float64(x), 'g', 6, 64)
}
