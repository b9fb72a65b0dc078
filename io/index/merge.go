package index

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/tfrecord"
)

// Range is what several runs have of one range of ids, in memory.
type Range struct {
	data []byte
	refs []spilled
}

// readers is how many runs are read at once: a store takes its time for each.
const readers = 16

// ReadRange reads the references of all runs in dir whose ids' first bits are at.
func ReadRange(dir blob.Dir, runs []Run, bits, at int) (*Range, error) {
	r := &Range{}
	parts, errs := make([][]byte, readers), make([]error, readers)
	for from := 0; from < len(runs); from += readers {
		batch := runs[from:min(len(runs), from+readers)]
		var wait sync.WaitGroup
		for i := range batch {
			wait.Go(func() { parts[i], errs[i] = batch[i].readRange(dir, bits, at, parts[i][:0]) })
		}
		wait.Wait()
		for i := range batch {
			if errs[i] != nil {
				return nil, errs[i]
			}
			if err := r.add(dir.At(batch[i].Name), parts[i], bits, at); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(r.refs, func(x, y spilled) int {
		if c := bytes.Compare(x.id[:], y.id[:]); c != 0 {
			return c
		}
		return x.from - y.from
	})
	return r, nil
}

// add takes the records of the range out of b.
func (r *Range) add(from string, b []byte, bits, at int) error {
	for len(b) > 0 {
		rec, rest, err := tfrecord.Cut(b)
		if err != nil {
			return fmt.Errorf("%s: %w", from, err)
		}
		b = rest
		var s spilled
		n := copy(s.id[:], rec)
		if n < len(s.id) {
			return fmt.Errorf("%s: a record of %d bytes is no reference", from, n)
		}
		if prefixOf(s.id[:], bits) != at {
			continue
		}
		s.from = len(r.data)
		r.data = append(r.data, rec[n:]...)
		s.to = len(r.data)
		r.refs = append(r.refs, s)
	}
	return nil
}

// prefixOf is an id's first bits, at most 32 of them.
func prefixOf(id []byte, bits int) int {
	return int(uint64(id[0])<<24|uint64(id[1])<<16|uint64(id[2])<<8|uint64(id[3])) >> (32 - bits)
}

// Len is how many references it has.
func (r *Range) Len() int { return len(r.refs) }

// Split parts the range into at most n, none of which shares an id with another.
func (r *Range) Split(n int) (parts []*Range) {
	for from := 0; from < len(r.refs); {
		to := min(len(r.refs), from+(len(r.refs)+n-1)/n)
		for to < len(r.refs) && r.refs[to].id == r.refs[to-1].id {
			to++
		}
		parts = append(parts, &Range{r.data, r.refs[from:to]})
		from = to
	}
	return parts
}

// Images yields what all references say of each image, by id (see [Sorter.Images]).
// known, if not nil, completes each reference before they are compared.
func (r *Range) Images(known func(*Entry)) iter.Seq2[Image, error] {
	return func(yield func(Image, error) bool) {
		in := bucket{data: r.data, refs: r.refs, known: known}
		for in.next < len(in.refs) {
			m, err := in.first()
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}
