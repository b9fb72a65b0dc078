// Package split is the stage that decides which images keep their labels,
// which lose them, and which are held out for evaluation.
package split

import (
	"context"
	"errors"
	"fmt"

	"github.com/retort-ml/retort/pipelines"
)

// ByLabel is the stage. Its choices depend on image ids, labels and Seed alone.
type ByLabel struct {
	// Fraction of the training images that keep their labels, 0 < Fraction <= 1;
	// as class-balanced as can be. 0 keeps all that have one, unless PerClass or
	// IDs says otherwise.
	Fraction float64
	// PerClass labels are kept of every class, instead of Fraction.
	PerClass int
	// IDs is a file of image ids or names, one a line: just these keep theirs.
	IDs string
	// Test, if set, is a separate labelled set; images that are in it too are
	// taken out of the training images.
	Test pipelines.Edge[pipelines.Images]
	// TestFraction of the labelled images is held out when there is no Test.
	TestFraction float64
	// Validation is the share of the labels that would be kept which no training
	// sees: they decide when trainings stop, and how sure classifiers are. 0 is none.
	Validation float64 `json:",omitempty"`
	Seed       uint64
}

func init() { pipelines.Register(&ByLabel{}) }

// The parts of the artifact; each is an index by itself.
const (
	labelledPort   = "labelled"
	unlabelledPort = "unlabelled"
	trainPort      = "train"
	testPort       = "test"
	validationPort = "validation" // only where there is one
)

// Sets are the edges that carry the parts.
type Sets struct {
	Labelled   pipelines.Edge[pipelines.Images] // the few that keep their labels
	Unlabelled pipelines.Edge[pipelines.Images] // the rest, without
	Train      pipelines.Edge[pipelines.Images] // both together, without
	Test       pipelines.Edge[pipelines.Images] // held out, with labels; never in Train
	// Validation are images of Train with labels that are not in Labelled; nothing
	// where ByLabel.Validation is 0.
	Validation pipelines.Edge[pipelines.Images]
}

// Add puts the stage into g and returns the edges of its parts.
func Add(g *pipelines.Graph, name string, s *ByLabel, images pipelines.Edge[pipelines.Images]) Sets {
	all := pipelines.Add(g, name, s, images)
	part := func(port string) pipelines.Edge[pipelines.Images] {
		return pipelines.Port[pipelines.Images](all, port)
	}
	sets := Sets{Labelled: part(labelledPort), Unlabelled: part(unlabelledPort), Train: part(trainPort), Test: part(testPort)}
	if s.Validation > 0 {
		sets.Validation = part(validationPort)
	}
	return sets
}

// Validate reports what is wrong with the config.
func (s *ByLabel) Validate() error {
	switch {
	case s.Fraction < 0 || s.Fraction > 1:
		return fmt.Errorf("Fraction = %g; want 0 to 1", s.Fraction)
	case s.PerClass < 0:
		return fmt.Errorf("PerClass = %d; want at least 0", s.PerClass)
	case s.TestFraction < 0 || s.TestFraction >= 1:
		return fmt.Errorf("TestFraction = %g; want at least 0 and below 1", s.TestFraction)
	case !(s.Validation >= 0 && s.Validation < 1):
		return fmt.Errorf("Validation = %g; want at least 0 and below 1", s.Validation)
	case s.TestFraction == 0 && s.Test.IsZero():
		return errors.New("there is nothing to evaluate on: give a test set, or a TestFraction above 0")
	}
	return nil
}

// Run warns, and describes the parts that the shards have written.
func (s *ByLabel) Run(ctx context.Context, in pipelines.Artifact[pipelines.Images], out *pipelines.Output[pipelines.Images]) error {
	var meta pipelines.ImagesMeta
	if err := in.Meta(&meta); err != nil {
		return err
	}
	before, err := load(out, countPhase)
	if err != nil {
		return err
	}
	p, err := s.open(in, out, writePhase)
	if err != nil {
		return err
	}
	for _, note := range append(before.Notes, p.Notes...) {
		out.Note("%s", note)
	}
	if err := p.warn(ctx, out); err != nil {
		return err
	}
	for _, part := range p.parts() {
		out.Count(part.port, part.n)
	}
	// what is seen without labels does not change with them
	for _, port := range []string{unlabelledPort, trainPort} {
		if err := out.SetPortMeta(port, pipelines.ImagesMeta{}); err != nil {
			return err
		}
	}
	for _, port := range s.labelledPorts() {
		if err := out.SetPortMeta(port, meta); err != nil {
			return err
		}
	}
	return out.SetMeta(meta)
}

// labelledPorts are the parts that come with labels.
func (s *ByLabel) labelledPorts() []string {
	if s.Validation > 0 {
		return []string{labelledPort, testPort, validationPort}
	}
	return []string{labelledPort, testPort}
}

// StageVersion is 1 since the images to train on come without any label.
func (s *ByLabel) StageVersion() int { return 1 }
