package views

import (
	"iter"
	"sync"

	"github.com/retort-ml/retort/internal/workpool"
)

// Batches puts the records of Stream together by batches, from batch number
// first on, and yields nil each time one is whole. fill puts record i of the
// batch where it belongs; it is called from several goroutines at once, for
// another i each, and must keep nothing of the Item. The first error ends it.
//
// The records are read in order; decoding them, replaying their recipes and
// fill are spread over the process's workers. Besides what fill writes it keeps
// the blocks that Stream draws from, those that it reads ahead, and those in which
// records of the batch lie.
func (d *Dataset) Batches(seed uint64, batch int, first int64, fill func(i int, it *Item) error) iter.Seq[error] {
	return func(yield func(error) bool) {
		l := loader{data: d, fill: fill}
		defer l.close()
		records, n := make([]pair, batch), 0
		for raw, err := range d.raw(seed, first*int64(batch)) {
			if err == nil {
				records[n] = *raw
				if n++; n < batch {
					continue
				}
				n = 0
				err = workpool.Each(batch, func(i int) error { return l.load(i, &records[i]) })
				for i := range records {
					records[i].done()
				}
			}
			if !yield(err) || err != nil {
				return
			}
		}
	}
}

// loader decodes records on several goroutines.
type loader struct {
	data *Dataset
	fill func(i int, it *Item) error

	mu   sync.Mutex
	idle []*decoder
}

// decoder is what decoding one record at a time needs.
type decoder struct {
	item   Item
	replay replayer
}

func (l *loader) load(i int, raw *pair) error {
	d := l.acquire()
	defer l.release(d)
	if err := d.item.load(raw, l.data, &d.replay); err != nil {
		return err
	}
	return l.fill(i, &d.item)
}

func (l *loader) acquire() *decoder {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := len(l.idle)
	if k == 0 {
		return &decoder{replay: replayer{meta: &l.data.Meta}}
	}
	d := l.idle[k-1]
	l.idle = l.idle[:k-1]
	return d
}

func (l *loader) release(d *decoder) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.idle = append(l.idle, d)
}

func (l *loader) close() {
	for _, d := range l.idle {
		d.replay.close()
	}
}
