package pretrain

import (
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/transforms/evaluate"
	"github.com/retort-ml/retort/transforms/training"
	"github.com/retort-ml/retort/transforms/views"
)

// watcher measures an encoder while it is trained: each of the few labelled
// images is classified by its nearest neighbours among the others, its second
// view, where there is one, against their first ones.
type watcher struct {
	predictor     *train.Predictor
	first, second []uint8 // pixels of the labelled images' views, of the first pass
	labels        []int32
	known         training.Labels
	classes       int
}

const (
	mostNeighbours = 20
	mostWatched    = 1024 // labelled images
	// Bounds of their views' memory, and of what is read to find them: with few
	// labels among millions of images, some are enough.
	mostWatchedBytes = 64 << 20
	mostReadBytes    = 4 << 30
)

// newWatcher gathers the labelled images; nil if there is nothing to learn from
// them.
func newWatcher(d *views.Dataset, known training.Labels, classes int) (*watcher, error) {
	w := &watcher{known: known, classes: classes}
	if w.classes < 2 || len(known) < 2 {
		return nil, nil
	}
	for block := 0; block < d.Blocks() && int64(block) < mostReadBytes/views.BlockBytes && !w.full(); block++ {
		if err := w.gather(d, block); err != nil {
			return nil, err
		}
	}
	seen := map[int32]bool{}
	for _, l := range w.labels {
		seen[l] = true
	}
	if len(seen) < 2 {
		return nil, nil
	}
	return w, nil
}

func (w *watcher) full() bool {
	return len(w.labels) >= min(mostWatched, len(w.known)) || len(w.first)+len(w.second) >= mostWatchedBytes
}

func (w *watcher) gather(d *views.Dataset, block int) error {
	for rec, err := range d.Block(0, block) {
		if err != nil {
			return err
		}
		if w.full() {
			break
		}
		if label := w.known.Of(rec.ID); label != imagefile.UnknownLabel {
			other := rec.Views[min(1, len(rec.Views)-1)]
			w.first, w.second = append(w.first, rec.Views[0]...), append(w.second, other...)
			w.labels = append(w.labels, label)
		}
	}
	return nil
}

// knn is the accuracy, 0 to 1, on the features of a checkpoint's encoder.
func (w *watcher) knn(b *backend.Choice, c *checkpoint.Checkpoint) (float64, error) {
	if err := w.load(b, c); err != nil {
		return 0, err
	}
	_, known, err := w.predictor.Predict(w.first)
	if err != nil {
		return 0, err
	}
	_, test, err := w.predictor.Predict(w.second)
	if err != nil {
		return 0, err
	}
	return evaluate.KNNLeaveOneOut(known, test, w.labels, w.predictor.FeatureDim(), w.neighbours(), w.classes), nil
}

// neighbours are as many as a class has images, or fewer: with more, and an
// image's own class one short, the others would outvote it.
func (w *watcher) neighbours() int { return max(1, min(mostNeighbours, len(w.labels)/w.classes-1)) }

// load compiles the network the first time, and takes new weights after that.
func (w *watcher) load(b *backend.Choice, c *checkpoint.Checkpoint) (err error) {
	if w.predictor != nil {
		return w.predictor.Load(c)
	}
	w.predictor, err = train.NewPredictor(b.Backend, c, min(64, len(w.labels)))
	return err
}
