package index

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/tfrecord"
)

// Range is what several runs have of one range of ids, in memory.
type Range struct{ refs []ranged }

// ranged is a reference not yet parsed.
type ranged struct {
	high, low uint64 // the id
	data      []byte
}

func (r *ranged) sameID(o *ranged) bool { return r.high == o.high && r.low == o.low }

// readers is how many runs are read at once: a store takes its time for each.
const readers = 16

// ReadRange reads the references of all runs in dir whose ids' first bits are at.
func ReadRange(dir blob.Dir, runs []Run, bits, at int) (*Range, error) {
	r := &Range{}
	for from := 0; from < len(runs); from += readers {
		batch := runs[from:min(len(runs), from+readers)]
		parts, errs := make([][]byte, len(batch)), make([]error, len(batch))
		var wait sync.WaitGroup
		for i := range batch {
			wait.Go(func() { parts[i], errs[i] = batch[i].readRange(dir, bits, at) })
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
	slices.SortStableFunc(r.refs, func(a, b ranged) int { return cmp.Or(cmp.Compare(a.high, b.high), cmp.Compare(a.low, b.low)) })
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
		if len(rec) < 16 {
			return fmt.Errorf("%s: a record of %d bytes is no reference", from, len(rec))
		}
		if Prefix(imagefile.ID(rec[:16]), bits) == at {
			r.refs = append(r.refs, ranged{binary.BigEndian.Uint64(rec), binary.BigEndian.Uint64(rec[8:]), rec})
		}
	}
	return nil
}

// Prefix is an id's first bits, at most 32 of them, as a number.
func Prefix(id imagefile.ID, bits int) int {
	return int(uint64(binary.BigEndian.Uint32(id[:])) >> (32 - bits))
}

// Len is how many references it has.
func (r *Range) Len() int { return len(r.refs) }

// Split parts the range into at most n, none of which shares an id with another.
func (r *Range) Split(n int) (parts []*Range) {
	for from := 0; from < len(r.refs); {
		to := min(len(r.refs), from+(len(r.refs)+n-1)/n)
		for to < len(r.refs) && r.refs[to].sameID(&r.refs[to-1]) {
			to++
		}
		parts = append(parts, &Range{r.refs[from:to]})
		from = to
	}
	return parts
}

// Images yields what all references say of each image, by id (see [Sorter.Images]).
// known, if not nil, completes each reference before they are compared.
func (r *Range) Images(known func(*Entry)) iter.Seq2[Image, error] {
	return func(yield func(Image, error) bool) {
		var read CompactReader
		for from := 0; from < len(r.refs); {
			var m Image
			to := from
			for ; to < len(r.refs) && r.refs[to].sameID(&r.refs[from]); to++ {
				e, err := read.Read(r.refs[to].data)
				if err != nil {
					yield(m, err)
					return
				}
				if known != nil {
					known(&e)
				}
				m.add(e)
			}
			m.choose()
			from = to
			if !yield(m, nil) {
				return
			}
		}
	}
}
