package report

import (
	"math"
	"strings"
	"testing"

	"github.com/retort-ml/retort/model/objective"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/transforms/report/html"
	"github.com/retort-ml/retort/transforms/training"
)

// names are the titles, units and series of charts.
func names(charts []html.Chart) string {
	var all []string
	for _, c := range charts {
		s := c.Title + " [" + c.Unit + "]"
		for _, series := range c.Series {
			s += " " + series.Name
		}
		all = append(all, s)
	}
	return strings.Join(all, "\n")
}

// TestChartsFollowTheObjective: each figure is drawn as its objective describes
// it; of one that is not known the names must do, and what labels tell has a chart
// of its own where there is no accuracy to set it beside.
func TestChartsFollowTheObjective(t *testing.T) {
	known := []training.Point{{Figures: map[string]float64{"accuracy": 0.5, "entropy": 1}}, {Step: 1, Figures: map[string]float64{"accuracy": 0.5, "entropy": 1}}}
	other := []training.Point{{}, {Step: 1, Figures: map[string]float64{"reach": 3}}}
	probe := []training.ProbePoint{{KNNAccuracy: 0.25}}
	for _, c := range []struct {
		spec   train.Spec
		points []training.Point
		probe  []training.ProbePoint
		want   string
	}{
		{train.Spec{Objective: objective.NTXent, Temperature: 1}, known, nil,
			"loss [nats] loss\ncontrastive accuracy [share] contrastive accuracy\nentropy [nats] entropy\nlearning rate [] learning rate"},
		{train.Spec{Objective: objective.NTXent, Temperature: 1}, known, probe,
			"loss [nats] loss\naccuracy [share] contrastive kNN on the labelled\nentropy [nats] entropy\nlearning rate [] learning rate"},
		{train.Spec{Objective: objective.Distill, Temperature: 1, Alpha: 1}, known, nil,
			"loss [nats] loss\nteacher agreement [share] teacher agreement\nentropy [nats] entropy\nlearning rate [] learning rate"},
		{train.Spec{Objective: objective.Supervised}, other, nil, // none of its figures was a number
			"loss [nats] loss\nlearning rate [] learning rate"},
		{train.Spec{Objective: "unknown"}, other, probe,
			"loss [] loss\nreach [] reach\naccuracy [share] kNN on the labelled\nlearning rate [] learning rate"},
	} {
		charts := charts(figuresOf(c.spec, c.points), c.points, c.probe)
		if got := names(charts); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.spec.Objective, got, c.want)
		}
		for _, chart := range charts {
			for _, s := range chart.Series {
				if len(s.X) != len(s.Y) || math.IsNaN(float64(s.Y[0])) {
					t.Errorf("%s: %+v", chart.Title, s)
				}
			}
		}
	}
}
