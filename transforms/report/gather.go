package report

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/retort-ml/retort/internal/dagsvg"
	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/evaluate"
	"github.com/retort-ml/retort/transforms/report/html"
	"github.com/retort-ml/retort/transforms/training"
)

// gatherer fills the page's data from the artifacts.
type gatherer struct {
	ctx   context.Context
	stage *Stage
	job   *pipelines.Job
	r     html.Report
}

func (g *gatherer) report() (html.Report, error) {
	g.r = html.Report{Title: g.stage.Title, Config: g.stage.Config}
	for _, part := range []func() error{g.models, g.stages, g.trainings, g.contactSheet, g.unsure} {
		if err := part(); err != nil {
			return html.Report{}, err
		}
	}
	g.r.Headline = g.headline()
	return g.r, nil
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
	g.r.Classes = res.Classes
	g.r.Facts = append(g.r.Facts, html.Fact{Name: "Held-out images", Value: fmt.Sprint(res.Images)})
	if res.EncoderKNN > 0 {
		g.r.Facts = append(g.r.Facts, html.Fact{Name: "kNN on the pretrained encoder's features", Value: fmt.Sprintf("%.1f %%", 100*res.EncoderKNN)})
	}
	if t := res.Teacher; t != nil && t.Known > 0 {
		g.r.Facts = append(g.r.Facts, html.Fact{Name: "Teacher on the unlabelled images", Value: fmt.Sprintf("%.1f %% of %d right (their labels were hidden)", 100*t.Top1, t.Known)})
	}
	for _, name := range g.stage.Order {
		if m := res.Models[name]; m != nil {
			if err := g.model(name, m); err != nil {
				return err
			}
		}
	}
	return nil
}

func results(a pipelines.Artifact[pipelines.Metrics]) (*evaluate.Results, error) {
	data, err := os.ReadFile(filepath.Join(a.Dir, evaluate.MetricsName))
	if err != nil {
		return nil, err
	}
	var r evaluate.Results
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(a.Dir, evaluate.MetricsName), err)
	}
	return &r, nil
}

// shown is what the table calls the models.
var shown = map[string]string{"supervised": "supervised on the few labels only", "finetuned": "pretrained, fine-tuned", "distilled": "distilled"}

func (g *gatherer) model(name string, m *evaluate.Model) error {
	edge := g.stage.Models[name]
	a, err := pipelines.Open(g.job, edge)
	if err != nil {
		return err
	}
	one := func(x float64) []html.Number { return []html.Number{html.Number(x)} }
	row := html.Model{
		Name: name, Stage: a.Manifest.Stage, Arch: m.Arch, Parameters: m.Params, Bytes: m.Bytes,
		Top1: one(m.Top1), Top5: one(m.Top5), ECE: one(m.ECE), KNN: one(m.KNN),
		Teacher: name == g.stage.Teacher, Student: name == g.stage.Student,
		TestImages: int64(m.Images), Confusion: m.Confusion,
	}
	if s := shown[name]; s != "" {
		row.Name = s
	}
	if name != g.stage.Student {
		row.Labels = a.Manifest.Counts["images"]
	}
	for _, b := range m.Bins {
		row.Calibration = append(row.Calibration, html.Bin{Low: html.Number(b.Low), High: html.Number(b.High), N: b.N, Confidence: html.Number(b.Confidence), Accuracy: html.Number(b.Accuracy)})
	}
	g.r.Models = append(g.r.Models, row)
	return nil
}

func (g *gatherer) headline() string {
	top1 := map[string]float64{}
	for i, name := range g.stage.Order {
		if i < len(g.r.Models) {
			top1[name] = 100 * float64(g.r.Models[i].Top1[0])
		}
	}
	labels := int64(0)
	for _, m := range g.r.Models {
		labels = max(labels, m.Labels)
	}
	sup, ok1 := top1["supervised"]
	dis, ok2 := top1["distilled"]
	if !ok1 || !ok2 {
		return ""
	}
	return fmt.Sprintf("With %d labels: %.1f %% top-1 distilled, %.1f %% supervised on the labels alone.", labels, dis, sup)
}

// stages draws the graph of everything that the page's inputs come from.
func (g *gatherer) stages() error {
	root := filepath.Dir(filepath.Clean(g.job.Path(".")))
	entries, err := os.ReadDir(root)
	if err != nil {
		return err
	}
	var start time.Time
	manifests := map[string]*artifact.Manifest{}
	for _, e := range entries {
		m, err := artifact.Load(filepath.Join(root, e.Name()))
		if err != nil || e.Name() == g.job.Stage() {
			continue
		}
		manifests[m.Stage] = m
	}
	for _, name := range order(manifests) {
		m := manifests[name]
		t := artifact.LoadTimings(filepath.Join(root, name))
		g.r.Seconds += t.Seconds
		if g.r.Host == "" {
			g.r.Host = t.Host
			g.r.Facts = append(g.r.Facts, html.Fact{Name: "Runner", Value: t.Runner}, html.Fact{Name: "Version", Value: m.CodeVersion})
		}
		if at, err := time.Parse(time.RFC3339, t.Started); err == nil && (start.IsZero() || at.Before(start)) {
			start = at
		}
		g.node(m, t)
	}
	g.r.Started = start
	return nil
}

