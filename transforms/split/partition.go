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
)

// partition decides on the role of every image. It reads the index several times
// and keeps none of it: its memory grows with the user's list and with the
// number of classes, not with that of images.
type partition struct {
	stage   *ByLabel
	classes []string
	in      pipelines.Artifact[pipelines.Images]
	testSet pipelines.Artifact[pipelines.Images]
	listed  map[id]bool // the images that the user lists

	images      int         // all
	excluded    int         // that are in the separate test set too
	total       int         // training images, labelled or not, of which Fraction is a share
	testSize    int         // images of the separate test set
	size        []int       // labelled training images of each class
	held, quota []int       // held out, and with a label, of each class
	aside       []int       // of quota (or of the listed), those for validation
	kept        map[id]bool // of the listed images those for validation
	ranks       *ranks
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

// choose decides how many images of each class have which role, and where in the
// order of ranks one role ends and the next begins. What the user lists is never
// held out.
func (p *partition) choose(out *pipelines.Output[pipelines.Images]) error {
	if err := p.openTestSet(out); err != nil {
		return err
	}
	if err := p.keepListed(out); err != nil {
		return err
	}
	if err := p.count(out); err != nil {
		return err
	}
	if p.stage.Test.IsZero() {
		if err := p.holdOut(out); err != nil {
			return err
		}
	}
	if p.stage.IDs == "" {
		if err := p.keepLabels(); err != nil {
			return err
		}
	}
	if p.stage.Validation > 0 {
		if err := p.setAside(out); err != nil {
			return err
		}
	}
	return p.findCuts()
}

// openTestSet counts the separate test set, if there is one.
func (p *partition) openTestSet(out *pipelines.Output[pipelines.Images]) (err error) {
	if p.stage.Test.IsZero() {
		return nil
	}
	if p.testSet, err = pipelines.Open(out.Job, p.stage.Test); err != nil {
		return err
	}
	known, foreign := map[string]bool{}, map[string]string{} // classes of the test set only, with an image
	for _, class := range p.classes {
		known[class] = true
	}
	for e, err := range p.testReferences() {
		if err != nil {
			return err
		}
		p.testSize++
		if !known[e.Class] && foreign[e.Class] == "" {
			foreign[e.Class] = e.Name
		}
	}
	if len(foreign) > 0 {
		return p.foreignClasses(foreign)
	}
	bare := int(index.Count(pipelines.IndexFiles(p.testSet))) - p.testSize
	if p.testSize == 0 {
		return fmt.Errorf("none of the %d images of the test set has a label (give --test-labels folder, or a CSV of path,label)", bare)
	}
	if bare > 0 {
		out.Note("test set: images without a label, not used: %d", bare)
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

// count counts the images of each class, and by rank those that are still to be
// chosen from.
func (p *partition) count(out *pipelines.Output[pipelines.Images]) error {
	p.size, p.held, p.quota, p.aside = make([]int, len(p.classes)), make([]int, len(p.classes)), make([]int, len(p.classes)), make([]int, len(p.classes))
	p.ranks = newRanks(len(p.classes))
	both := 0
	for m, err := range p.members() {
		if err != nil {
			return err
		}
		p.images++
		if m.inTest {
			p.excluded++
		}
		switch {
		case m.Label == imagefile.UnknownLabel:
			continue
		case m.inTest:
			both++
			continue
		}
		p.size[m.Label]++
		if m.free() {
			p.ranks.add(m.Label, p.ranked(m.ID))
		}
	}
	p.total = p.images - both
	if both > 0 {
		out.Note("images that are in the test set too, not trained on: %d", both)
	}
	return nil
}

// holdOut decides how many test images each class gives: TestFraction of it, at
// least one where it has two.
func (p *partition) holdOut(out *pipelines.Output[pipelines.Images]) error {
	held := 0
	for c, size := range p.size {
		n := int(math.Round(p.stage.TestFraction * float64(size)))
		n = min(max(n, 1), size-1, p.ranks.count(c))
		p.held[c] = max(n, 0)
		held += p.held[c]
	}
	p.total -= held
	if held == 0 {
		return fmt.Errorf("no labelled image is left to be held out for evaluation: no class has two beside those that keep their labels (give a test set, or more labels)")
	}
	if held < 100 {
		out.Note("images held out for evaluation: only %d; the figures are rough (give a test set for better ones)", held)
	}
	return nil
}

// keepLabels decides how many labels of each class the training sees.
func (p *partition) keepLabels() (err error) {
	if p.quota, err = p.quotas(); err != nil {
		return err
	}
	for c, n := range p.quota {
		if n == 0 {
			return fmt.Errorf("class %q keeps no label: %d labelled images of it remain for training beside those of the test set (label more of it, or raise split.fraction)", p.classes[c], p.size[c]-p.held[c])
		}
	}
	return nil
}

// quotas is how many labels each class keeps.
func (p *partition) quotas() ([]int, error) {
	have := make([]int, len(p.classes))
	sum := 0
	for c, size := range p.size {
		have[c] = size - p.held[c]
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

// findCuts finds which images are held out and which keep their labels: the
// first of each class are held out, those that follow are for validation, those
// that follow these keep theirs.
func (p *partition) findCuts() error {
	for c := range p.classes {
		p.ranks.lowest(c, p.held[c])
		p.ranks.lowest(c, p.held[c]+p.chosen(c))
		p.ranks.lowest(c, p.held[c]+p.quota[c])
	}
	for m, err := range p.members() {
		if err != nil {
			return err
		}
		if m.free() {
			p.ranks.look(m.Label, p.ranked(m.ID))
		}
	}
	p.ranks.settle()
	return nil
}

// role is what becomes of an image.
func (p *partition) role(m *member) role {
	switch {
	case m.inTest:
		return test
	case m.listed && p.kept[m.ID]:
		return validation
	case m.listed:
		return labelled
	case !m.free():
		return unlabelled
	}
	image := p.ranked(m.ID)
	switch {
	case p.ranks.within(m.Label, 0, image):
		return test
	case p.ranks.within(m.Label, 1, image):
		return validation
	case p.ranks.within(m.Label, 2, image):
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
