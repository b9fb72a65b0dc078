package split_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/retort-ml/retort/transforms/split"
)

// TestValidationTakesFromTheLabelledOnly: with a share for validation the test
// images and those to train on stay the same, and the labelled ones are parted:
// the same share of each class, a class with one label wholly in training.
func TestValidationTakesFromTheLabelledOnly(t *testing.T) {
	images := &made{PerClass: []int{60, 30, 12, 2}}
	list := filepath.Join(t.TempDir(), "ids.csv")
	for name, s := range map[string]split.ByLabel{
		"fraction":  {Fraction: 0.5, TestFraction: 0.2, Seed: 3},
		"per class": {PerClass: 1, TestFraction: 0.2, Seed: 3},
		"all":       {TestFraction: 0.2, Seed: 3},
		"listed":    {IDs: list, TestFraction: 0.2, Seed: 3},
	} {
		t.Run(name, func(t *testing.T) {
			whole := s
			whole.IDs = ""
			before, err := run(t, images, &whole, nil)
			if err != nil {
				t.Fatal(err)
			}
			if s.IDs != "" { // those that keep their labels, listed
				var lines []string
				for i, e := range before["labelled"] {
					if i%2 == 0 || e.Label > 1 {
						lines = append(lines, e.ID.String())
					}
				}
				if err := os.WriteFile(s.IDs, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
					t.Fatal(err)
				}
				whole.IDs = s.IDs
				if before, err = run(t, images, &whole, nil); err != nil {
					t.Fatal(err)
				}
			}
			parted := s
			parted.Validation = 0.25
			after, err := run(t, images, &parted, nil)
			if s.PerClass == 1 {
				if err == nil || !strings.Contains(err.Error(), "split.validation") {
					t.Errorf("one label a class: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, port := range []string{"train", "test", "unlabelled"} {
				if !maps.Equal(ids(before[port]), ids(after[port])) {
					t.Errorf("%s: other images", port)
				}
			}
			aside, both := map[int32]int{}, ids(after["labelled"])
			for _, e := range after["validation"] {
				if aside[e.Label]++; both[e.ID] {
					t.Errorf("%s is trained on", e.ID)
				}
				both[e.ID] = true
			}
			if !maps.Equal(both, ids(before["labelled"])) {
				t.Error("labelled and validation together are not what was labelled")
			}
			all := map[int32]int{}
			for _, e := range before["labelled"] {
				all[e.Label]++
			}
			for c, n := range all {
				want := max(min(max(1, (n+2)/4), n-1), 0) // a quarter, rounded
				if got := aside[c]; got != want {
					t.Errorf("class %d: %d of %d labels for validation; want %d", c, got, n, want)
				}
			}
		})
	}
}
