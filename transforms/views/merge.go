package views

import (
	"container/heap"
	"errors"
	"fmt"
	"io"

	"github.com/retort-ml/retort/io/example"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/tfrecord"
)

// head is one file of a pass, at its next record.
type head struct {
	views, beside *tfrecord.Reader
	pair          pair
	id            imagefile.ID
	pass          int
	meta          *Meta
	ended         bool
	ex            example.Example
}

func (h *head) close() {
	h.views.Close()
	if h.beside != nil {
		h.beside.Close()
	}
}

// next goes on to the next record; at the end of the file it sets ended.
func (h *head) next() error {
	var err error
	h.pair.record, err = h.views.Next()
	if errors.Is(err, io.EOF) {
		h.ended = true
		return nil
	}
	if err != nil {
		return err
	}
	if h.beside != nil {
		if h.pair.beside, err = h.beside.Next(); err != nil {
			return fmt.Errorf("the record that goes with a view is missing: %w", err)
		}
	}
	if err := h.ex.Decode(h.pair.record); err != nil {
		return err
	}
	id, err := h.ex.Bytes(keyID)
	if err != nil || len(id) != len(h.id) {
		return fmt.Errorf("key %q: want 16 bytes", keyID)
	}
	copy(h.id[:], id)
	return nil
}

// queue orders the files of a pass by their next record.
type queue []*head

func newQueue(heads []*head) *queue {
	var q queue
	for _, h := range heads {
		if !h.ended {
			q = append(q, h)
		}
	}
	heap.Init(&q)
	return &q
}

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return inOrder(q[i].id, q[j].id, q[i].pass) }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(*head)) }
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}

func (q *queue) first() *head {
	if len(*q) == 0 {
		return nil
	}
	return (*q)[0]
}

// fix puts the file at the front where its next record belongs.
func (q *queue) fix() {
	if (*q)[0].ended {
		heap.Pop(q)
		return
	}
	heap.Fix(q, 0)
}
