package split

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
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

// What becomes of an image; the zero role is unlabelled.
const (
	unlabelled role = iota
	labelled
	test
)

// partition holds, for every class, its images in an order that only their ids
// and the seed decide. Choosing is then taking from the front.
type partition struct {
	stage   *ByLabel
	classes []string
	byClass [][]candidate // sorted by rank
	total   int           // training images, labelled or not
	role    map[id]role   // of those that are not unlabelled
	testSet pipelines.Artifact[pipelines.Images]
}

type candidate struct {
	id   id
	name string
	rank uint64
}

func (p *partition) rank(image id) uint64 {
	var key [24]byte
	binary.LittleEndian.PutUint64(key[:], p.stage.Seed)
	copy(key[8:], image[:])
	sum := sha256.Sum256(key[:])
	return binary.BigEndian.Uint64(sum[:])
}

func (p *partition) load(in pipelines.Artifact[pipelines.Images]) error {
	p.byClass = make([][]candidate, len(p.classes))
	for e, err := range pipelines.References(in) {
		if err != nil {
			return err
		}
		p.total++
		if e.Label != imagefile.UnknownLabel {
			p.byClass[e.Label] = append(p.byClass[e.Label], candidate{e.ID, e.Name, p.rank(e.ID)})
		}
	}
	for _, list := range p.byClass {
		sort.Slice(list, func(i, j int) bool { return list[i].rank < list[j].rank })
	}
	return nil
}

func (p *partition) check(in pipelines.Artifact[pipelines.Images]) error {
	switch len(p.classes) {
	case 0:
		return fmt.Errorf("none of the %d images has a label; a classifier needs some (give --labels folder, or a CSV of path,label)", p.total)
	case 1:
		return fmt.Errorf("all labelled images are of one class, %q; a classifier needs at least two (check the folders or the CSV)", p.classes[0])
	}
	return nil
}

// choose decides on the role of every image. What the user lists is never held
// out.
func (p *partition) choose(out *pipelines.Output[pipelines.Images]) error {
	if p.stage.IDs == "" {
		if err := p.holdOut(out); err != nil {
			return err
		}
		return p.keepLabels()
	}
	if !p.stage.Test.IsZero() {
		if err := p.useTestSet(out); err != nil {
			return err
		}
		return p.keepListed()
	}
	if err := p.keepListed(); err != nil {
		return err
	}
	return p.holdOut(out)
}

// holdOut chooses the test images: those of the separate set, or TestFraction
// of every class, at least one where the class has two.
func (p *partition) holdOut(out *pipelines.Output[pipelines.Images]) error {
	if !p.stage.Test.IsZero() {
		return p.useTestSet(out)
	}
	held := 0
	for c, list := range p.byClass {
		n := int(math.Round(p.stage.TestFraction * float64(len(list))))
		n = min(max(n, 1), len(list)-1)
		kept := list[:0]
		for _, image := range list {
			if n > 0 && p.role[image.id] != labelled {
				p.role[image.id] = test
				n--
				held++
				continue
			}
			kept = append(kept, image)
		}
		p.byClass[c] = kept
	}
	p.total -= held
	if held == 0 {
		return fmt.Errorf("no labelled image is left to be held out for evaluation: no class has two beside those that keep their labels (give a test set, or more labels)")
	}
	if held < 100 {
		out.Note("only %d images are held out for evaluation: the figures are rough (give a test set for better ones)", held)
	}
	return nil
}

func (p *partition) useTestSet(out *pipelines.Output[pipelines.Images]) error {
	a, err := pipelines.Open(out.Job, p.stage.Test)
	if err != nil {
		return err
	}
	p.testSet = a
	both, bare := 0, 0
	inTest := map[id]bool{}
	for e, err := range pipelines.References(a) {
		if err != nil {
			return err
		}
		if e.Label == imagefile.UnknownLabel {
			bare++
			continue
		}
		inTest[e.ID] = true
	}
	if len(inTest) == 0 {
		return fmt.Errorf("none of the %d images of the test set has a label (give --test-labels folder, or a CSV of path,label)", bare)
	}
	if bare > 0 {
		out.Note("%d images of the test set have no label and are not used", bare)
	}
	for c, list := range p.byClass {
		kept := list[:0]
		for _, image := range list {
			if inTest[image.id] {
				both++
				continue
			}
			kept = append(kept, image)
		}
		p.byClass[c] = kept
	}
	for image := range inTest {
		p.role[image] = test
	}
	p.total -= both
	if both > 0 {
		out.Note("%d images are in the test set too and are not trained on", both)
	}
	return nil
}

