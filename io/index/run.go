package index

import (
	"cmp"
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/tfrecord"
)

// Run describes a file of references sorted by image id, in which each range of ids
// is found without reading the others: many of them are merged range by range, in
// any number of processes. References of one id keep the order in which they were
// added, and runs theirs.
//
// It is a file of TFRecords, each an entry as AppendCompact has it, and a last one
// with where in the file the ids of each first Bits bits begin.
type Run struct {
	Name    string `json:"name"`
	Records int64  `json:"records"` // references
	Bits    int    `json:"bits,omitempty"`
	Data    int64  `json:"data"` // bytes before the last record
}

// mostBits bounds the directory of a run: 64 KiB.
const mostBits = 14

// Sorted sorts references in memory and writes them as a run.
type Sorted struct {
	refs   []sortable
	blocks [][]byte // of encoded references: none is copied when there are more
}

type sortable struct {
	high, low       uint64 // the id
	block, from, to uint32
}

const blockBytes = 256 << 10

// Add adds a reference.
func (s *Sorted) Add(e *Entry) {
	n := len(s.blocks) - 1
	if n < 0 || len(s.blocks[n]) > blockBytes-4096 {
		s.blocks, n = append(s.blocks, make([]byte, 0, blockBytes)), n+1
	}
	from := len(s.blocks[n])
	s.blocks[n] = AppendCompact(s.blocks[n], e)
	s.refs = append(s.refs, sortable{binary.BigEndian.Uint64(e.ID[:8]), binary.BigEndian.Uint64(e.ID[8:]), uint32(n), uint32(from), uint32(len(s.blocks[n]))})
}

// Len is how many references were added.
func (s *Sorted) Len() int { return len(s.refs) }

// Write writes them to the file name of dir, and forgets them.
func (s *Sorted) Write(dir blob.Dir, name string) (Run, artifact.File, error) {
	slices.SortFunc(s.refs, func(a, b sortable) int {
		return cmp.Or(cmp.Compare(a.high, b.high), cmp.Compare(a.low, b.low), cmp.Compare(a.block, b.block), cmp.Compare(a.from, b.from))
	})
	f, err := tfrecord.CreateIn(dir, name, tfrecord.Options{})
	if err != nil {
		return Run{}, artifact.File{}, err
	}
	defer f.Discard()
	r := Run{Name: name, Records: int64(len(s.refs)), Bits: min(mostBits, max(0, bits.Len(uint(len(s.refs)))-1))}
	starts := make([]byte, 0, 4*(1<<r.Bits+1))
	for _, ref := range s.refs {
		for bucket := first(ref.high, r.Bits); len(starts) <= 4*bucket; {
			starts = binary.LittleEndian.AppendUint32(starts, uint32(r.Data))
		}
		if err := f.Write(s.blocks[ref.block][ref.from:ref.to]); err != nil {
			return r, artifact.File{}, err
		}
		if r.Data += frame + int64(ref.to-ref.from); r.Data > 1<<32-1 {
			return r, artifact.File{}, errors.New("the references of one run exceed 4 GiB (give fewer images, or shorter names)")
		}
	}
	for len(starts) < 4*(1<<r.Bits+1) {
		starts = binary.LittleEndian.AppendUint32(starts, uint32(r.Data))
	}
	err = errors.Join(f.Write(starts), f.Commit())
	*s = Sorted{}
	return r, artifact.File{Name: name, Records: f.Records(), Bytes: f.Bytes(), CRC32C: f.CRC32C()}, err
}

// frame is what a TFRecord adds to its data, frameHeader what of it stands before.
const frame, frameHeader = 16, 12

// first is an id's first bits.
func first(high uint64, bits int) int { return int(high >> 1 >> (63 - bits)) }

// readRange reads the records with all ids whose first bits are at, and may be some
// others.
func (r *Run) readRange(dir blob.Dir, bits, at int) ([]byte, error) {
	f, err := dir.Open(r.Name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	from, to := int64(0), r.Data
	if bits > 0 && r.Bits > 0 {
		low, high := at>>max(0, bits-r.Bits), at>>max(0, bits-r.Bits)+1
		if r.Bits > bits {
			low, high = at<<(r.Bits-bits), (at+1)<<(r.Bits-bits)
		}
		starts := make([]byte, 4*(high-low+1))
		if _, err := f.ReadAt(starts, r.Data+frameHeader+4*int64(low)); err != nil {
			return nil, err
		}
		from, to = int64(binary.LittleEndian.Uint32(starts)), int64(binary.LittleEndian.Uint32(starts[len(starts)-4:]))
	}
	if from > to || to > r.Data {
		return nil, errors.New(f.Name() + ": its directory is damaged; run again")
	}
	if from == to {
		return nil, nil
	}
	b := make([]byte, to-from)
	_, err = f.ReadAt(b, from)
	return b, err
}