func (g *gatherer) node(m *artifact.Manifest, t artifact.Timings) {
	n := dagsvg.Node{Name: m.Stage, Kind: m.Kind, State: "ran", Seconds: t.Seconds, Bytes: m.Bytes()}
	for _, name := range pipelines.SortedKeys(m.Counts) {
		n.Counts = append(n.Counts, dagsvg.Count{Name: name, N: m.Counts[name]})
	}
	g.r.Graph.Nodes = append(g.r.Graph.Nodes, n)
	for _, in := range pipelines.SortedKeys(m.Inputs) {
		g.r.Graph.Edges = append(g.r.Graph.Edges, dagsvg.Edge{From: in, To: m.Stage})
	}
	for _, note := range m.Notes {
		g.r.Notes = append(g.r.Notes, m.Stage+": "+note)
	}
	if q := m.Quarantine; q != nil && q.Total > 0 {
		g.r.Quarantines = append(g.r.Quarantines, quarantine(m))
	}
}

func quarantine(m *artifact.Manifest) html.Quarantine {
	q := html.Quarantine{Stage: m.Stage, Total: m.Quarantine.Total, Of: m.Quarantine.Of}
	for _, reason := range pipelines.SortedKeys(m.Quarantine.Reasons) {
		q.Reasons = append(q.Reasons, html.Reason{Reason: reason, N: m.Quarantine.Reasons[reason]})
	}
	for _, r := range m.Quarantine.First {
		name := r.Name
		if name == "" {
			name = r.URI
		}
		q.First = append(q.First, html.Rejected{Name: name, Reason: r.Reason, Detail: r.Detail, Image: thumbnail(r)})
	}
	for _, f := range m.Files {
		if strings.HasPrefix(f.Name, "quarantine") {
			q.File = m.Stage + "/" + f.Name
			break
		}
	}
	return q
}

// order lists stages so that inputs come first.
func order(manifests map[string]*artifact.Manifest) []string {
	var names []string
	done := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		m := manifests[name]
		if m == nil || done[name] {
			return
		}
		done[name] = true
		for _, in := range pipelines.SortedKeys(m.Inputs) {
			visit(in)
		}
		names = append(names, name)
	}
	for _, name := range pipelines.SortedKeys(manifests) {
		visit(name)
	}
	return names
}

// trainings draws the curves of every stage that trained.
func (g *gatherer) trainings() error {
	if !g.stage.Encoder.IsZero() {
		a, err := pipelines.Open(g.job, g.stage.Encoder)
		if err != nil {
			return err
		}
		if err := g.training(a.Dir, a.Manifest, "contrastive accuracy"); err != nil {
			return err
		}
	}
	for _, name := range g.stage.Order {
		edge, ok := g.stage.Models[name]
		if !ok {
			continue
		}
		a, err := pipelines.Open(g.job, edge)
		if err != nil {
			return err
		}
		accuracy := "training accuracy"
		if name == g.stage.Student {
			accuracy = "agreement with the teacher"
		}
		if err := g.training(a.Dir, a.Manifest, accuracy); err != nil {
			return err
		}
	}
	return nil
}

func (g *gatherer) training(dir string, m *artifact.Manifest, accuracy string) error {
	points, err := training.ReadCurves(filepath.Join(dir, training.CurvesName))
	if err != nil {
		return err
	}
	var meta training.Meta
	if err := json.Unmarshal(m.Meta, &meta); err != nil {
		return err
	}
	t := html.Training{Stage: m.Stage, XLabel: "step", About: fmt.Sprintf("%s, %d steps of %d, %d images", meta.Spec.Arch, meta.Spec.Steps, meta.Spec.Batch, meta.Images)}
	curve := func(title, unit string, from0 bool, y func(training.Point) float64) {
		s := html.Series{Name: title}
		for _, p := range points {
			s.X, s.Y = append(s.X, html.Number(p.Step)), append(s.Y, html.Number(y(p)))
		}
		t.Charts = append(t.Charts, html.Chart{Title: title, Unit: unit, From0: from0, Series: []html.Series{s}})
	}
	curve("loss", "", false, func(p training.Point) float64 { return p.Loss })
	curve(accuracy, html.UnitShare, true, func(p training.Point) float64 { return p.Accuracy })
	curve("entropy", "", false, func(p training.Point) float64 { return p.Entropy })
	curve("learning rate", "", true, func(p training.Point) float64 { return p.LearningRate })
	g.r.Trainings = append(g.r.Trainings, t)
	return nil
}