// keepLabels chooses the images whose labels the training sees.
func (p *partition) keepLabels() error {
	quota, err := p.quotas()
	if err != nil {
		return err
	}
	for c, n := range quota {
		for _, image := range p.byClass[c][:n] {
			p.role[image.id] = labelled
		}
		if n == 0 {
			return fmt.Errorf("class %q keeps no label: %d labelled images of it remain for training beside those of the test set (label more of it, or raise split.fraction)", p.classes[c], len(p.byClass[c]))
		}
	}
	return nil
}

// quotas is how many labels each class keeps.
func (p *partition) quotas() ([]int, error) {
	have := make([]int, len(p.classes))
	sum := 0
	for c, list := range p.byClass {
		have[c] = len(list)
		sum += len(list)
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

// write writes the index of every part. Labels that are not kept are not
// written: no later stage but evaluate, which reads the ingested index, can
// know them.
func (p *partition) write(in pipelines.Artifact[pipelines.Images], out *pipelines.Output[pipelines.Images]) error {
	held := part{port: testPort, want: func(r role) (bool, bool) { return r == test, true }}
	parts := []part{
		{port: labelledPort, want: func(r role) (bool, bool) { return r == labelled, true }},
		{port: unlabelledPort, want: func(r role) (bool, bool) { return r == unlabelled, false }},
		{port: trainPort, want: func(r role) (bool, bool) { return r != test, false }},
	}
	if p.stage.Test.IsZero() {
		return p.writeParts(in, out, append(parts, held))
	}
	if err := p.writeParts(in, out, parts); err != nil {
		return err
	}
	return p.writeParts(p.testSet, out, []part{held})
}

// part is one index of the artifact.
type part struct {
	port string
	want func(role) (take, label bool)
	n    int64
	w    *index.Writer
}

// writeParts writes parts out of one source, all in one reading: it is what the
// stage's time goes to.
func (p *partition) writeParts(in pipelines.Artifact[pipelines.Images], out *pipelines.Output[pipelines.Images], parts []part) error {
	for e, err := range pipelines.References(in) {
		if err != nil {
			return err
		}
		for i := range parts {
			if take, _ := parts[i].want(p.role[e.ID]); take {
				parts[i].n++
			}
		}
	}
	for i := range parts {
		parts[i].w = index.NewWriter(out.Path("."), parts[i].port, parts[i].n)
		defer parts[i].w.Discard()
	}
	label := map[string]int32{}
	for i, name := range p.classes {
		label[name] = int32(i)
	}
	for e, err := range pipelines.References(in) {
		if err != nil {
			return err
		}
		for i := range parts {
			if err := p.writeEntry(&parts[i], e, label); err != nil {
				return err
			}
		}
	}
	for i := range parts {
		if err := p.close(parts[i].w, out, parts[i].port, parts[i].n); err != nil {
			return err
		}
	}
	return nil
}

func (p *partition) writeEntry(to *part, e index.Entry, label map[string]int32) error {
	take, keep := to.want(p.role[e.ID])
	if !take {
		return nil
	}
	if !keep {
		e.Class, e.Label, e.Name = "", imagefile.UnknownLabel, "" // a folder's name would tell the class
	} else if l, ok := label[e.Class]; ok {
		e.Label = l
	} else {
		return fmt.Errorf("the test set has the class %q (%s), which the training images do not have (classes: %s)", e.Class, e.Name, strings.Join(p.classes[:min(20, len(p.classes))], ", "))
	}
	return to.w.Write(e.Ref, e.Class)
}

func (p *partition) close(w *index.Writer, out *pipelines.Output[pipelines.Images], port string, n int64) error {
	files, err := w.Close()
	if err != nil {
		return err
	}
	for _, f := range files {
		out.AddDescribed(f)
	}
	out.Count(port, n)
	return nil
}
