package split_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/retort-ml/retort/transforms/split"
)

// The parts do not depend on how the work is cut.
func TestPartsDoNotDependOnRanges(t *testing.T) {
	for name, c := range map[string]struct {
		of   []int
		s    split.ByLabel
		test *made
	}{
		"fraction":   {[]int{300, 40, 7, 153}, split.ByLabel{Fraction: 0.1, TestFraction: 0.2, Seed: 5}, nil},
		"per class":  {[]int{300, 40, 7, 153}, split.ByLabel{PerClass: 3, TestFraction: 0.1, Seed: 5}, nil},
		"all":        {[]int{20, 30}, split.ByLabel{TestFraction: 0.3, Seed: 1}, nil},
		"validation": {[]int{300, 40, 7, 153}, split.ByLabel{Fraction: 0.3, TestFraction: 0.2, Validation: 0.3, Seed: 5}, nil},
		"test set":   {[]int{300, 40, 7, 153}, split.ByLabel{Fraction: 0.1, Seed: 5}, &made{PerClass: []int{5, 9, 4, 8}}},
		"many files": {[]int{50_000, 40_000}, split.ByLabel{Fraction: 0.5, TestFraction: 0.4, Seed: 2}, nil},
	} {
		want, err := run(t, &made{PerClass: c.of}, &c.s, c.test)
		if err != nil {
			t.Fatal(name, err)
		}
		cuts := [][2]int64{{16, 16}, {100, 10}, {5000, 5000}}
		if name == "many files" {
			cuts = [][2]int64{{40_000, 10_000}, {7_000, 7_000}}
		}
		for _, cut := range cuts {
			t.Run(fmt.Sprint(name, cut), func(t *testing.T) {
				defer split.InRangesOf(cut[0], cut[1])()
				got, err := run(t, &made{PerClass: c.of}, &c.s, c.test)
				if err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(got, want) {
					t.Error("other parts")
				}
			})
		}
	}
}
