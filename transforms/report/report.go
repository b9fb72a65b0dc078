// Package report is the stage that makes one HTML page for people out of what
// all other stages left.
package report

import (
	"context"
	"errors"

	"github.com/retort-ml/retort/pipelines"
)

// Stage is the stage. Every edge may be left out; the page then goes without
// what it carries.
type Stage struct {
	Title string
	// Images is the ingested index, Views the pretraining views of its images.
	Images pipelines.Edge[pipelines.Images]
	// Sets is any part of the split.
	Sets    pipelines.Edge[pipelines.Images]
	Views   pipelines.Edge[pipelines.Views]
	Encoder pipelines.Edge[pipelines.Encoder]
	// Models are the classifiers by their names in Metrics; Order is how the
	// table lists them.
	Models  map[string]pipelines.Edge[pipelines.Classifier]
	Order   []string
	Teacher string // name of the model that labelled the images
	Student string // name of the model trained on its labels
	Targets pipelines.Edge[pipelines.Targets]
	Metrics pipelines.Edge[pipelines.Metrics]
	// Config is the resolved config, as YAML, for the reader.
	Config string
}

func init() { pipelines.Register(&Stage{}) }

// Files of the artifact: the page, and the resolved config beside it.
const (
	PageName   = "index.html"
	ConfigName = "config.yaml"
)

// Validate reports what is wrong with the config.
func (s *Stage) Validate() error {
	if s.Metrics.IsZero() {
		return errors.New("Metrics is missing; want the edge of an evaluation")
	}
	return nil
}

// StageVersion grows with the page, so that a report of an older program is
// made anew.
func (s *Stage) StageVersion() int { return 2 }

// Run writes the page.
func (s *Stage) Run(ctx context.Context, _ pipelines.Artifact[pipelines.None], out *pipelines.Output[pipelines.Report]) error {
	g := &gatherer{ctx: ctx, stage: s, job: out.Job}
	page, err := g.page()
	if err != nil {
		return err
	}
	if s.Config != "" {
		if err := out.WriteFile(ConfigName, []byte(s.Config)); err != nil {
			return err
		}
	}
	return out.WriteFile(PageName, page)
}
