package html

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/retort-ml/retort/internal/units"
)

// classesShown is how many classes the table shows before it folds; with
// more, the hardest come first.
const classesShown = 40

// classRow is a class in the table of classes.
type classRow struct {
	Name   string
	N      string // test images
	Recall []cell // a model each
	last   float64
}

type cell struct {
	Text string
	Bar  float64 // 0..100
}

// classTable is what each model gets right of each class.
type classTable struct {
	Models []string
	Shown  []classRow
	Folded []classRow
	Sorted bool // hardest first, not in the order of the labels
}

// ClassTable is drawn from the confusion matrices.
func (r *Report) ClassTable() classTable {
	var t classTable
	var models []Model
	n := 0
	for _, m := range r.Models {
		if len(m.Confusion) > 0 {
			models = append(models, m)
			t.Models = append(t.Models, m.Name)
			n = max(n, len(m.Confusion))
		}
	}
	rows := make([]classRow, 0, n)
	for i := range n {
		rows = append(rows, r.classRow(i, models))
	}
	if t.Sorted = n > classesShown; t.Sorted {
		slices.SortStableFunc(rows, func(a, b classRow) int { return cmp.Compare(a.last, b.last) })
	}
	t.Shown = rows[:min(n, classesShown)]
	t.Folded = rows[len(t.Shown):]
	return t
}

func (r *Report) classRow(i int, models []Model) classRow {
	row := classRow{Name: r.className(i), N: units.Unknown, last: 2}
	for _, m := range models {
		c := cell{Text: units.Unknown}
		if i < len(m.Confusion) {
			if total := sum(m.Confusion[i]); total > 0 {
				share := float64(m.Confusion[i][i]) / float64(total)
				row.N, row.last = units.Count(total), share
				c = cell{fmt.Sprintf("%.1f", 100*share), 100 * share}
			}
		}
		row.Recall = append(row.Recall, c)
	}
	return row
}

// confusions are the models with a matrix.
func (r *Report) Confusions() []Model {
	return slices.DeleteFunc(slices.Clone(r.Models), func(m Model) bool { return len(m.Confusion) == 0 })
}

// Calibrations are the models with a reliability diagram.
func (r *Report) Calibrations() []Model {
	return slices.DeleteFunc(slices.Clone(r.Models), func(m Model) bool { return len(m.Calibration) == 0 })
}
