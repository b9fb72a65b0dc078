package split

import (
	"context"
	"errors"
	"fmt"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/pipelines"
)

// The work splits into shards four times, those of the first three are ranges of
// the index. What the shards of a round find decides what those of the next do; it
// lies in files of [pipelines.Job.Work].
//
//	count  images of each class, and of each class by the leading bits of their
//	       ranks; leaves what the next two have to know of each image
//	look   images near the ranks where a role ends
//	roles  the role of each image, and how many of a chunk have which
//	write  a shard of one part's index
const (
	countPhase = "count"
	lookPhase  = "look"
	rolesPhase = "roles"
	writePhase = "write"
)

// rangeImages is how many images a range has, a multiple of index.ShardRecords, so
// that ranges begin where files do. It does not shape the artifact.
var rangeImages int64 = 8 * index.ShardRecords

// chunkImages is how many images of the index are passed over at once where a part
// has none of them.
var chunkImages int64 = index.ShardRecords

type (
	images = pipelines.Artifact[pipelines.Images]
	output = *pipelines.Output[pipelines.Images]
)

// Phases are the rounds of the work.
func (s *ByLabel) Phases() []pipelines.Phase[pipelines.Images, pipelines.Images] {
	return []pipelines.Phase[pipelines.Images, pipelines.Images]{
		{Name: countPhase, Shards: s.planCount, RunShard: s.countRange},
		{Name: lookPhase, Shards: s.planLook, RunShard: s.lookRange},
		{Name: rolesPhase, Shards: s.planRoles, RunShard: s.rolesRange},
		{Name: writePhase, Shards: s.planWrite, RunShard: s.writeShard},
	}
}

func ranges(in images) int {
	return int((index.Count(pipelines.IndexFiles(in)) + rangeImages - 1) / rangeImages)
}

// open is the partition as a phase knows it. What was decided is read once in each
// process.
func (s *ByLabel) open(in images, out output, phase string) (*partition, error) {
	p, err := s.start(in, out)
	if err != nil {
		return nil, err
	}
	known, err := pipelines.Shared(out.Job, "split-"+phase, func() (*partition, error) {
		d, err := load(out, phase)
		if err != nil {
			return nil, err
		}
		k := &partition{decided: d}
		k.know()
		return k, nil
	})
	if err != nil {
		return nil, err
	}
	p.decided, p.listed, p.kept, p.ranks = known.decided, known.listed, known.kept, known.ranks
	return p, nil
}

// start is a partition of which nothing is decided.
func (s *ByLabel) start(in images, out output) (*partition, error) {
	var meta pipelines.ImagesMeta
	if err := in.Meta(&meta); err != nil {
		return nil, err
	}
	p := &partition{stage: s, classes: meta.Classes, in: in, decided: new(decided)}
	if s.Test.IsZero() {
		return p, nil
	}
	var err error
	p.testSet, err = pipelines.Open(out.Job, s.Test)
	return p, err
}

// know makes what is asked for each image out of what was decided.
func (p *partition) know() {
	p.listed, p.kept = map[id]bool{}, map[id]bool{}
	for _, image := range p.Listed {
		p.listed[image] = true
	}
	for _, image := range p.Kept {
		p.kept[image] = true
	}
	p.ranks = &ranks{shift: p.Shift, cuts: p.Cuts}
}

// planCount looks at the test set and the user's list, which the ranges are
// compared with.
func (s *ByLabel) planCount(_ context.Context, in images, out output) (int, error) {
	p, err := s.start(in, out)
	if err == nil {
		err = p.check()
	}
	if err == nil {
		err = p.countTestSet()
	}
	if err == nil {
		err = p.keepListed()
	}
	if err != nil {
		return 0, err
	}
	return ranges(in), p.save(out, countPhase)
}

// counted is what the count of a range notes.
type counted struct {
	Images   int   `json:"images"`
	Excluded int   `json:"excluded"`
	Both     int   `json:"both"`
	Size     []int `json:"size"`
}

