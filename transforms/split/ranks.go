package split

import (
	"bytes"
	"cmp"
	"math/bits"
	"slices"
)

// ranks finds the images of the lowest ranks of every class without keeping the
// ranks: it first counts them by their leading bits, then looks at those few
// that share these bits with the last one wanted. Ranks are uniform hashes.
//
//	add every image; lowest for every class; look at every image; within
type ranks struct {
	shift int        // a rank's bin is rank >> shift
	bins  [][]uint32 // how many images, by class and bin
	cuts  [][]cut    // what was asked for, by class
}

// ranked is an image with its rank; of equal ranks the lower id comes first.
type ranked struct {
	rank uint64
	id   id
}

func compareRanked(a, b ranked) int {
	if c := cmp.Compare(a.rank, b.rank); c != 0 {
		return c
	}
	return bytes.Compare(a.id[:], b.id[:])
}

// cut is where the images of the lowest ranks of a class end.
type cut struct {
	none, all bool
	bin       uint64   // that holds the last one wanted
	want      int      // so many of its images are wanted
	near      []ranked // its images
	last      ranked   // wanted, once found
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

func (r *ranks) add(class int32, image ranked) { r.bins[class][image.rank>>r.shift]++ }

// count is how many images of a class were added.
func (r *ranks) count(class int) (n int) {
	for _, have := range r.bins[class] {
		n += int(have)
	}
	return n
}

// lowest asks for the n images of the lowest ranks of a class.
func (r *ranks) lowest(class, n int) {
	cut := cut{none: n <= 0, want: n}
	for bin, have := range r.bins[class] {
		if have := int(have); have >= cut.want {
			cut.bin = uint64(bin)
			r.cuts[class] = append(r.cuts[class], cut)
			return
		}
		cut.want -= int(have)
	}
	cut.all = true
	r.cuts[class] = append(r.cuts[class], cut)
}

// look takes every image for a second time.
func (r *ranks) look(class int32, image ranked) {
	for i := range r.cuts[class] {
		if cut := &r.cuts[class][i]; !cut.none && !cut.all && cut.bin == image.rank>>r.shift {
			cut.near = append(cut.near, image)
		}
	}
}

func (r *ranks) settle() {
	for _, cuts := range r.cuts {
		for i := range cuts {
			if cut := &cuts[i]; len(cut.near) > 0 {
				slices.SortFunc(cut.near, compareRanked)
				cut.last, cut.near = cut.near[min(cut.want, len(cut.near))-1], nil
			}
		}
	}
	r.bins = nil
}

// within reports whether an image is among those that the i-th call of lowest
// for its class asked for.
func (r *ranks) within(class int32, i int, image ranked) bool {
	cut := &r.cuts[class][i]
	return cut.all || !cut.none && compareRanked(image, cut.last) <= 0
}
