package pipelines

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
)

// finish writes the index of all references that the shards emitted, by id.
// Where no image got other bytes they come sorted, as the input is.
func (imageCarrier) finish(ctx context.Context, from carrier, in folder, job *Job) error {
	notes, err := ShardNotes[imagePart](job)
	if err != nil {
		return err
	}
	var all imagePart
	for _, n := range notes {
		all.Written += n.Written
		all.Relabeled = all.Relabeled || n.Relabeled
		all.Unsorted = all.Unsorted || n.Unsorted
	}
	entries := job.emitted()
	if all.Unsorted {
		scratch, remove, err := job.Scratch("sort")
		if err != nil {
			return err
		}
		defer remove()
		sorter, err := index.NewSorter(scratch)
		if err != nil {
			return err
		}
		defer sorter.Remove()
		if !job.task.Dir.IsLocal() {
			taken := blob.NewScratch("sorting references")
			defer taken.Free()
			sorter.Room = taken.Take
		}
		if all.Written, err = resort(sorter, entries); err != nil {
			return err
		}
		entries = sorter.All()
	}
	var meta ImagesMeta
	if _, ok := from.(imageCarrier); ok {
		if err := in.Meta(&meta); err != nil {
			return err
		}
	}
	if all.Relabeled {
		if meta.Classes, err = classesOf(entries); err != nil {
			return err
		}
	}
	if err := writeIndex(ctx, job, entries, all.Written, meta.Classes); err != nil {
		return err
	}
	return job.SetMeta(meta)
}

// emitted yields what the shards emitted, in order of shard.
func (j *Job) emitted() iter.Seq2[index.Entry, error] {
	var files []artifact.File
	for _, s := range j.shards {
		files = append(files, s.Work...)
	}
	return index.Read(j.task.Dir, files, 0, index.Count(files))
}

// resort fills the sorter and returns how many images it has; images of the
// same bytes are one.
func resort(sorter *index.Sorter, entries iter.Seq2[index.Entry, error]) (written int64, err error) {
	for e, err := range entries {
		if err != nil {
			return 0, err
		}
		if err := sorter.Add(e); err != nil {
			return 0, err
		}
	}
	for _, err := range sorter.All() {
		if err != nil {
			return 0, err
		}
		written++
	}
	return written, nil
}

func classesOf(entries iter.Seq2[index.Entry, error]) ([]string, error) {
	classes := map[string]bool{}
	for e, err := range entries {
		if err != nil {
			return nil, err
		}
		if e.Class != "" {
			classes[e.Class] = true
		}
	}
	return SortedKeys(classes), nil
}

// writeIndex writes the index; label i is classes[i].
func writeIndex(ctx context.Context, job *Job, entries iter.Seq2[index.Entry, error], total int64, classes []string) error {
	w := job.Index("index", total)
	defer w.Discard()
	for e, err := range entries {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		e.Label = imagefile.UnknownLabel
		if e.Class != "" {
			at, ok := slices.BinarySearch(classes, e.Class)
			if !ok {
				return fmt.Errorf("%s: class %q is not among the %d classes of the input", e.Name, e.Class, len(classes))
			}
			e.Label = int32(at)
		}
		if err := w.WriteEntry(e); err != nil {
			return err
		}
	}
	files, err := w.Close()
	if err != nil {
		return err
	}
	for _, f := range files {
		job.AddDescribed(f)
	}
	return nil
}
