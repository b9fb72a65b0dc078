package evaluate

import (
	"bytes"
	"context"
	"slices"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/label"
)

// Teacher is how well the teacher labelled the unlabelled images, and where it
// was least sure.
type Teacher struct {
	Images int `json:"images"` // that it labelled
	// Known is how many of them have a label that was hidden from it; Top1 is the
	// share of those that it got right.
	Known  int      `json:"known"`
	Top1   float64  `json:"top1"`
	Unsure []Unsure `json:"unsure"` // most unsure first
}

// Unsure is an image that the teacher is unsure of.
type Unsure struct {
	ID      imagefile.ID  `json:"id"`
	Ref     imagefile.Ref `json:"ref"`     // as Artifact.Ref reads it
	Entropy float64       `json:"entropy"` // of the mean over its views, in nats
	Guesses []Guess       `json:"guesses"` // best first
	Truth   string        `json:"truth,omitempty"`
}

// Guess is a class and its probability.
type Guess struct {
	Class string  `json:"class"`
	P     float64 `json:"p"`
}

// unsureShown is how many unsure images the results name.
const unsureShown = 24

// targetGroups are files of targets that a shard of the phase reads: those of the
// same images in all passes, whole blocks. Where that is not known there is one group.
func targetGroups(files []artifact.File, meta *label.Meta) [][]artifact.File {
	if len(files) == 0 || meta.Passes < 1 || len(files)%meta.Passes != 0 {
		return [][]artifact.File{files}
	}
	pass := len(files) / meta.Passes
	n := pass
	if meta.Blocks > 0 && meta.Blocks < pass && pass%meta.Blocks == 0 { // a block fills several files
		n = meta.Blocks
	}
	groups := make([][]artifact.File, n)
	for i, f := range files {
		g := i % pass * n / pass
		groups[g] = append(groups[g], f)
	}
	return groups
}

// openTargets are the targets with what they are of; nil where they are not looked
// at.
func (s *Stage) openTargets(out output) (a pipelines.Artifact[pipelines.Targets], meta *label.Meta, err error) {
	if s.Targets.IsZero() || s.Truth.IsZero() || s.Train.IsZero() {
		return a, nil, nil
	}
	if a, err = pipelines.Open(out.Job, s.Targets); err != nil {
		return a, nil, err
	}
	meta = new(label.Meta)
	return a, meta, a.Meta(meta)
}

func (s *Stage) planTeacher(_ context.Context, _ images, out output) (int, error) {
	a, meta, err := s.openTargets(out)
	if err != nil || meta == nil {
		return 0, err
	}
	return len(targetGroups(pipelines.RecordFiles(a), meta)), nil
}

func (s *Stage) teacherGroup(ctx context.Context, _ images, out output, shard int) error {
	a, meta, err := s.openTargets(out)
	if err != nil {
		return err
	}
	t, err := s.judgeTeacher(ctx, out, a, meta, targetGroups(pipelines.RecordFiles(a), meta)[shard])
	if err != nil {
		return err
	}
	return out.SetShardNote(t)
}

// taught is what a group of targets tells of the teacher: that of images with ids
// from First to Last.
type taught struct {
	First, Last imagefile.ID
	Images      int
	Known       int
	Right       int
	Unsure      []Unsure
}

// sumTeacher adds up what the groups tell.
func (s *Stage) sumTeacher(ctx context.Context, out output) (*Teacher, error) {
	a, meta, err := s.openTargets(out)
	if err != nil || meta == nil {
		return nil, err
	}
	groups, err := pipelines.PhaseNotes[taught](out.Job, teacherPhase)
	if err != nil {
		return nil, err
	}
	if !apart(groups) { // made by a stage that puts targets elsewhere
		all, err := s.judgeTeacher(ctx, out, a, meta, pipelines.RecordFiles(a))
		if err != nil {
			return nil, err
		}
		groups = []taught{*all}
	}
	t := &Teacher{}
	right := 0
	for _, g := range groups {
		t.Images += g.Images
		t.Known += g.Known
		right += g.Right
		t.Unsure = mostUnsure(append(t.Unsure, g.Unsure...))
	}
	if t.Known > 0 {
		t.Top1 = float64(right) / float64(t.Known)
	}
	return t, nil
}

