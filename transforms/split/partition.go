package split

import (
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/pipelines"
)

type (
	id   = imagefile.ID
	role uint8
)

// What becomes of an image.
const (
	unlabelled role = iota
	labelled
	test
	validation
	gone // it is in the separate test set, and written from there
)

// partition decides on the role of every image. It keeps no images: its memory
// grows with the user's list and with the number of classes.
type partition struct {
	*decided
	stage   *ByLabel
	classes []string
	in      pipelines.Artifact[pipelines.Images]
	testSet pipelines.Artifact[pipelines.Images]
	listed  map[id]bool // the images that the user lists
	kept    map[id]bool // of the listed images those for validation
	total   int         // training images, labelled or not, of which Fraction is a share
	ranks   *ranks
}

// note says something that Run tells people.
func (p *partition) note(format string, args ...any) {
	p.Notes = append(p.Notes, fmt.Sprintf(format, args...))
}

func (p *partition) check() error {
	switch len(p.classes) {
	case 0:
		return fmt.Errorf("none of the %d images has a label; a classifier needs some (give --labels folder, or a CSV of path,label)", index.Count(pipelines.IndexFiles(p.in)))
	case 1:
		return fmt.Errorf("all labelled images are of one class, %q; a classifier needs at least two (check the folders or the CSV)", p.classes[0])
	}
	return nil
}

// choose decides how many images of each class have which role, and near which
// ranks one role ends and the next begins: the first of each class are held out,
// those that follow are for validation, those that follow these keep their labels.
func (p *partition) choose() error {
	if p.stage.Test.IsZero() {
		if err := p.holdOut(); err != nil {
			return err
		}
	}
	if p.stage.IDs == "" {
		if err := p.keepLabels(); err != nil {
			return err
		}
	}
	if p.stage.Validation > 0 {
		if err := p.setAside(); err != nil {
			return err
		}
	}
	for c := range p.classes {
		p.ranks.lowest(c, p.Held[c])
		p.ranks.lowest(c, p.Held[c]+p.chosen(c))
		p.ranks.lowest(c, p.Held[c]+p.Quota[c])
	}
	return nil
}

// countTestSet counts the separate test set, if there is one.
func (p *partition) countTestSet() error {
	if p.stage.Test.IsZero() {
		return nil
	}
	known, foreign := map[string]bool{}, map[string]string{} // classes of the test set only, with an image
	for _, class := range p.classes {
		known[class] = true
	}
	for e, err := range p.testReferences() {
		if err != nil {
			return err
		}
		p.TestSize++
		if !known[e.Class] && foreign[e.Class] == "" {
			foreign[e.Class] = e.Name
		}
	}
	if len(foreign) > 0 {
		return p.foreignClasses(foreign)
	}
	bare := int(index.Count(pipelines.IndexFiles(p.testSet))) - p.TestSize
	if p.TestSize == 0 {
		return fmt.Errorf("none of the %d images of the test set has a label (give --test-labels folder, or a CSV of path,label)", bare)
	}
	if bare > 0 {
		p.note("test set: images without a label, not used: %d", bare)
	}
	return nil
}

// foreignClasses names the classes of the test set that no training image has.
func (p *partition) foreignClasses(names map[string]string) error {
	var list []string
	for _, class := range pipelines.SortedKeys(names) {
		word := fmt.Sprintf("%q (%s)", class, names[class])
		if at := slices.IndexFunc(p.classes, func(c string) bool { return strings.EqualFold(c, class) }); at >= 0 {
			word += fmt.Sprintf(", where the training images have %q: upper and lower case differ", p.classes[at])
		}
		list = append(list, word)
	}
	noun, more := "class", ""
	if len(list) > 1 {
		noun = "classes"
	}
	if len(list) > 20 {
		list, more = list[:20], fmt.Sprintf(" and %d more", len(list)-20)
	}
	return fmt.Errorf("the test set has the %s %s%s, which the training images do not have (classes: %s)", noun, strings.Join(list, ", "), more, strings.Join(p.classes[:min(20, len(p.classes))], ", "))
}

// holdOut decides how many test images each class gives: TestFraction of it, at
// least one where it has two.
func (p *partition) holdOut() error {
	held := 0
	for c, size := range p.Size {
		n := int(math.Round(p.stage.TestFraction * float64(size)))
		n = min(max(n, 1), size-1, p.ranks.count(c))
		p.Held[c] = max(n, 0)
		held += p.Held[c]
	}
	p.total -= held
	if held == 0 {
		return fmt.Errorf("no labelled image is left to be held out for evaluation: no class has two beside those that keep their labels (give a test set, or more labels)")
	}
	if held < 100 {
		p.note("images held out for evaluation: only %d; the figures are rough (give a test set for better ones)", held)
	}
	return nil
}

// keepLabels decides how many labels of each class the training sees.
func (p *partition) keepLabels() (err error) {
	if p.Quota, err = p.quotas(); err != nil {
		return err
	}
	for c, n := range p.Quota {
		if n == 0 {
			return fmt.Errorf("class %q keeps no label: %d labelled images of it remain for training beside those of the test set (label more of it, or raise split.fraction)", p.classes[c], p.Size[c]-p.Held[c])
		}
	}
	return nil
}

// quotas is how many labels each class keeps.
func (p *partition) quotas() ([]int, error) {
	have := make([]int, len(p.classes))
	sum := 0
	for c, size := range p.Size {
		have[c] = size - p.Held[c]
		sum += have[c]
	}
	switch {
	case p.stage.PerClass > 0:
		quota := make([]int, len(have))
		for c, n := range have {
			if n < p.stage.PerClass {
				return nil, fmt.Errorf("class %q has %d labelled images for training, fewer than the %d per class asked for (lower split.per_class, or label more)", p.classes[c], n, p.stage.PerClass)
			}
			quota[c] = p.stage.PerClass
		}
		return quota, nil
	case p.stage.Fraction > 0:
		want := int(math.Round(p.stage.Fraction * float64(p.total)))
		return Even(have, max(min(want, sum), min(len(have), sum)), p.order()), nil
	}
	return have, nil
}

// role is what becomes of an image.
func (p *partition) role(s *seen) role {
	switch {
	case s.inTest:
		return gone
	case s.listed && p.kept[s.ID]:
		return validation
	case s.listed:
		return labelled
	case !s.free():
		return unlabelled
	case p.ranks.within(s.class, 0, s.ranked):
		return test
	case p.ranks.within(s.class, 1, s.ranked):
		return validation
	case p.ranks.within(s.class, 2, s.ranked):
		return labelled
	}
	return unlabelled
}

// order ranks classes for the remainder of an even share, by seed.
func (p *partition) order() []int {
	order := make([]int, len(p.classes))
	rank := make([]uint64, len(p.classes))
	for c, name := range p.classes {
		order[c] = c
		sum := sha256.Sum256([]byte(name))
		rank[c] = p.rank(id(sum[:16]))
	}
	sort.Slice(order, func(i, j int) bool { return rank[order[i]] < rank[order[j]] })
	return order
}

// Even shares total out among classes as evenly as their sizes allow. The
// classes that come first in order get the remainder.
func Even(sizes []int, total int, order []int) []int {
	quota := make([]int, len(sizes))
	for left := total; left > 0; {
		open := 0
		for c := range sizes {
			if quota[c] < sizes[c] {
				open++
			}
		}
		if open == 0 {
			break
		}
		share := max(left/open, 1)
		for _, c := range order {
			n := min(share, sizes[c]-quota[c], left)
			quota[c] += n
			left -= n
		}
	}
	return quota
}
