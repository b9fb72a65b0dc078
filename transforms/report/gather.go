package report

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/retort-ml/retort/internal/units"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/evaluate"
	"github.com/retort-ml/retort/transforms/report/html"
)

// gatherer fills the page's data from the artifacts.
type gatherer struct {
	ctx     context.Context
	stage   *Stage
	job     *pipelines.Job
	results *evaluate.Results
	r       html.Report
}

func (g *gatherer) report() (html.Report, error) {
	g.r = html.Report{Title: g.stage.Title, Config: g.stage.Config}
	if g.stage.Config != "" {
		g.r.Command = "retort run --config " + ConfigName + " --out again"
	}
	for _, part := range []func() error{g.models, g.sets, g.stages, g.trainings, g.contactSheet, g.unsure} {
		if err := g.ctx.Err(); err != nil {
			return html.Report{}, err
		}
		if err := part(); err != nil {
			return html.Report{}, err
		}
	}
	return g.r, nil
}

func (g *gatherer) fact(name, format string, args ...any) {
	g.r.Facts = append(g.r.Facts, html.Fact{Name: name, Value: fmt.Sprintf(format, args...)})
}

func (g *gatherer) result(name, format string, args ...any) {
	g.r.Results = append(g.r.Results, html.Fact{Name: name, Value: fmt.Sprintf(format, args...)})
}

// models fills the table from the evaluation.
func (g *gatherer) models() error {
	a, err := pipelines.Open(g.job, g.stage.Metrics)
	if err != nil {
		return err
	}
	res, err := results(a)
	if err != nil {
		return err
	}
	g.results, g.r.Classes = res, res.Classes
	for _, name := range g.stage.Order {
		if m := res.Models[name]; m != nil {
			if err := g.model(name, m); err != nil {
				return err
			}
		}
	}
	if res.EncoderKNN > 0 {
		g.result("kNN on the pretrained encoder, before fine-tuning", "%.1f %% top-1", 100*res.EncoderKNN)
	}
	if t := res.Teacher; t != nil && t.Known > 0 {
		g.result("Teacher on the unlabelled images whose labels were hidden", "%.1f %% of %s right", 100*t.Top1, units.Count(int64(t.Known)))
	}
	return nil
}

func results(a pipelines.Artifact[pipelines.Metrics]) (*evaluate.Results, error) {
	data, err := a.ReadFile(evaluate.MetricsName)
	if err != nil {
		return nil, err
	}
	var r evaluate.Results
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", a.At(evaluate.MetricsName), err)
	}
	if r.Teacher != nil {
		for i, u := range r.Teacher.Unsure {
			r.Teacher.Unsure[i].Ref = a.Ref(u.Ref)
		}
	}
	return &r, nil
}

// shown is what the table calls the models, and what it says of them.
var shown = map[string][2]string{
	"supervised": {"Supervised", "the few labels alone"},
	"linear":     {"Linear", "on the encoder's frozen features"},
	"finetuned":  {"Fine-tuned", "pretrained without labels"},
	"distilled":  {"Distilled", "the teacher's labels"},
}

func (g *gatherer) model(name string, m *evaluate.Model) error {
	row := html.Model{
		Name: name, Arch: m.Arch, Parameters: m.Params, Bytes: m.Bytes, Top1: one(m.Top1), Top5: one(m.Top5), ECE: one(m.ECE), KNN: one(m.KNN),
		Teacher: name == g.stage.Teacher, Student: name == g.stage.Student, TestImages: int64(m.Images), Confusion: m.Confusion,
		Temperature: html.Number(m.Temperature), ECEBefore: html.Number(m.ECEBefore),
	}
	if s, ok := shown[name]; ok {
		row.Name, row.About = s[0], s[1]
	}
	labels := name
	if row.Student && g.stage.Teacher != "" { // it saw its teacher's labels, not the users'
		labels = g.stage.Teacher
	}
	for _, of := range []string{name, labels} {
		edge, ok := g.stage.Models[of]
		if !ok {
			continue
		}
		a, err := pipelines.Open(g.job, edge)
		if err != nil {
			return err
		}
		if of == name {
			row.Stage = a.Manifest.Stage
		}
		row.Labels = a.Manifest.Counts["images"]
	}
	for _, b := range m.Bins {
		row.Calibration = append(row.Calibration, html.Bin{Low: html.Number(b.Low), High: html.Number(b.High), N: b.N,
			Confidence: html.Number(b.Confidence), Accuracy: html.Number(b.Accuracy)})
	}
	g.r.Models = append(g.r.Models, row)
	return nil
}

func one(x float64) []html.Number { return []html.Number{html.Number(x)} }

// sets says how many images there were of what.
func (g *gatherer) sets() error {
	if g.stage.Sets.IsZero() {
		return nil
	}
	a, err := pipelines.Open(g.job, g.stage.Sets)
	if err != nil {
		return err
	}
	n := a.Manifest.Counts
	if n["train"] > 0 {
		g.fact("Training images", "%s, %s of them labelled", units.Count(n["train"]), units.Count(n["labelled"]))
	}
	if n["validation"] > 0 {
		g.fact("Labels for validation", "%s, not trained on", units.Count(n["validation"]))
	}
	g.fact("Test images", "%s", units.Count(int64(g.results.Images)))
	g.fact("Classes", "%s", units.Count(int64(len(g.r.Classes))))
	var config struct{ Seed *uint64 }
	if json.Unmarshal(a.Manifest.Config, &config) == nil && config.Seed != nil {
		g.fact("Seed", "%d", *config.Seed)
	}
	return nil
}

// page renders what was gathered.
func (g *gatherer) page() ([]byte, error) {
	r, err := g.report()
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	err = html.Render(&page, r)
	return page.Bytes(), err
}
