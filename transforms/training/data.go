package training

import (
	"fmt"
	"iter"
	"slices"

	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/transforms/views"
)

// Unlabelled are batches for training without labels: the first views of batch
// records, then, for objectives of n views, the second ones, …; and the labels
// that there are, for those who watch. known are labels by image id; others are
// unknown.
func Unlabelled(d *views.Dataset, n int, seed uint64, batch int, known Labels) (train.Data, error) {
	if n > 1 && (len(d.Sizes) != n || slices.Min(d.Sizes) != slices.Max(d.Sizes)) {
		return nil, fmt.Errorf("the views have sizes %v; the objective wants %d of one size", d.Sizes, n)
	}
	size := 3 * d.Sizes[0] * d.Sizes[0]
	return batches(d, seed, batch, func() (*train.Batch, filler) {
		b := &train.Batch{Images: make([]uint8, n*batch*size), Labels: make([]int32, batch)}
		return b, func(i int, it *views.Item) error {
			b.Labels[i] = known.Of(it.ID)
			for k := range n {
				copy(b.Images[(k*batch+i)*size:], it.Views[k])
			}
			return nil
		}
	}), nil
}

// Labelled are batches of the records' first views with their labels.
func Labelled(d *views.Dataset, seed uint64, batch int) train.Data {
	return batches(d, seed, batch, func() (*train.Batch, filler) {
		b := single(d, batch)
		return b, func(i int, it *views.Item) error { return fillSingle(b, i, it) }
	})
}

// WithTargets are batches of the records' first views, with their labels and a
// teacher's logits over so many classes. target writes those of a record to
// logits, and may change its label; it is called from several goroutines at once.
func WithTargets(d *views.Dataset, seed uint64, batch, classes int, target func(logits []float32, it *views.Item) error) train.Data {
	return batches(d, seed, batch, func() (*train.Batch, filler) {
		b := single(d, batch)
		b.Targets = make([]float32, batch*classes)
		return b, func(i int, it *views.Item) error {
			if err := target(b.Targets[i*classes:(i+1)*classes:(i+1)*classes], it); err != nil {
				return err
			}
			return fillSingle(b, i, it)
		}
	})
}

// single is an empty batch of single views.
func single(d *views.Dataset, batch int) *train.Batch {
	return &train.Batch{Images: make([]uint8, batch*3*d.Sizes[0]*d.Sizes[0]), Labels: make([]int32, batch)}
}

func fillSingle(b *train.Batch, i int, it *views.Item) error {
	copy(b.Images[i*len(it.Views[0]):], it.Views[0])
	b.Labels[i] = it.Label
	return nil
}

// filler puts record i into a batch.
type filler func(i int, it *views.Item) error

// batches cuts the endless stream of records into batches, so that none is ever
// short: the last images of an epoch share a batch with the first of the next.
func batches(d *views.Dataset, seed uint64, batch int, start func() (*train.Batch, filler)) train.Data {
	return func(step int) iter.Seq2[train.Batch, error] {
		return func(yield func(train.Batch, error) bool) {
			b, fill := start()
			for err := range d.Batches(seed, batch, int64(step), fill) {
				if err != nil {
					yield(train.Batch{}, err)
					return
				}
				if !yield(*b, nil) {
					return
				}
			}
		}
	}
}
