package evaluate

import (
	"math"
	"path/filepath"
	"slices"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/label"
)

// Teacher is how well the teacher labelled the unlabelled images, and where it
// was least sure.
type Teacher struct {
	Images int `json:"images"` // that it labelled
	// Known is how many of them have a label that was hidden from it; Top1 is the
	// share of those that it got right.
	Known  int      `json:"known"`
	Top1   float64  `json:"top1"`
	Unsure []Unsure `json:"unsure"` // most unsure first
}

// Unsure is an image that the teacher is unsure of.
type Unsure struct {
	ID      imagefile.ID  `json:"id"`
	Ref     imagefile.Ref `json:"ref"`
	Entropy float64       `json:"entropy"` // of the mean over its views, in nats
	Guesses []Guess       `json:"guesses"` // best first
	Truth   string        `json:"truth,omitempty"`
}

// Guess is a class and its probability.
type Guess struct {
	Class string  `json:"class"`
	P     float64 `json:"p"`
}

// unsureShown is how many unsure images the results name.
const unsureShown = 24

// teacher reads the targets: for each image the mean of the teacher's
// probabilities over its views.
func (e *evaluation) teacher() error {
	s := e.stage
	if s.Targets.IsZero() || s.Truth.IsZero() || s.Train.IsZero() {
		return nil
	}
	targets, err := pipelines.Open(e.out.Job, s.Targets)
	if err != nil {
		return err
	}
	var meta label.Meta
	if err := targets.Meta(&meta); err != nil {
		return err
	}
	mean, err := meanProbabilities(targets, len(meta.Classes))
	if err != nil {
		return err
	}
	t := &Teacher{Images: len(mean)}
	hidden, err := e.hiddenLabels()
	if err != nil {
		return err
	}
	for id, p := range mean {
		if truth, ok := hidden[id]; ok {
			t.Known++
			if argmax(p) == truth {
				t.Top1++
			}
		}
	}
	if t.Known > 0 {
		t.Top1 /= float64(t.Known)
	}
	e.results.Teacher = t
	return e.unsure(t, mean, hidden, meta.Classes)
}

func meanProbabilities(a pipelines.Artifact[pipelines.Targets], classes int) (map[imagefile.ID][]float32, error) {
	mean := map[imagefile.ID][]float32{}
	var t label.Target
	p := make([]float64, classes)
	for _, f := range a.Files("targets") {
		r, err := tfrecord.Open(filepath.Join(a.Dir, f.Name), tfrecord.Options{Strict: true})
		if err != nil {
			return nil, err
		}
		for rec, err := range r.All() {
			if err == nil {
				err = t.Decode(rec)
			}
			if err != nil {
				r.Close()
				return nil, err
			}
			sum := mean[t.ID]
			if sum == nil {
				sum = make([]float32, classes)
				mean[t.ID] = sum
			}
			Softmax(p, t.Logits)
			for c := range p {
				sum[c] += float32(p[c])
			}
		}
		r.Close()
	}
	for _, sum := range mean {
		var total float32
		for _, x := range sum {
			total += x
		}
		for c := range sum {
			sum[c] /= total
		}
	}
	return mean, nil
}

// hiddenLabels are the labels of the ingested images that the teacher did not
// see.
func (e *evaluation) hiddenLabels() (map[imagefile.ID]int, error) {
	truth, err := pipelines.Open(e.out.Job, e.stage.Truth)
	if err != nil {
		return nil, err
	}
	labels := map[imagefile.ID]int{}
	for r, err := range pipelines.References(truth) {
		if err != nil {
			return nil, err
		}
		if r.Label != imagefile.UnknownLabel {
			labels[r.ID] = int(r.Label)
		}
	}
	if e.stage.Labelled.IsZero() {
		return labels, nil
	}
	seen, err := pipelines.Open(e.out.Job, e.stage.Labelled)
	if err != nil {
		return nil, err
	}
	for r, err := range pipelines.References(seen) {
		if err != nil {
			return nil, err
		}
		delete(labels, r.ID)
	}
	return labels, nil
}

func (e *evaluation) unsure(t *Teacher, mean map[imagefile.ID][]float32, hidden map[imagefile.ID]int, classes []string) error {
	var all []Unsure
	for id, p := range mean {
		all = append(all, Unsure{ID: id, Entropy: entropy(p)})
	}
	slices.SortFunc(all, func(a, b Unsure) int {
		switch {
		case a.Entropy > b.Entropy:
			return -1
		case a.Entropy < b.Entropy:
			return 1
		}
		return slices.Compare(a.ID[:], b.ID[:])
	})
	t.Unsure = all[:min(len(all), unsureShown)]
	at := map[imagefile.ID]*Unsure{}
	for i := range t.Unsure {
		u := &t.Unsure[i]
		u.Guesses = guesses(mean[u.ID], classes)
		if truth, ok := hidden[u.ID]; ok && truth < len(classes) {
			u.Truth = classes[truth]
		}
		at[u.ID] = u
	}
	train, err := pipelines.Open(e.out.Job, e.stage.Train)
	if err != nil {
		return err
	}
	for r, err := range pipelines.References(train) {
		if err != nil {
			return err
		}
		if u := at[r.ID]; u != nil {
			u.Ref = r.Ref
		}
	}
	return nil
}

func guesses(p []float32, classes []string) []Guess {
	list := make([]Guess, len(p))
	for c, x := range p {
		list[c] = Guess{classes[c], float64(x)}
	}
	slices.SortStableFunc(list, func(a, b Guess) int {
		switch {
		case a.P > b.P:
			return -1
		case a.P < b.P:
			return 1
		}
		return 0
	})
	return list[:min(3, len(list))]
}

func entropy(p []float32) float64 {
	var h float64
	for _, x := range p {
		if x > 0 {
			h -= float64(x) * math.Log(float64(x))
		}
	}
	return h
}

func argmax(p []float32) int {
	best := 0
	for c := range p {
		if p[c] > p[best] {
			best = c
		}
	}
	return best
}
