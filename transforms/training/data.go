package training

import (
	"fmt"
	"iter"

	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/transforms/views"
)

// Pairs are batches for contrastive training: the first views of N records,
// then the second ones; and the labels that there are, for those who watch.
func Pairs(d *views.Dataset, seed uint64, batch int) (train.Data, error) {
	if len(d.Sizes) != 2 || d.Sizes[0] != d.Sizes[1] {
		return nil, fmt.Errorf("the views have sizes %v; contrastive training wants two of one size", d.Sizes)
	}
	size := 3 * d.Sizes[0] * d.Sizes[0]
	return func(step int) iter.Seq2[train.Batch, error] {
		return batches(d, seed, batch, step, func(b *train.Batch, i int, it *views.Item) error {
			if b.Images == nil {
				b.Images, b.Labels = make([]uint8, 2*batch*size), make([]int32, batch)
			}
			b.Labels[i] = it.Label
			copy(b.Images[i*size:], it.Views[0])
			copy(b.Images[(batch+i)*size:], it.Views[1])
			return nil
		})
	}, nil
}

// Labelled are batches of single views with their labels. beside, if not nil,
// adds what lies beside each record to the batch.
func Labelled(d *views.Dataset, seed uint64, batch int, beside func(b *train.Batch, i int, it *views.Item) error) train.Data {
	size := 3 * d.Sizes[0] * d.Sizes[0]
	return func(step int) iter.Seq2[train.Batch, error] {
		return batches(d, seed, batch, step, func(b *train.Batch, i int, it *views.Item) error {
			if b.Images == nil {
				b.Images, b.Labels = make([]uint8, batch*size), make([]int32, batch)
			}
			copy(b.Images[i*size:], it.Views[0])
			b.Labels[i] = it.Label
			if beside != nil {
				return beside(b, i, it)
			}
			return nil
		})
	}
}

// batches cuts the stream of records into batches, from a step on. fill puts
// record i into a batch.
func batches(d *views.Dataset, seed uint64, batch, step int, fill func(b *train.Batch, i int, it *views.Item) error) iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		var b train.Batch
		i := 0
		for it, err := range d.Stream(seed, int64(step)*int64(batch)) {
			if err == nil {
				err = fill(&b, i, it)
			}
			if err != nil {
				yield(train.Batch{}, err)
				return
			}
			if i++; i < batch {
				continue
			}
			if !yield(b, nil) {
				return
			}
			i = 0
		}
	}
}
