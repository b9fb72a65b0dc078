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
				image := ranked{Rank: rng.Uint64(), ID: id{byte(i >> 8), byte(i)}}
				if round%4 > 1 {
					image.Rank &= 0xF00000000000000F // crowded bins, equal ranks
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
			var near []byte
			for _, image := range list {
				near = r.appendNear(near, int32(c), image)
			}
			if err := r.takeNear(near); err != nil {
				t.Fatal(err)
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

// Counts that were carried through files are those of one reading, and a damaged
// file is none.
func TestRanksFromParts(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	whole, sum := newRanks(3), newRanks(3)
	for range 5 {
		part := newRanks(3)
		for range rng.IntN(200) {
			c, image := rng.Int32N(3), ranked{Rank: rng.Uint64()}
			whole.add(c, image)
			part.add(c, image)
		}
		data := part.encode()
		if err := sum.decode(data); err != nil {
			t.Fatal(err)
		}
		for n := range data {
			_ = newRanks(3).decode(data[:n])
		}
		if newRanks(3).decode(append(data, 1)) == nil || newRanks(3).decode(data[:len(data)-1]) == nil {
			t.Error("a file of another length is taken")
		}
	}
	for c := range whole.bins {
		if !slices.Equal(whole.bins[c], sum.bins[c]) {
			t.Errorf("class %d differs", c)
		}
	}
	if whole.takeNear(make([]byte, nearSize-1)) == nil || whole.takeNear(make([]byte, nearSize)) == nil {
		t.Error("damaged images near a cut are taken")
	}
}
