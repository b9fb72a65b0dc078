package ingest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/retort-ml/retort/internal/crc32c"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/pipelines"
)

// checkedShard is what one shard of the check looks at.
type checkedShard struct {
	Pieces   []piece `json:"pieces"`
	Before   int64   `json:"before,omitempty"`   // entries of the listing before it
	Labelled string  `json:"labelled,omitempty"` // the last image before it with a label of its own
}

// listing tells what it looks at from what any other shard does.
func (s *checkedShard) listing() (sum uint32) {
	for _, p := range s.Pieces {
		sum = crc32c.Update(sum, binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint32(nil, p.CRC32C), uint64(p.Entries)))
	}
	return sum
}

// checkPlan is what the shards of the check know.
type checkPlan struct {
	Shards []checkedShard `json:"shards"`
	Total  int64          `json:"total"` // images
}

// arrangement is the listing in its order, whatever shards made it.
type arrangement struct {
	plan  checkPlan
	slots []slot
	stats imagefile.ListStats
	notes []string
	again int64

	open   bool // the last shard of the check can take more
	size   int64
	before int64
	last   string // the last image with a label of its own
}

// slot is a stretch of the listing: a shard of the check, or a part that is checked.
type slot struct {
	shard int
	part  *part
}

// arrange puts the listing together.
func (s *Images) arrange(out output) (*arrangement, error) {
	walks, err := pipelines.PhaseNotes[walked](out.Job, walkPhase)
	if err != nil {
		return nil, err
	}
	lists, err := pipelines.PhaseNotes[listed](out.Job, listPhase)
	if err != nil {
		return nil, err
	}
	var archives []listedArchive
	for _, l := range lists {
		archives = append(archives, l.Archives...)
	}
	a := &arrangement{}
	for _, w := range walks {
		a.notes, a.again = append(a.notes, w.Notes...), a.again+w.Again
		for _, p := range w.Paths {
			if archives, err = a.path(p, archives); err != nil {
				return nil, err
			}
		}
	}
	if len(archives) > 0 {
		return nil, errors.New("more archives were listed than were found; run again")
	}
	return a, nil
}

// path adds a path with its archives, which are the first of the list, and returns
// the others.
func (a *arrangement) path(p walkedPath, archives []listedArchive) ([]listedArchive, error) {
	before := a.stats.Images + a.stats.Bad
	skipped := a.stats.Skipped
	a.stats.Add(&p.Stats)
	for _, i := range p.Items {
		if i.Closed > int64(len(archives)) {
			return nil, fmt.Errorf("%s: archives were found and not listed; run again", p.Path)
		}
		for _, l := range archives[:i.Closed] {
			a.stats.Add(&l.Stats)
			for _, inner := range l.Items {
				a.add(inner)
			}
		}
		archives = archives[i.Closed:]
		a.add(i)
	}
	if p.Path != "" && a.stats.Images+a.stats.Bad == before {
		return nil, a.stats.Nothing(p.Path, a.stats.Skipped-skipped)
	}
	return archives, nil
}

func (a *arrangement) add(i item) {
	switch {
	case i.Part != nil:
		a.slots, a.open = append(a.slots, slot{part: i.Part}), false
		a.before += i.Part.Seen
		if i.Part.Folders.Labelled != "" {
			a.last = i.Part.Folders.Labelled
		}
	case i.Piece != nil:
		a.addPiece(i.Piece)
	}
}

func (a *arrangement) addPiece(p *piece) {
	n := len(a.plan.Shards)
	if a.open {
		at := &a.plan.Shards[n-1]
		a.open = a.before-at.Before+p.Entries <= sizes.shardEntries && a.size+p.Bytes <= sizes.shardBytes
	}
	if !a.open {
		a.plan.Shards = append(a.plan.Shards, checkedShard{Before: a.before, Labelled: a.last})
		a.slots = append(a.slots, slot{shard: n})
		a.open, a.size, n = true, 0, n+1
	}
	at := &a.plan.Shards[n-1]
	at.Pieces = append(at.Pieces, *p)
	a.before += p.Entries
	a.size += p.Bytes
	a.plan.Total += p.Entries
	if p.Labelled != "" {
		a.last = p.Labelled
	}
}

func (s *Images) planCheck(_ context.Context, _ none, out output) (int, error) {
	a, err := s.arrange(out)
	if err != nil {
		return 0, err
	}
	a.plan.Total = a.before // with what is checked already
	return len(a.plan.Shards), savePlan(out, checkPhase, a.plan)
}

// checkShard reads and decodes the images of one shard.
func (s *Images) checkShard(ctx context.Context, _ none, out output, shard int) error {
	plan, err := loadPlan[checkPlan](out, checkPhase)
	if err != nil {
		return err
	}
	labels, err := s.sharedLabels(out)
	if err != nil {
		return err
	}
	at := &plan.Shards[shard]
	c := s.newChecker(out, partName(checkPhase, shard), labels, out.Meter(plan.Total, "images"))
	defer c.discard()
	c.before, c.layout.Labelled = at.Before, at.Labelled
	for i := range at.Pieces {
		err := at.Pieces[i].read(out, func(e imagefile.Entry) error { return c.push(ctx, e) })
		if err != nil {
			return err
		}
	}
	p, err := c.done(ctx)
	if err != nil {
		return err
	}
	p.Listing = at.listing()
	return out.SetShardNote(p)
}
