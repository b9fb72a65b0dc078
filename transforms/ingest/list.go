package ingest

import (
	"context"
	"fmt"

	"github.com/retort-ml/retort/internal/wire"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/pipelines"
)

// listPlan is what the shards of the list know: how many closed archives each shard
// of the walk came upon.
type listPlan struct {
	Closed []int64 `json:"closed"`
	Total  int64   `json:"total"`
}

// listed is what a shard of the list noted of each of its archives.
type listed struct {
	Archives []listedArchive `json:"archives"`
}

type listedArchive struct {
	Items []item              `json:"items"`
	Stats imagefile.ListStats `json:"stats"`
}

func (s *Images) planList(_ context.Context, _ none, out output) (int, error) {
	walks, err := pipelines.PhaseNotes[walked](out.Job, walkPhase)
	if err != nil {
		return 0, err
	}
	var plan listPlan
	for _, w := range walks {
		n := int64(0)
		for _, p := range w.Paths {
			for _, i := range p.Items {
				n += i.Closed
			}
		}
		plan.Closed = append(plan.Closed, n)
		plan.Total += n
	}
	return int((plan.Total + share(plan.Total) - 1) / share(plan.Total)), savePlan(out, listPhase, plan)
}

// list lists some of the archives.
func (s *Images) list(ctx context.Context, _ none, out output, shard int) error {
	plan, err := loadPlan[listPlan](out, listPhase)
	if err != nil {
		return err
	}
	labels, err := s.sharedLabels(out)
	if err != nil {
		return err
	}
	c := s.collector(out, fmt.Sprintf("%s-%05d", listPhase, shard), labels)
	defer c.discard()
	var noted listed
	n := share(plan.Total)
	err = plan.archives(ctx, out, int64(shard)*n, min(plan.Total, int64(shard+1)*n), func(a *imagefile.Closed) error {
		var at listedArchive
		eachText(a, wire.Plain)
		if err := c.all(ctx, imagefile.ListClosed(ctx, *a, imagefile.ListOptions{Stats: &at.Stats})); err != nil {
			return err
		}
		at.Items = c.take()
		noted.Archives = append(noted.Archives, at)
		return nil
	})
	if err != nil {
		return err
	}
	if err := c.commit(ctx, &noted.Archives[len(noted.Archives)-1].Items); err != nil {
		return err
	}
	return out.SetShardNote(noted)
}

// archives reads the closed archives from number from up to, not including, to.
func (p *listPlan) archives(ctx context.Context, out output, from, to int64, do func(*imagefile.Closed) error) error {
	start := int64(0)
	for walk, n := range p.Closed {
		if low, high := max(from, start), min(to, start+n); low < high {
			if err := eachJSON(ctx, out, fmt.Sprintf("%s-%05d.closed", walkPhase, walk), low-start, high-low, do); err != nil {
				return err
			}
		}
		start += n
	}
	return nil
}
