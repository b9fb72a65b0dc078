package ingest

import (
	"bytes"
	"container/heap"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"iter"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/pipelines"
)

// subset lists the sources once for their names and yields MaxImages of them,
// as evenly over the folders as they go, in the order of the listing.
func (s *Images) subset(ctx context.Context) (iter.Seq2[imagefile.Entry, error], int64, error) {
	chosen := map[string]*nearest{}
	for e, err := range imagefile.List(ctx, s.Source, imagefile.ListOptions{}) {
		if err != nil {
			return nil, 0, err
		}
		n := chosen[e.Class]
		if n == nil {
			n = &nearest{}
			chosen[e.Class] = n
		}
		n.offer(s.key(e), s.MaxImages)
	}
	taken := take(chosen, s.MaxImages)
	return func(yield func(imagefile.Entry, error) bool) {
		for e, err := range imagefile.List(ctx, s.Source, imagefile.ListOptions{}) {
			if err == nil && !taken[s.key(e)] {
				continue
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}, int64(len(taken)), nil
}

type nameKey [16]byte

// key is a hash of an entry's name: who is chosen does not depend on order.
func (s *Images) key(e imagefile.Entry) nameKey {
	h := sha256.New()
	var seed [8]byte
	binary.LittleEndian.PutUint64(seed[:], s.Seed)
	h.Write(seed[:])
	h.Write([]byte(e.Name))
	return nameKey(h.Sum(nil)[:16])
}

// nearest holds the smallest keys of one class, as a heap with the largest on
// top.
type nearest []nameKey

func (n nearest) Len() int           { return len(n) }
func (n nearest) Less(i, j int) bool { return bytes.Compare(n[i][:], n[j][:]) > 0 }
func (n nearest) Swap(i, j int)      { n[i], n[j] = n[j], n[i] }
func (n *nearest) Push(x any)        { *n = append(*n, x.(nameKey)) }
func (n *nearest) Pop() any {
	last := (*n)[len(*n)-1]
	*n = (*n)[:len(*n)-1]
	return last
}

func (n *nearest) offer(k nameKey, most int) {
	switch {
	case len(*n) < most:
		heap.Push(n, k)
	case bytes.Compare(k[:], (*n)[0][:]) < 0:
		(*n)[0] = k
		heap.Fix(n, 0)
	}
}

// take chooses total keys, the same number of every class as far as they go.
func take(classes map[string]*nearest, total int) map[nameKey]bool {
	sorted := map[string][]nameKey{}
	for name, n := range classes {
		list := make([]nameKey, n.Len())
		for i := len(list) - 1; i >= 0; i-- {
			list[i] = heap.Pop(n).(nameKey)
		}
		sorted[name] = list
	}
	taken := map[nameKey]bool{}
	for round := 0; len(taken) < total; round++ {
		before := len(taken)
		for _, name := range pipelines.SortedKeys(sorted) {
			if list := sorted[name]; round < len(list) && len(taken) < total {
				taken[list[round]] = true
			}
		}
		if len(taken) == before {
			break
		}
	}
	return taken
}
