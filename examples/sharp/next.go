package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"slices"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/evaluate"
	"github.com/retort-ml/retort/transforms/label"
)

// Queue is the kind of artifact that LabelNext makes: a file next.csv.
type Queue struct{}

// LabelNext is an artifact stage: it lists the images about which the teacher is
// least certain, the first to label by hand.
type LabelNext struct {
	Count int `yaml:"count" range:"1.." doc:"images to list"`
	// Images says what the images are called.
	Images pipelines.Edge[pipelines.Images] `yaml:"-"`
}

func init() { pipelines.Register(&LabelNext{}) }

// Run writes a row for each image, the least certain first: its id, name, the
// likeliest class and how likely the teacher thinks it, in the mean over views.
func (s *LabelNext) Run(_ context.Context, in pipelines.Artifact[pipelines.Targets], out *pipelines.Output[Queue]) error {
	var meta label.Meta
	if err := in.Meta(&meta); err != nil {
		return err
	}
	sums := map[imagefile.ID][]float64{}
	views := map[imagefile.ID]float64{}
	p := make([]float64, len(meta.Classes))
	for target, err := range label.All(in) {
		if err != nil {
			return err
		}
		if sums[target.ID] == nil {
			sums[target.ID] = make([]float64, len(p))
		}
		views[target.ID]++
		evaluate.Softmax(p, target.Logits)
		for c := range p {
			sums[target.ID][c] += p[c]
		}
	}
	images, err := pipelines.Open(out.Job, s.Images)
	if err != nil {
		return err
	}
	var rows []row
	for ref, err := range pipelines.References(images) {
		if err != nil {
			return err
		}
		if sum := sums[ref.ID]; sum != nil {
			best := slices.Max(sum)
			rows = append(rows, row{ref.ID, ref.Name, meta.Classes[slices.Index(sum, best)], best / views[ref.ID]})
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(a.p, b.p) })
	return out.WriteFile("next.csv", table(rows[:min(s.Count, len(rows))]))
}

type row struct {
	id          imagefile.ID
	name, class string
	p           float64
}

func table(rows []row) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Write([]string{"id", "name", "class", "probability"})
	for _, r := range rows {
		w.Write([]string{r.id.String(), r.name, r.class, fmt.Sprintf("%.4f", r.p)})
	}
	w.Flush() // a bytes.Buffer does not fail
	return b.Bytes()
}
