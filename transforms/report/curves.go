package report

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/retort-ml/retort/internal/units"
	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/report/html"
	"github.com/retort-ml/retort/transforms/training"
)

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
			accuracy = "teacher agreement"
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
		return fmt.Errorf("%s: %w", filepath.Join(dir, artifact.ManifestName), err)
	}
	t := html.Training{Stage: m.Stage, XLabel: "step", About: about(meta)}
	curve := func(title, unit string, from0 bool, y func(training.Point) float64) *html.Series {
		s := html.Series{Name: title}
		for _, p := range points {
			s.X, s.Y = append(s.X, html.Number(p.Step)), append(s.Y, html.Number(y(p)))
		}
		t.Charts = append(t.Charts, html.Chart{Title: title, Unit: unit, From0: from0, Series: []html.Series{s}})
		return &t.Charts[len(t.Charts)-1].Series[0]
	}
	curve("loss", "nats", false, func(p training.Point) float64 { return p.Loss })
	curve(accuracy, html.UnitShare, true, func(p training.Point) float64 { return p.Accuracy })
	probe, err := training.ReadProbe(filepath.Join(dir, training.ProbeName))
	if err != nil {
		return err
	}
	online(&t.Charts[1], probe)
	curve("entropy", "nats", false, func(p training.Point) float64 { return p.Entropy })
	curve("learning rate", "", true, func(p training.Point) float64 { return p.LearningRate })
	g.r.Trainings = append(g.r.Trainings, t)
	return nil
}

// probeMean is over how many batches with labels the probe's accuracy is taken:
// each of them holds a few labels only.
const probeMean = 20

// online adds what was measured during a pretraining by the few labels: kNN at
// a few steps, the linear probe on the batches' labelled images.
func online(c *html.Chart, points []training.ProbePoint) {
	knn, probe := html.Series{Name: "kNN on the labelled"}, html.Series{Name: fmt.Sprintf("linear probe, mean of %d batches", probeMean)}
	var recent []float64
	for _, p := range points {
		if p.KNNAccuracy > 0 {
			knn.X, knn.Y = append(knn.X, html.Number(p.Step)), append(knn.Y, html.Number(p.KNNAccuracy))
		}
		if p.ProbeAccuracy == nil {
			continue
		}
		if recent = append(recent, *p.ProbeAccuracy); len(recent) >= probeMean {
			probe.X, probe.Y = append(probe.X, html.Number(p.Step)), append(probe.Y, html.Number(mean(recent[len(recent)-probeMean:])))
		}
	}
	for _, s := range []html.Series{knn, probe} {
		if len(s.X) > 0 {
			c.Title = "accuracy"
			c.Series = append(c.Series, s)
		}
	}
	if len(c.Series) > 1 {
		c.Series[0].Name = "contrastive"
	}
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

func about(m training.Meta) string {
	s := fmt.Sprintf("%s, %s parameters · %s steps of %s images", m.Spec.Arch, units.Short(m.Params),
		units.Count(int64(m.Spec.Steps)), units.Count(int64(m.Spec.Batch)))
	if m.Images > 0 {
		s += fmt.Sprintf(" · %s images, each seen %.3g times", units.Count(m.Images), float64(m.Spec.Steps)*float64(m.Spec.Batch)/float64(m.Images))
	}
	return s
}