func (s *ByLabel) countRange(ctx context.Context, in images, out output, shard int) error {
	p, err := s.open(in, out, countPhase)
	if err != nil {
		return err
	}
	n := counted{Size: make([]int, len(p.classes))}
	ranks := newRanks(len(p.classes))
	var all []byte
	for m, err := range p.membersOf(int64(shard)*rangeImages, int64(shard+1)*rangeImages) {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		seen := p.seen(m)
		all = seen.append(all)
		n.Images++
		if m.inTest {
			n.Excluded++
		}
		switch {
		case m.Label == imagefile.UnknownLabel:
			continue
		case m.inTest:
			n.Both++
			continue
		}
		n.Size[m.Label]++
		if seen.free() {
			ranks.add(m.Label, seen.ranked)
		}
	}
	if err := leave(out, countPhase, shard, ranks.encode(), all); err != nil {
		return err
	}
	return out.SetShardNote(n)
}

// planLook decides how many images of each class have which role, and near which
// ranks one role ends and the next begins. What the user lists is never held out.
func (s *ByLabel) planLook(_ context.Context, in images, out output) (int, error) {
	p, err := s.start(in, out)
	if err != nil {
		return 0, err
	}
	if p.decided, err = load(out, countPhase); err != nil {
		return 0, err
	}
	p.Notes = nil
	p.know()
	p.ranks = newRanks(len(p.classes))
	if err := p.sum(out); err != nil {
		return 0, err
	}
	if err := p.choose(); err != nil {
		return 0, err
	}
	p.Shift, p.Cuts = p.ranks.shift, p.ranks.cuts
	return ranges(in), p.save(out, lookPhase)
}

// sum adds up what the ranges counted.
func (p *partition) sum(out output) error {
	parts, err := pipelines.PhaseNotes[counted](out.Job, countPhase)
	if err != nil {
		return err
	}
	n := len(p.classes)
	p.Size, p.Held, p.Quota, p.Aside = make([]int, n), make([]int, n), make([]int, n), make([]int, n)
	both := 0
	for shard, part := range parts {
		p.Images += part.Images
		p.Excluded += part.Excluded
		both += part.Both
		for c, n := range part.Size {
			p.Size[c] += n
		}
		data, err := taken(out, countPhase, shard, 0)
		if err == nil {
			err = p.ranks.decode(data)
		}
		if err != nil {
			return err
		}
	}
	if want := int(index.Count(pipelines.IndexFiles(p.in))); p.Images != want {
		return fmt.Errorf("%d of %d images were counted (run again; if it stays, this is a bug)", p.Images, want)
	}
	p.total = p.Images - both
	if both > 0 {
		p.note("images that are in the test set too, not trained on: %d", both)
	}
	return nil
}

func (s *ByLabel) lookRange(ctx context.Context, in images, out output, shard int) error {
	p, err := s.open(in, out, lookPhase)
	if err != nil {
		return err
	}
	all, err := taken(out, countPhase, shard, 1)
	if err != nil {
		return err
	}
	var near []byte
	for image, err := range allSeen(all, len(p.classes)) {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		if image.free() {
			near = p.ranks.appendNear(near, image.class, image.ranked)
		}
	}
	return leave(out, lookPhase, shard, near)
}

// planRoles finds the images with which each role ends.
func (s *ByLabel) planRoles(_ context.Context, in images, out output) (int, error) {
	d, err := load(out, lookPhase)
	if err != nil {
		return 0, err
	}
	r := &ranks{shift: d.Shift, cuts: d.Cuts}
	for shard := range ranges(in) {
		data, err := taken(out, lookPhase, shard, 0)
		if err == nil {
			err = r.takeNear(data)
		}
		if err != nil {
			return 0, err
		}
	}
	r.settle()
	return ranges(in), d.save(out, rolesPhase)
}

// roles counts images by role.
type roles [gone + 1]int64

func (s *ByLabel) rolesRange(ctx context.Context, in images, out output, shard int) error {
	p, err := s.open(in, out, rolesPhase)
	if err != nil {
		return err
	}
	all, err := taken(out, countPhase, shard, 1)
	if err != nil {
		return err
	}
	var chunks []roles
	var each []byte
	for image, err := range allSeen(all, len(p.classes)) {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		if int64(len(each))%chunkImages == 0 {
			chunks = append(chunks, roles{})
		}
		r := p.role(&image)
		chunks[len(chunks)-1][r]++
		each = append(each, byte(r))
	}
	if err := leave(out, rolesPhase, shard, each); err != nil {
		return err
	}
	return out.SetShardNote(chunks)
}
