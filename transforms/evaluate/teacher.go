package evaluate

import (
	"fmt"
	"math"
	"slices"

	"github.com/retort-ml/retort/io/imagefile"
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
	Ref     imagefile.Ref `json:"ref"`     // as Artifact.Ref reads it
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

// teacher reads the targets: what the teacher thinks of each image.
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
	thinks, err := opinions(targets, len(meta.Classes), mostMeanBytes)
	if err != nil {
		return err
	}
	hidden, err := e.hiddenLabels(meta.Classes)
	if err != nil {
		return err
	}
	t := &Teacher{Images: len(thinks)}
	for id, o := range thinks {
		if truth, ok := hidden[id]; ok {
			t.Known++
			if int(o.best[0]) == truth {
				t.Top1++
			}
		}
	}
	if t.Known > 0 {
		t.Top1 /= float64(t.Known)
	}
	e.results.Teacher = t
	return e.unsure(t, thinks, hidden, meta.Classes)
}

// opinion is what the teacher thinks of an image.
type opinion struct {
	entropy float64 // in nats
	best    [guessed]int32
	p       [guessed]float32
	n       int // of best and p
}

// guessed is how many classes an opinion names.
const guessed = 3

// mostMeanBytes bounds the memory that means over all passes may take.
const mostMeanBytes = 1 << 30

// opinions are those about the mean of the teacher's probabilities over all
// views of an image; where the means would take more than most bytes, about the
// first view of the first pass.
func opinions(a pipelines.Artifact[pipelines.Targets], classes int, most int64) (map[imagefile.ID]opinion, error) {
	var views int64
	for _, f := range a.Files("targets") {
		views += f.Records
	}
	all, means := map[imagefile.ID]opinion{}, map[imagefile.ID][]float64{}
	everything := views*int64(8*classes) <= most
	p := make([]float64, classes)
	for t, err := range label.All(a) {
		if err == nil && len(t.Logits) != classes {
			err = fmt.Errorf("the target of %s has %d logits for %d classes", t.Key, len(t.Logits), classes)
		}
		if err != nil {
			return nil, err
		}
		first := t.Pass == 0 && t.View == 0
		if !everything && !first {
			continue
		}
		Softmax(p, t.Logits)
		if !everything {
			all[t.ID] = opine(p)
			continue
		}
		sum := means[t.ID]
		if sum == nil {
			sum = make([]float64, classes)
			means[t.ID] = sum
		}
		for c := range p {
			sum[c] += p[c]
		}
	}
	for id, sum := range means {
		all[id] = opine(sum)
	}
	return all, nil
}

// opine sums up probabilities, which need not be normalised.
func opine(p []float64) (o opinion) {
	var total float64
	for _, x := range p {
		total += x
	}
	for c, x := range p {
		x /= total
		if x > 0 {
			o.entropy -= x * math.Log(x)
		}
		o.put(int32(c), float32(x))
	}
	return o
}

// put inserts a class among the best, behind those that are as likely.
func (o *opinion) put(class int32, p float32) {
	at := o.n
	for at > 0 && p > o.p[at-1] {
		at--
	}
	if at == guessed {
		return
	}
	o.n = min(o.n+1, guessed)
	copy(o.best[at+1:], o.best[at:])
	copy(o.p[at+1:], o.p[at:])
	o.best[at], o.p[at] = class, p
}

func (o *opinion) guesses(classes []string) []Guess {
	var list []Guess
	for i := range o.n {
		list = append(list, Guess{classes[o.best[i]], float64(o.p[i])})
	}
	return list
}

// hiddenLabels are the labels, as indices of classes, of the ingested images
// that the teacher did not see.
func (e *evaluation) hiddenLabels(classes []string) (map[imagefile.ID]int, error) {
	truth, err := pipelines.Open(e.out.Job, e.stage.Truth)
	if err != nil {
		return nil, err
	}
	number := map[string]int{}
	for c, name := range classes {
		number[name] = c
	}
	labels := map[imagefile.ID]int{}
	for r, err := range pipelines.References(truth) {
		if err != nil {
			return nil, err
		}
		if c, ok := number[r.Class]; ok && r.Label != imagefile.UnknownLabel {
			labels[r.ID] = c
		}
	}
	for _, known := range []pipelines.Edge[pipelines.Images]{e.stage.Labelled, e.stage.Validation} {
		if known.IsZero() {
			continue
		}
		seen, err := pipelines.Open(e.out.Job, known)
		if err != nil {
			return nil, err
		}
		for r, err := range pipelines.References(seen) {
			if err != nil {
				return nil, err
			}
			delete(labels, r.ID)
		}
	}
	return labels, nil
}

func (e *evaluation) unsure(t *Teacher, thinks map[imagefile.ID]opinion, hidden map[imagefile.ID]int, classes []string) error {
	var all []Unsure
	for id, o := range thinks {
		all = append(all, Unsure{ID: id, Entropy: o.entropy})
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
	t.Unsure = slices.Clone(all[:min(len(all), unsureShown)])
	at := map[imagefile.ID]*Unsure{}
	for i := range t.Unsure {
		u := &t.Unsure[i]
		o := thinks[u.ID]
		u.Guesses = o.guesses(classes)
		if truth, ok := hidden[u.ID]; ok {
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
			u.Ref = e.out.Ref(r.Ref)
		}
	}
	return nil
}
