package split

import (
	"fmt"
	"math"
	"slices"

	"github.com/retort-ml/retort/io/imagefile"
)

// fewAside is how many images for validation are enough for figures that are not
// rough.
const fewAside = 50

// setAside decides which of the images that would keep their labels are for
// validation: the same share of each class, at least one where it has two. A class
// with one label stays wholly in training.
func (p *partition) setAside() error {
	have := slices.Clone(p.Quota)
	listed, err := p.listedOf()
	if err != nil {
		return err
	}
	all := 0
	for c := range p.classes {
		have[c] += len(listed[c])
		n := int(math.Round(p.stage.Validation * float64(have[c])))
		p.Aside[c] = max(min(max(n, 1), have[c]-1), 0)
		slices.SortFunc(listed[c], compareRanked)
		for _, image := range listed[c][:min(p.Aside[c], len(listed[c]))] {
			p.Kept = append(p.Kept, image.ID)
		}
		all += p.Aside[c]
	}
	if all == 0 {
		return fmt.Errorf("no label can be set aside for validation: no class has two (set split.validation = 0, or label more images)")
	}
	if all < fewAside {
		p.note("images for validation: only %d; when trainings stop and how sure classifiers are is rough (label more images for better)", all)
	}
	return nil
}

// listedOf are the images that the user lists, by class.
func (p *partition) listedOf() ([][]ranked, error) {
	listed := make([][]ranked, len(p.classes))
	if len(p.listed) == 0 {
		return listed, nil
	}
	for m, err := range p.members() {
		if err != nil {
			return nil, err
		}
		if m.listed && !m.inTest && m.Label != imagefile.UnknownLabel {
			listed[m.Label] = append(listed[m.Label], p.ranked(m.ID))
		}
	}
	return listed, nil
}

// chosen is how many images of a class that the user does not list are for
// validation.
func (p *partition) chosen(class int) int { return min(p.Aside[class], p.Quota[class]) }
