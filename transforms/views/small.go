package views

import (
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/inspect"
)

// tooSmall is a warning where views of pretraining would enlarge every image; ""
// where one is large enough, which mostly is among the first.
func (s *Stage) tooSmall(in pipelines.Artifact[pipelines.Images]) (string, error) {
	if len(s.Views) < 2 {
		return "", nil
	}
	facts := inspect.Facts{}
	for _, v := range s.Views {
		facts.Size = max(facts.Size, v.Size)
	}
	for r, err := range pipelines.References(in) {
		if err != nil {
			return "", err
		}
		if facts.Side = max(facts.Side, min(r.Width, r.Height)); facts.Side >= facts.Size {
			return "", nil
		}
	}
	for _, w := range facts.Warnings() {
		return w, nil
	}
	return "", nil
}
