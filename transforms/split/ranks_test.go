package split

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// What ranks finds in two readings is what sorting all images finds, equal ranks
// included.
func TestRanksFindWhatSortingFinds(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 40 {
		classes := 1 + rng.IntN(5)
		all := make([][]ranked, classes)
		r := newRanks(classes * (1 + round%2*3000)) // many bins a class, and few
		for c := range all {
			for i := range rng.IntN(300) {
				image := ranked{rank: rng.Uint64(), id: id{byte(i >> 8), byte(i)}}
				if round%4 > 1 {
					image.rank &= 0xF00000000000000F // crowded bins, equal ranks
				}
				all[c] = append(all[c], image)
				r.add(int32(c), image)
			}
		}
		want := make([][2]int, classes)
		for c, list := range all {
			first := rng.IntN(len(list) + 1)
			want[c] = [2]int{first, first + rng.IntN(len(list)-first+1)}
			r.lowest(c, want[c][0])
			r.lowest(c, want[c][1])
		}
		for c, list := range all {
			for _, image := range list {
				r.look(int32(c), image)
			}
		}
		r.settle()
		for c, list := range all {
			slices.SortFunc(list, compareRanked)
			for i, image := range list {
				for k := range 2 {
					if got := r.within(int32(c), k, image); got != (i < want[c][k]) {
						t.Fatalf("round %d, class %d: image %d of %d is within the lowest %d: %v", round, c, i, len(list), want[c][k], got)
					}
				}
			}
		}
	}
}
