package ingest

import (
	"context"
	"fmt"

	"github.com/retort-ml/retort/internal/wire"
	"github.com/retort-ml/retort/io/imagefile"
)

// share is how many of n things each shard of the walk or of the list has.
func share(n int64) int64 { return max(1, (n+sizes.shards-1)/sizes.shards) }

// walkPlan is what the shards of the walk know.
type walkPlan struct {
	Paths []imagefile.Path `json:"paths"`
}

// walked is what a shard of the walk noted.
type walked struct {
	Paths []walkedPath `json:"paths"`
	Notes []string     `json:"notes,omitempty"` // of lists
	Again int64        `json:"again,omitempty"` // rows of labels that were met while a subset was chosen
}

type walkedPath struct {
	Path  string              `json:"path"`
	Items []item              `json:"items"`
	Stats imagefile.ListStats `json:"stats"`
}

func (s *Images) planWalk(_ context.Context, _ none, out output) (int, error) {
	if _, err := s.labels(); err != nil { // before anything is listed
		return 0, err
	}
	if s.MaxImages > 0 { // who is among them only all together tell
		return 1, nil
	}
	plan, err := s.paths(out)
	if err != nil {
		return 0, err
	}
	n := int64(len(plan.Paths))
	return int((n + share(n) - 1) / share(n)), nil
}

// paths are those of an earlier attempt, if there was one: shards that it finished are
// numbered by them.
func (s *Images) paths(out output) (*walkPlan, error) {
	if there, err := out.HasWork(walkPhase); there || err != nil {
		return loadPlan[walkPlan](out, walkPhase)
	}
	paths, err := imagefile.Paths(s.Source)
	if err != nil {
		return nil, err
	}
	for i := range paths {
		paths[i].Path = wire.Safe(paths[i].Path)
	}
	return &walkPlan{paths}, savePlan(out, walkPhase, walkPlan{paths})
}

// walk lists some of the sources, without a look into archives.
func (s *Images) walk(ctx context.Context, _ none, out output, shard int) error {
	var noted walked
	labels, err := s.sharedLabels(out)
	if err != nil {
		return err
	}
	c := s.collector(out, fmt.Sprintf("%s-%05d", walkPhase, shard), labels)
	defer c.discard()
	opt := imagefile.ListOptions{Closed: true, Note: func(note string) { noted.Notes = append(noted.Notes, note) }}
	if s.MaxImages > 0 {
		err = s.walkSubset(ctx, out, c, opt, &noted)
	} else {
		err = s.walkPaths(ctx, out, c, opt, shard, &noted)
	}
	if err != nil {
		for _, note := range noted.Notes { // they may say why
			out.Message(note)
		}
		return err
	}
	if err := c.commit(ctx, &noted.Paths[len(noted.Paths)-1].Items); err != nil {
		return err
	}
	return out.SetShardNote(noted)
}

func (s *Images) walkPaths(ctx context.Context, out output, c *collector, opt imagefile.ListOptions, shard int, noted *walked) error {
	plan, err := loadPlan[walkPlan](out, walkPhase)
	if err != nil {
		return err
	}
	n := int(share(int64(len(plan.Paths))))
	for _, p := range plan.Paths[shard*n : min(len(plan.Paths), (shard+1)*n)] {
		p.Path = wire.Plain(p.Path)
		at := walkedPath{Path: p.Path} // for words
		opt.Stats = &at.Stats
		if err := c.all(ctx, imagefile.ListPath(ctx, p, opt)); err != nil {
			return err
		}
		at.Items = c.take()
		noted.Paths = append(noted.Paths, at)
	}
	return nil
}

// chosenFile has the images that rows of the labels may name, as they were met while
// a subset was chosen.
const chosenFile = "chosen"

func (s *Images) walkSubset(ctx context.Context, out output, c *collector, opt imagefile.ListOptions, noted *walked) error {
	labels, err := s.labels()
	if err != nil {
		return err
	}
	met := jsonFile{out: out, name: chosenFile}
	defer met.discard()
	var at walkedPath
	opt.Closed, opt.Stats = false, &at.Stats
	labels.table.record(&met)
	entries, total, err := s.subset(ctx, labels.table, opt)
	if err != nil {
		return err
	}
	if noted.Again, err = met.commit(); err != nil {
		return err
	}
	out.Meter(total, "images")
	if err := c.all(ctx, entries); err != nil {
		return err
	}
	at.Items = c.take()
	noted.Paths = append(noted.Paths, at)
	return nil
}
