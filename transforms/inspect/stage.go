package inspect

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/pipelines"
)

// Stage looks at ingested images once more and writes what it found, as JSON and
// as a contact sheet.
type Stage struct {
	// Test, if set, is the set that models will be tested on.
	Test pipelines.Edge[pipelines.Images]
	// Size is the side of the views that a run would make; 0 is not known.
	Size int
	// MaxPixels is the pixel limit of one image; 0 is imagefile.DefaultMaxPixels.
	MaxPixels int64
}

func init() { pipelines.Register(&Stage{}) }

// Summary is the kind of the artifact.
type Summary struct{}

// Files of the artifact.
const (
	SummaryName = "summary.json"
	SheetName   = "sheet.png"
)

// Found is what SummaryName holds.
type Found struct {
	Set
	Test     *Set      `json:"test,omitempty"`
	Shared   *Shared   `json:"shared,omitempty"`
	Inside   *Compared `json:"alike_inside,omitempty"` // pictures that are alike among the images themselves
	Warnings []string  `json:"warnings"`
}

// Set is one set of images.
type Set struct {
	Survey
	Copies   int64                `json:"exact_copies"` // left out of the other counts
	Notes    []string             `json:"notes"`        // of its layout, its labels and what was passed over
	SetAside *artifact.Quarantine `json:"set_aside,omitempty"`
}

// Shared is what the test set has in common with the images.
type Shared struct {
	Exact int64 `json:"exact"` // files of the same bytes
	Compared
}

// Bounds of what is kept in memory: prints of so many images.
const mostPrints = 1 << 20

// Run looks at every image.
func (s *Stage) Run(ctx context.Context, in pipelines.Artifact[pipelines.Images], out *pipelines.Output[Summary]) error {
	l := &looker{ctx: ctx, stage: s, found: Found{Warnings: []string{}}, meter: out.Meter(index.Count(pipelines.IndexFiles(in)), "images")}
	if err := l.images(in); err != nil {
		return err
	}
	if !s.Test.IsZero() {
		tests, err := pipelines.Open(out.Job, s.Test)
		if err != nil {
			return err
		}
		if err := l.tests(tests); err != nil {
			return err
		}
	}
	l.warn()
	data, err := json.MarshalIndent(l.found, "", "  ")
	if err != nil {
		return err
	}
	if err := out.WriteFile(SummaryName, data); err != nil {
		return err
	}
	var picture bytes.Buffer
	if err := l.sheet.encode(&picture); err != nil {
		return err
	}
	return out.WriteFile(SheetName, picture.Bytes())
}

// looker gathers what the stage finds.
type looker struct {
	ctx   context.Context
	stage *Stage
	found Found
	sheet contactSheet
	meter *pipelines.Meter

	prints Prints
	ids    map[imagefile.ID]bool // of the images that have prints
}

func newSet(a pipelines.Artifact[pipelines.Images]) Set {
	return Set{Copies: a.Manifest.Counts["duplicates"], Notes: append([]string{}, a.Manifest.Notes...), SetAside: a.Manifest.Quarantine}
}

// images looks at the images to train on, and for likeness among them: a share of
// them may be held out for tests.
func (l *looker) images(a pipelines.Artifact[pipelines.Images]) error {
	l.found.Set, l.found.Inside, l.ids = newSet(a), &Compared{Pairs: []Pair{}}, map[imagefile.ID]bool{}
	for one, err := range Printing(l.ctx, pipelines.References(a), l.stage.MaxPixels) {
		if err != nil {
			return err
		}
		if l.meter.Add(1, one.Length); one.Err != nil {
			continue
		}
		l.found.Add(one.Class, string(one.Format), one.Width, one.Height)
		l.sheet.offer(one)
		if l.prints.Len() < mostPrints {
			name := pathOf(one.Ref)
			l.found.Inside.look(name, &one.Print, &l.prints)
			l.prints.Add(name, one.Print)
			l.ids[one.ID] = true
		}
	}
	return nil
}

func (l *looker) tests(a pipelines.Artifact[pipelines.Images]) error {
	set, shared := newSet(a), Shared{Compared: Compared{Pairs: []Pair{}}}
	for one, err := range Printing(l.ctx, pipelines.References(a), l.stage.MaxPixels) {
		if err != nil {
			return err
		}
		if one.Err != nil {
			continue
		}
		set.Add(one.Class, string(one.Format), one.Width, one.Height)
		if l.ids[one.ID] {
			shared.Exact++
			shared.Looked++
			continue
		}
		shared.look(pathOf(one.Ref), &one.Print, &l.prints)
	}
	l.found.Test, l.found.Shared = &set, &shared
	return nil
}

func (l *looker) warn() {
	f := &l.found
	f.Warnings = append(f.Warnings, Facts{Classes: f.Classes, Side: f.Side, Size: l.stage.Size}.Warnings()...)
	if f.Test != nil {
		if w := Strange(f.Classes, f.Test.Classes); w != "" {
			f.Warnings = append(f.Warnings, w)
		}
	}
	if f.Shared != nil {
		if w := Leak(f.Shared.Exact, f.Shared.Alike, f.Shared.Looked, f.Shared.Pairs); w != "" {
			f.Warnings = append(f.Warnings, w)
		}
	}
}
