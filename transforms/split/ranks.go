package split

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
)

// ranks finds the images of the lowest ranks of every class without keeping the
// ranks: it first counts them by their leading bits, then looks at those few
// that share these bits with the last one wanted. Ranks are uniform hashes.
//
//	add every image; lowest for every class; appendNear every image, takeNear; settle; within
//
// Parts of the images can be added by others, too: encode and decode carry counts.
type ranks struct {
	shift int        // a rank's bin is rank >> shift
	bins  [][]uint32 // how many images, by class and bin
	cuts  [][]cut    // what was asked for, by class
}

// ranked is an image with its rank; of equal ranks the lower id comes first.
type ranked struct {
	Rank uint64 `json:"rank"`
	ID   id     `json:"id"`
}

func compareRanked(a, b ranked) int {
	if c := cmp.Compare(a.Rank, b.Rank); c != 0 {
		return c
	}
	return bytes.Compare(a.ID[:], b.ID[:])
}

// cut is where the images of the lowest ranks of a class end.
type cut struct {
	None bool   `json:"none,omitempty"`
	All  bool   `json:"all,omitempty"`
	Bin  uint64 `json:"bin"`  // that holds the last one wanted
	Want int    `json:"want"` // so many of its images are wanted
	Last ranked `json:"last"` // wanted, once found
	near []ranked
}

// maxBins bounds the counters of all classes together, 4 bytes each.
const maxBins = 1 << 20

func newRanks(classes int) *ranks {
	perClass := max(1, min(1<<16, maxBins/max(1, classes)))
	r := &ranks{shift: 65 - bits.Len(uint(perClass)), bins: make([][]uint32, classes), cuts: make([][]cut, classes)}
	for c := range r.bins {
		r.bins[c] = make([]uint32, 1<<(64-r.shift))
	}
	return r
}

func (r *ranks) add(class int32, image ranked) { r.bins[class][image.Rank>>r.shift]++ }

// count is how many images of a class were added.
func (r *ranks) count(class int) (n int) {
	for _, have := range r.bins[class] {
		n += int(have)
	}
	return n
}

// lowest asks for the n images of the lowest ranks of a class.
func (r *ranks) lowest(class, n int) {
	cut := cut{None: n <= 0, Want: n}
	for bin, have := range r.bins[class] {
		if have := int(have); have >= cut.Want {
			cut.Bin = uint64(bin)
			r.cuts[class] = append(r.cuts[class], cut)
			return
		}
		cut.Want -= int(have)
	}
	cut.All = true
	r.cuts[class] = append(r.cuts[class], cut)
}

func (r *ranks) settle() {
	for _, cuts := range r.cuts {
		for i := range cuts {
			if cut := &cuts[i]; len(cut.near) > 0 {
				slices.SortFunc(cut.near, compareRanked)
				cut.Last, cut.near = cut.near[min(cut.Want, len(cut.near))-1], nil
			}
		}
	}
	r.bins = nil
}

// encode writes what was added, for decode of another.
func (r *ranks) encode() (b []byte) {
	for _, bins := range r.bins {
		used := 0
		for _, n := range bins {
			if n > 0 {
				used++
			}
		}
		b = binary.AppendUvarint(b, uint64(used))
		last := 0
		for bin, n := range bins {
			if n > 0 {
				b = binary.AppendUvarint(b, uint64(bin-last))
				b = binary.AppendUvarint(b, uint64(n))
				last = bin
			}
		}
	}
	return b
}

var errCounts = errors.New("temporary file of ranks: not what was written (run again)")

// decode adds what another encoded.
func (r *ranks) decode(b []byte) error {
	next := func() (x int) {
		v, n := binary.Uvarint(b)
		if n <= 0 || v > 1<<32 {
			b = nil
			return -1
		}
		b = b[n:]
		return int(v)
	}
	for c := range r.bins {
		bin := 0
		for range next() {
			bin += next()
			n := next()
			if n < 0 || bin < 0 || bin >= len(r.bins[c]) {
				return errCounts
			}
			r.bins[c][bin] += uint32(n)
		}
	}
	if len(b) > 0 {
		return errCounts
	}
	return nil
}

// nearSize is that of an image near a cut: its class, the cut, its rank, its id.
const nearSize = 4 + 4 + 8 + 16

// appendNear takes every image for a second time: it appends it to b, once for each
// cut that it is near, for takeNear of whoever settles.
func (r *ranks) appendNear(b []byte, class int32, image ranked) []byte {
	for i := range r.cuts[class] {
		if cut := &r.cuts[class][i]; !cut.None && !cut.All && cut.Bin == image.Rank>>r.shift {
			b = binary.BigEndian.AppendUint32(b, uint32(class))
			b = binary.BigEndian.AppendUint32(b, uint32(i))
			b = binary.BigEndian.AppendUint64(b, image.Rank)
			b = append(b, image.ID[:]...)
		}
	}
	return b
}

// takeNear takes what others appended.
func (r *ranks) takeNear(b []byte) error {
	for ; len(b) >= nearSize; b = b[nearSize:] {
		class, i := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
		if int(class) >= len(r.cuts) || int(i) >= len(r.cuts[class]) {
			return errCounts
		}
		cut := &r.cuts[class][i]
		cut.near = append(cut.near, ranked{binary.BigEndian.Uint64(b[8:]), id(b[16:nearSize])})
	}
	if len(b) > 0 {
		return errCounts
	}
	return nil
}

// within reports whether an image is among those that the i-th call of lowest
// for its class asked for.
func (r *ranks) within(class int32, i int, image ranked) bool {
	cut := &r.cuts[class][i]
	return cut.All || !cut.None && compareRanked(image, cut.Last) <= 0
}
