package html

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed head.html
var headText string

//go:embed page.html
var pageText string

//go:embed style.css
var pageStyle string

var page = template.Must(template.New("report").Funcs(functions).Parse(headText + pageText))

// Render writes the page. It fails only where w does, or where a part of the
// report contradicts itself (a confusion matrix that is not square), and then
// writes nothing.
func Render(w io.Writer, r Report) error {
	if err := r.check(); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	var b bytes.Buffer
	if err := page.Execute(&b, &pageData{Report: &r, Style: template.CSS(pageStyle)}); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// pageData is what the template sees.
type pageData struct {
	*Report
	Style template.CSS
}

// check refuses what cannot be drawn.
func (r *Report) check() error {
	for _, m := range r.Models {
		for i, row := range m.Confusion {
			if len(row) != len(m.Confusion) {
				return fmt.Errorf("models: %s: confusion matrix: row %d has %d columns; want %d", m.Name, i, len(row), len(m.Confusion))
			}
			for j, n := range row {
				if n < 0 {
					return fmt.Errorf("models: %s: confusion matrix: row %d, column %d is %d; want >= 0", m.Name, i, j, n)
				}
			}
		}
	}
	for _, t := range r.Trainings {
		for _, c := range t.Charts {
			for _, s := range c.Series {
				if len(s.X) != len(s.Y) {
					return fmt.Errorf("trainings: %s: %s: %s has %d x and %d y values", t.Stage, c.Title, s.Name, len(s.X), len(s.Y))
				}
			}
		}
	}
	return nil
}
