package sweep

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/evaluate"
	"github.com/retort-ml/retort/transforms/report/html"
)

// Load reads what the evaluation of a point found.
func Load(g *pipelines.Graph, p *Point) (*evaluate.Results, error) {
	a, err := pipelines.LoadArtifact[pipelines.Metrics](g.At(p.Stage, ""))
	if err != nil {
		return nil, err
	}
	data, err := a.ReadFile(evaluate.MetricsName)
	if err != nil {
		return nil, err
	}
	var r evaluate.Results
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", a.At(evaluate.MetricsName), err)
	}
	return &r, nil
}

// Write writes the table in all its forms beside the stages of g. config is the
// file that asked for it.
func Write(g *pipelines.Graph, t *Table, outcomes []Outcome, config string) error {
	page := t.Page(title(outcomes), config, notes(outcomes))
	for name, write := range map[string]func(io.Writer) error{
		"table.csv":  t.WriteCSV,
		"table.md":   t.WriteMarkdown,
		"points.csv": func(w io.Writer) error { return WritePoints(w, outcomes, t.Columns) },
		"index.html": func(w io.Writer) error { return html.RenderSweep(w, page) },
		"table.json": func(w io.Writer) error {
			e := json.NewEncoder(w)
			e.SetIndent("", "  ")
			return e.Encode(t)
		},
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			return err
		}
		if err := g.WriteFile(name, b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func title(outcomes []Outcome) string {
	if len(outcomes) == 0 {
		return "sweep"
	}
	var names []string
	for _, source := range outcomes[0].Point.Config.Images {
		names = append(names, source[strings.LastIndexAny(strings.TrimRight(source, `/\`), `/\`)+1:])
	}
	return strings.Join(names, ", ")
}

// notes say what is not there.
func notes(outcomes []Outcome) (notes []string) {
	missing := 0
	for _, o := range outcomes {
		switch o.State() {
		case "failed":
			notes = append(notes, fmt.Sprintf("Failed: %s: %s", strings.TrimSuffix(o.Point.Name([]string{"fraction", "architecture", "selector", "student"}), ", "), o.Err))
		case "missing":
			missing++
		}
	}
	switch {
	case missing == 1:
		notes = append(notes, "1 point did not run yet.")
	case missing > 1:
		notes = append(notes, fmt.Sprintf("%d points did not run yet.", missing))
	}
	return notes
}
