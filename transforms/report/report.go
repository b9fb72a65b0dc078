// Package report is the stage that makes one HTML page for people out of what
// all other stages left.
package report

import (
	"bytes"
	"context"
	"errors"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/report/html"
)

// Stage is the stage. Every edge may be left out; the page then goes without
// what it carries.
type Stage struct {
	Title string
	// Images is the ingested index, Views the pretraining views of its images.
	Images  pipelines.Edge[pipelines.Images]
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

// PageName is the file of the page.
const PageName = "index.html"

// Validate reports what is wrong with the config.
func (s *Stage) Validate() error {
	if s.Metrics.IsZero() {
		return errors.New("Metrics is missing; want the edge of an evaluation")
	}
	return nil
}

// Run writes the page.
func (s *Stage) Run(ctx context.Context, _ pipelines.Artifact[pipelines.None], out *pipelines.Output[pipelines.Report]) error {
	g := &gatherer{ctx: ctx, stage: s, job: out.Job}
	r, err := g.report()
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if err := html.Render(&page, r); err != nil {
		return err
	}
	return out.WriteFile(PageName, page.Bytes())
}