// apart reports whether no image can be in two groups.
func apart(groups []taught) bool {
	var last *imagefile.ID
	for i := range groups {
		g := &groups[i]
		if g.Images == 0 {
			continue
		}
		if last != nil && bytes.Compare(last[:], g.First[:]) >= 0 {
			return false
		}
		last = &g.Last
	}
	return true
}

// judgeTeacher reads some targets, all of some images: what the teacher thinks of
// these, beside the labels that were hidden from it.
func (s *Stage) judgeTeacher(ctx context.Context, out output, a pipelines.Artifact[pipelines.Targets], meta *label.Meta, files []artifact.File) (*taught, error) {
	thinks, err := opinions(ctx, a, files, len(meta.Classes), mostMeanBytes)
	if err != nil {
		return nil, err
	}
	t := &taught{Images: len(thinks)}
	if t.Images == 0 {
		return t, nil
	}
	t.First, t.Last = ends(thinks)
	hidden, err := s.hiddenLabels(out, t, meta.Classes, thinks)
	if err != nil {
		return nil, err
	}
	for id, truth := range hidden {
		t.Known++
		if int(thinks[id].best[0]) == truth {
			t.Right++
		}
	}
	t.Unsure, err = s.unsure(out, t, thinks, hidden, meta.Classes)
	return t, err
}

// ends are the first and the last id.
func ends(thinks map[imagefile.ID]opinion) (first, last imagefile.ID) {
	n := 0
	for id := range thinks {
		if n == 0 || bytes.Compare(id[:], first[:]) < 0 {
			first = id
		}
		if n == 0 || bytes.Compare(id[:], last[:]) > 0 {
			last = id
		}
		n++
	}
	return first, last
}

// hiddenLabels are the labels, as indices of classes, of those images that the
// teacher did not see.
func (s *Stage) hiddenLabels(out output, of *taught, classes []string, thinks map[imagefile.ID]opinion) (map[imagefile.ID]int, error) {
	truth, err := pipelines.Open(out.Job, s.Truth)
	if err != nil {
		return nil, err
	}
	number := map[string]int{}
	for c, name := range classes {
		number[name] = c
	}
	labels := map[imagefile.ID]int{}
	for r, err := range pipelines.ReferencesBetween(truth, of.First, of.Last) {
		if err != nil {
			return nil, err
		}
		if _, labelled := thinks[r.ID]; !labelled || r.Label == imagefile.UnknownLabel {
			continue
		}
		if c, ok := number[r.Class]; ok {
			labels[r.ID] = c
		}
	}
	for _, known := range []pipelines.Edge[pipelines.Images]{s.Labelled, s.Validation} {
		if known.IsZero() {
			continue
		}
		seen, err := pipelines.Open(out.Job, known)
		if err != nil {
			return nil, err
		}
		for r, err := range pipelines.ReferencesBetween(seen, of.First, of.Last) {
			if err != nil {
				return nil, err
			}
			delete(labels, r.ID)
		}
	}
	return labels, nil
}

// mostUnsure are the first few, most unsure first.
func mostUnsure(all []Unsure) []Unsure {
	slices.SortFunc(all, func(a, b Unsure) int {
		switch {
		case a.Entropy > b.Entropy:
			return -1
		case a.Entropy < b.Entropy:
			return 1
		}
		return slices.Compare(a.ID[:], b.ID[:])
	})
	return slices.Clone(all[:min(len(all), unsureShown)])
}

// unsure are the images that the teacher is least sure of.
func (s *Stage) unsure(out output, of *taught, thinks map[imagefile.ID]opinion, hidden map[imagefile.ID]int, classes []string) ([]Unsure, error) {
	var all []Unsure
	for id, o := range thinks {
		all = append(all, Unsure{ID: id, Entropy: o.entropy})
	}
	all = mostUnsure(all)
	at := map[imagefile.ID]*Unsure{}
	for i := range all {
		u := &all[i]
		o := thinks[u.ID]
		u.Guesses = o.guesses(classes)
		if truth, ok := hidden[u.ID]; ok {
			u.Truth = classes[truth]
		}
		at[u.ID] = u
	}
	train, err := pipelines.Open(out.Job, s.Train)
	if err != nil {
		return nil, err
	}
	for r, err := range pipelines.ReferencesBetween(train, of.First, of.Last) {
		if err != nil {
			return nil, err
		}
		if u := at[r.ID]; u != nil {
			u.Ref = out.Ref(r.Ref)
		}
	}
	return all, nil
}
