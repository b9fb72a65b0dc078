package evaluate

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/label"
)

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
// views of an image; where the means of all images would take more than most bytes,
// about the first view of the first pass. files have all targets of some images.
func opinions(ctx context.Context, a pipelines.Artifact[pipelines.Targets], files []artifact.File, classes int, most int64) (map[imagefile.ID]opinion, error) {
	var views int64
	for _, f := range pipelines.RecordFiles(a) {
		views += f.Records
	}
	all, means := map[imagefile.ID]opinion{}, map[imagefile.ID][]float64{}
	everything := views*int64(8*classes) <= most
	p := make([]float64, classes)
	for t, err := range label.Of(a, files) {
		if err == nil && len(t.Logits) != classes {
			err = fmt.Errorf("the target of %s has %d logits for %d classes", t.Key, len(t.Logits), classes)
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
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
