package progress

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/pipelines"
)

// Metrics is what an evaluation found, by model: "supervised" (the few labels
// only), "linear" (linear evaluation), "finetuned" (the teacher), "distilled" (the student).
type Metrics struct {
	Models map[string]ModelMetrics `json:"models"`
}

// ModelMetrics are the figures of one model on the test images, in 0 to 1.
type ModelMetrics struct {
	Top1   float64  `json:"top1"`
	Top5   float64  `json:"top5"`
	ECE    float64  `json:"ece"` // expected calibration error
	KNN    *float64 `json:"knn,omitempty"`
	Params int64    `json:"params"`
}

// LoadMetrics reads an evaluation's metrics.json, at a path or URL.
func LoadMetrics(url string) (Metrics, error) {
	var m Metrics
	f, err := blob.OpenFile(url)
	if err != nil {
		return m, err
	}
	defer f.Close()
	if err := json.NewDecoder(f).Decode(&m); err != nil {
		return m, fmt.Errorf("%s: %w", url, err)
	}
	return m, nil
}

// Stages writes the table of all stages of a run that went well.
func Stages(w io.Writer, results []pipelines.Result) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "\nstage\tstate\ttime\tholds")
	ran, total := 0, 0.0
	for _, r := range results {
		took := "-"
		if r.State != pipelines.Keep {
			ran++
			took = Duration(time.Duration(r.Seconds * float64(time.Second)))
		}
		total += r.Seconds
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", r.Name, r.State, took, contents(r.Manifest))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s\n", ranSentence(ran, len(results), total))
	return err
}

func ranSentence(ran, all int, seconds float64) string {
	switch ran {
	case 0:
		return fmt.Sprintf("everything kept: all %s are up to date, nothing ran", Plural(int64(all), "stage"))
	case all:
		return fmt.Sprintf("%s ran in %s", Plural(int64(all), "stage"), Duration(time.Duration(seconds*float64(time.Second))))
	}
	return fmt.Sprintf("%d of %s ran in %s, the others were kept", ran, Plural(int64(all), "stage"), Duration(time.Duration(seconds*float64(time.Second))))
}

// models in the order of the table, with what people call them.
var models = []struct{ key, name string }{
	{"supervised", "supervised on the few labels only"},
	{"linear", "linear, on frozen features"},
	{"finetuned", "fine-tuned (the teacher)"},
	{"distilled", "distilled (the student)"},
}

// Results writes the table of an evaluation; nothing where there are no figures.
func Results(w io.Writer, m Metrics) error {
	if len(m.Models) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\n\ttop-1\ttop-5\tECE\tparameters\t")
	for _, row := range models {
		if f, ok := m.Models[row.key]; ok {
			fmt.Fprintf(t, "%s\t%.1f %%\t%.1f %%\t%.3f\t%s\t\n", row.name, 100*f.Top1, 100*f.Top5, f.ECE, Count(f.Params))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return sizes(w, m.Models["finetuned"].Params, m.Models["distilled"].Params)
}

// sizes says how large the student is beside the teacher.
func sizes(w io.Writer, teacher, student int64) error {
	if teacher == 0 || student == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "the student has %s parameters, the teacher %s: %.3g %%\n", Count(student), Count(teacher), 100*float64(student)/float64(teacher))
	return err
}
