package pretrain

import (
	"errors"
	"io"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/transforms/evaluate"
	"github.com/retort-ml/retort/transforms/views"
)

// watcher measures an encoder while it is trained: each of the few labelled
// images is classified by its nearest neighbours among the others, its second
// view against their first ones.
type watcher struct {
	backend       string
	first, second []uint8 // pixels of the labelled images' views, of the first pass
	labels        []int32
	classes       int
}

const (
	mostWatched = 1024 // labelled images
	neighbours  = 20
)

// newWatcher gathers the labelled images; nil if there is nothing to learn from
// them.
func newWatcher(d *views.Dataset, backend string) (*watcher, error) {
	w := &watcher{backend: backend, classes: len(d.Classes)}
	for shard := 0; shard < d.Shards && len(w.labels) < mostWatched; shard++ {
		if err := w.gather(d, shard); err != nil {
			return nil, err
		}
	}
	seen := map[int32]bool{}
	for _, l := range w.labels {
		seen[l] = true
	}
	if w.classes < 2 || len(seen) < 2 {
		return nil, nil
	}
	return w, nil
}

func (w *watcher) gather(d *views.Dataset, shard int) error {
	r, err := d.OpenShard(shard)
	if err != nil {
		return err
	}
	defer r.Close()
	for len(w.labels) < mostWatched {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if rec.Label != imagefile.UnknownLabel {
			w.first, w.second = append(w.first, rec.Views[0]...), append(w.second, rec.Views[1]...)
			w.labels = append(w.labels, rec.Label)
		}
	}
	return nil
}

// knn is the accuracy, 0 to 1, on the features of a checkpoint's encoder.
func (w *watcher) knn(c *checkpoint.Checkpoint) (float64, error) {
	choice, err := backend.New(w.backend)
	if err != nil {
		return 0, err
	}
	p, err := train.NewPredictor(choice.Backend, c, min(64, len(w.labels)))
	if err != nil {
		return 0, err
	}
	_, known, err := p.Predict(w.first)
	if err != nil {
		return 0, err
	}
	_, test, err := p.Predict(w.second)
	if err != nil {
		return 0, err
	}
	return evaluate.KNNLeaveOneOut(known, test, w.labels, p.FeatureDim(), neighbours, w.classes), nil
}
