package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/retort-ml/retort/internal/crash"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/pipelines"
)

// writePlan is what the shards that write the index know.
type writePlan struct {
	Total   int64      `json:"total"`
	Classes []string   `json:"classes"`
	Ranges  []idsRange `json:"ranges"`
}

// idsRange is a range of ids, by its number the file that has it.
type idsRange struct {
	Written int64   `json:"written"`
	Marks   []int64 `json:"marks"`
}

// summary is what the order came to.
type summary struct {
	ordered
	ranges    []idsRange
	conflicts []int64 // of each range
}

func summed(out output) (*summary, error) {
	ranges, err := pipelines.PhaseNotes[ordered](out.Job, orderPhase)
	if err != nil {
		return nil, err
	}
	all := &summary{ordered: ordered{Classes: map[string]int64{}}}
	for _, r := range ranges {
		all.Written += r.Written
		all.Copies += r.Copies
		all.Conflicts += r.Conflicts
		all.SetAside += r.SetAside
		for class, n := range r.Classes {
			all.Classes[class] += n
		}
		if all.First == nil {
			all.First = r.First
		}
		all.conflicts = append(all.conflicts, r.Conflicts)
		all.ranges = append(all.ranges, idsRange{r.Written, r.Marks})
	}
	return all, nil
}

// labels parts the classes from what has none.
func (s *summary) labels() (classes []string, unlabelled int64) {
	unlabelled = s.Classes[""]
	delete(s.Classes, "")
	return pipelines.SortedKeys(s.Classes), unlabelled
}

// planWrite checks that nothing is lost: ingested = written + duplicates +
// quarantined.
func (s *Images) planWrite(_ context.Context, _ none, out output) (int, error) {
	a, err := s.arrange(out)
	if err != nil {
		return 0, err
	}
	t, err := total(out, a)
	if err != nil {
		return 0, err
	}
	all, err := summed(out)
	if err != nil {
		return 0, err
	}
	if quarantined := t.all.Seen - t.all.Kept + all.Conflicts; all.Written+all.Copies+quarantined != t.all.Seen {
		return 0, fmt.Errorf("%d images were found, but %d are to be indexed, %d are duplicates and %d quarantined; the temporary files lost some (run again; if it stays, this is a bug)",
			t.all.Seen, all.Written, all.Copies, quarantined)
	}
	if all.Written == 0 {
		if t.all.First == nil || all.Conflicts+all.SetAside > t.all.Seen-t.all.Kept { // what most have
			t.all.First = all.First
		}
		return 0, s.nothing(&t.all)
	}
	crash.At(crash.SpillSorted)
	classes, _ := all.labels()
	return index.ShardsOf(all.Written), savePlan(out, writePhase, writePlan{all.Written, classes, all.ranges})
}

// write writes one shard of the index.
func (s *Images) write(ctx context.Context, _ none, out output, shard int) error {
	plan, err := loadPlan[writePlan](out, writePhase)
	if err != nil {
		return err
	}
	label := make(map[string]int32, len(plan.Classes))
	for i, name := range plan.Classes {
		label[name] = int32(i)
	}
	w := out.IndexShard("index", plan.Total, shard)
	defer w.Discard()
	from := int64(shard) * index.ShardRecords
	var noted written
	err = plan.read(ctx, out, from, min(plan.Total, from+index.ShardRecords), func(e index.Entry) error {
		if err := noted.follow(written{e.ID.String(), e.ID.String()}); err != nil {
			return err
		}
		if e.Class != "" {
			e.Label = label[e.Class]
		}
		return w.WriteEntry(e)
	})
	if err != nil {
		return err
	}
	files, err := w.Close()
	for _, f := range files {
		out.AddDescribed(f)
	}
	return errors.Join(err, out.SetShardNote(noted))
}

// written is what a shard of the index noted: its ids.
type written struct {
	First string `json:"first"`
	Last  string `json:"last"`
}

// follow goes on with ids that come after: so many different ones in order, as were
// counted, are all that there are.
func (w *written) follow(o written) error {
	if w.Last >= o.First {
		return fmt.Errorf("the index would have image %s after %s; run again (if it stays, this is a bug)", o.First, w.Last)
	}
	if w.Last = o.Last; w.First == "" {
		w.First = o.First
	}
	return nil
}

// inOrder checks that the shards follow on each other.
func inOrder(out output) error {
	shards, err := pipelines.PhaseNotes[written](out.Job, writePhase)
	if err != nil {
		return err
	}
	var all written
	for _, w := range shards {
		if err := all.follow(w); err != nil {
			return err
		}
	}
	return nil
}

// read reads the references from number from up to, not including, to.
func (p *writePlan) read(ctx context.Context, out output, from, to int64, do func(index.Entry) error) error {
	start := int64(0)
	for i, r := range p.Ranges {
		if low, high := max(from, start), min(to, start+r.Written); low < high {
			if err := r.read(ctx, out, orderedName(i), low-start, high-start, do); err != nil {
				return err
			}
		}
		start += r.Written
	}
	return nil
}

func (r *idsRange) read(ctx context.Context, out output, name string, from, to int64, do func(index.Entry) error) error {
	f, err := out.Work().Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Seek(r.Marks[from/sizes.markEvery], io.SeekStart); err != nil {
		return err
	}
	in := tfrecord.NewReader(f, tfrecord.Options{Compression: tfrecord.None, Path: name})
	defer in.Close()
	if err := in.Skip(from % sizes.markEvery); err != nil {
		return err
	}
	var read index.CompactReader
	for range to - from {
		rec, err := in.Next()
		if err != nil {
			return err
		}
		e, err := read.Read(rec)
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		if err := do(e); err != nil {
			return err
		}
	}
	return nil
}

// nothing says that no image is left, and how that came about.
func (s *Images) nothing(all *part) error {
	where := strings.Join(s.Source, ", ")
	if all.Seen == 0 || all.First == nil {
		return fmt.Errorf("no images found in %s (want %s files)", where, imagefile.Titles())
	}
	return fmt.Errorf("none of the %d images in %s can be used; the first: %s: %s (%s)", all.Seen, where, all.First.Name, all.First.Reason, all.First.Detail)
}
