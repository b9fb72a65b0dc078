package views

import (
	"context"
	"encoding/json"

	"github.com/retort-ml/retort/pipelines"
)

// What decoding and augmenting take a core, roughly: so much a view, and so much
// a pixel of it.
const (
	viewSeconds  = 15e-6
	pixelSeconds = 8e-9
)

// Estimate says how many views the stage makes, and how large they are.
func (s *Stage) Estimate(_ context.Context, known pipelines.Known) pipelines.Estimate {
	n := known.In()
	records := n * int64(s.Passes)
	e := pipelines.Estimate{Images: n, Views: records * int64(len(s.Views)), Bytes: records * s.recordBytes()}
	for _, v := range s.Views {
		e.CPUHours += float64(records) * (viewSeconds + pixelSeconds*float64(v.Size)*float64(v.Size)) / 3600
	}
	return e
}

// SizeOf is the side in pixels of the first view that a planned stage makes; 0
// is unknown.
func SizeOf(step pipelines.Step) int {
	var s Stage
	if json.Unmarshal(step.Config, &s) != nil || len(s.Views) == 0 {
		return 0
	}
	return s.Views[0].Size
}

// Wants is what the stage asks of its machines: decoding and drawing are spread over
// the cores.
func (s *Stage) Wants() pipelines.Wants { return pipelines.Wants{Cores: pipelines.SomeCores} }
