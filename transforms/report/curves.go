package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/retort-ml/retort/internal/units"
	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/train"
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
		if err := drawTraining(g, a); err != nil {
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
		if err := drawTraining(g, a); err != nil {
			return err
		}
	}
	return nil
}

// drawTraining draws those of one artifact.
func drawTraining[T any](g *gatherer, a pipelines.Artifact[T]) error {
	var meta training.Meta
	if err := a.Meta(&meta); err != nil {
		return fmt.Errorf("%s: %w", a.At(artifact.ManifestName), err)
	}
	if meta.Spec.Steps == 0 { // it was taken from a file
		g.fact("Encoder", "%s, %s parameters, from a checkpoint", meta.Spec.Arch, units.Short(meta.Params))
		return nil
	}
	points, err := training.ReadCurves(a)
	if err != nil {
		return err
	}
	t := html.Training{Stage: a.Manifest.Stage, XLabel: "step", About: about(meta)}
	probe, err := training.ReadProbe(a)
	if err != nil {
		return err
	}
	t.Charts = charts(figuresOf(meta.Spec, points), points, probe)
	g.r.Trainings = append(g.r.Trainings, t)
	return nil
}

// figuresOf describes what the points of a training hold, the loss first. Of an
// objective that this program does not know the names must do.
func figuresOf(spec train.Spec, points []training.Point) []objective.Figure {
	loss, others := objective.Figure{Name: "loss"}, []objective.Figure{}
	for _, f := range spec.Figures() {
		if f.Name == "loss" {
			loss = f
		} else {
			others = append(others, f)
		}
	}
	if len(others) == 0 {
		names := map[string]bool{}
		for _, p := range points {
			for name := range p.Figures {
				names[name] = name != training.ValidationLoss && name != training.ValidationAccuracy
			}
		}
		for _, name := range slices.Sorted(maps.Keys(names)) {
			if !names[name] {
				continue
			}
			others = append(others, objective.Figure{Name: name})
		}
	}
	return slices.Concat([]objective.Figure{loss}, others, validated)
}

// validated are the figures of looks at images that are not trained on; charts leaves
// out what no point has.
var validated = []objective.Figure{
	{Name: training.ValidationLoss, Title: "loss on the images for validation", Unit: objective.Nats},
	{Name: training.ValidationAccuracy, Title: "accuracy on the images for validation", Unit: objective.Share},
}

// charts draws the figures, and what the few labels told beside the accuracy or
// in a chart of its own.
func charts(figures []objective.Figure, points []training.Point, probe []training.ProbePoint) (list []html.Chart) {
	for _, f := range figures {
		c := chart(f.Shown(), string(f.Unit), points, func(p training.Point) (float64, bool) {
			if f.Name == "loss" {
				return p.Loss, true
			}
			y, ok := p.Figures[f.Name]
			return y, ok
		})
		if len(c.Series[0].X) == 0 {
			continue // it was no number in any step
		}
		if f.Name == "accuracy" {
			online(&c, probe)
			probe = nil
		}
		list = append(list, c)
	}
	watched := html.Chart{Title: "accuracy", Unit: html.UnitShare, From0: true}
	if online(&watched, probe); len(watched.Series) > 0 {
		list = append(list, watched)
	}
	rate := chart("learning rate", "", points, func(p training.Point) (float64, bool) { return p.LearningRate, true })
	rate.From0 = true
	return append(list, rate)
}

func chart(title, unit string, points []training.Point, y func(training.Point) (float64, bool)) html.Chart {
	s := html.Series{Name: title}
	for _, p := range points {
		if v, ok := y(p); ok {
			s.X, s.Y = append(s.X, html.Number(p.Step)), append(s.Y, html.Number(v))
		}
	}
	return html.Chart{Title: title, Unit: unit, From0: unit == html.UnitShare, Series: []html.Series{s}}
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
	own := len(c.Series)
	for _, s := range []html.Series{knn, probe} {
		if len(s.X) > 0 {
			c.Series = append(c.Series, s)
		}
	}
	if own > 0 && len(c.Series) > own {
		c.Series[0].Name = strings.TrimSuffix(c.Title, " accuracy")
		c.Title = "accuracy"
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
	steps := m.Spec.Steps
	if v := m.Validation; v != nil {
		steps = v.Steps
		if v.Stopped(m.Spec.Steps) {
			s += fmt.Sprintf(" · stopped after step %s", units.Count(int64(v.Steps)))
		}
		if v.Step < v.Steps {
			s += fmt.Sprintf(" · network of step %s", units.Count(int64(v.Step)))
		}
	}
	if m.Images > 0 {
		s += fmt.Sprintf(" · %s images, each seen %.3g times", units.Count(m.Images), float64(steps)*float64(m.Spec.Batch)/float64(m.Images))
	}
	return s
}
