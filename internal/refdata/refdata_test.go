package refdata

import "testing"

func TestGeneratorMatchesItsPublishedValues(t *testing.T) {
	for seed, want := range map[uint64][4]uint64{
		0:        {14819496, 9505325, 9918517, 1903380},
		4000:     {6312862, 10802908, 1837703, 11961083},
		54100003: {10408127, 9987088, 6304357, 11135393},
	} {
		for i, w := range want {
			if got := u24(seed, uint64(i)); got != w {
				t.Errorf("u24(%d, %d) = %d, want %d", seed, i, got, w)
			}
		}
	}
}
