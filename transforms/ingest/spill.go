package ingest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sort"

	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/pipelines"
)

// spill sorts references by id in bounded memory: each goes to the temporary
// file of its id's first bits; later each file is sorted by itself.
type spill struct {
	dir     string
	buckets [spillBuckets]*tfrecord.File
	buf     []byte
	classes map[string]int64
}

const (
	spillDir     = ".spill"
	spillBuckets = 64
)

func newSpill(dir string) (*spill, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return &spill{dir: dir, classes: map[string]int64{}}, nil
}

func (s *spill) path(b int) string { return filepath.Join(s.dir, fmt.Sprintf("%02d.tfrecord", b)) }

func (s *spill) add(ref imagefile.Ref, class string) error {
	b := int(ref.ID[0]) * spillBuckets / 256
	if s.buckets[b] == nil {
		f, err := tfrecord.Create(s.path(b), tfrecord.Options{})
		if err != nil {
			return err
		}
		s.buckets[b] = f
	}
	s.buf = index.Append(s.buf[:0], ref, class)
	return s.buckets[b].Write(s.buf)
}

func (s *spill) remove() {
	for _, f := range s.buckets {
		if f != nil {
			f.Discard()
		}
	}
	os.RemoveAll(s.dir)
}

// sorted returns the references of one bucket by id, of equal images the one
// that comes first by place, and how many equal ones were left out.
func (s *spill) sorted(b int) (list []index.Entry, duplicates int64, err error) {
	if s.buckets[b] == nil {
		return nil, 0, nil
	}
	r, err := tfrecord.Open(s.path(b), tfrecord.Options{})
	if err != nil {
		return nil, 0, err
	}
	defer r.Close()
	for rec, err := range r.All() {
		if err != nil {
			return nil, 0, err
		}
		e, err := index.Parse(rec)
		if err != nil {
			return nil, 0, err
		}
		list = append(list, e)
	}
	sort.Slice(list, func(i, j int) bool { return before(list[i], list[j]) })
	return unique(list)
}

func before(a, b index.Entry) bool {
	if c := bytes.Compare(a.ID[:], b.ID[:]); c != 0 {
		return c < 0
	}
	if (a.Class == "") != (b.Class == "") { // one of the copies has a label
		return a.Class != ""
	}
	if a.URI != b.URI {
		return a.URI < b.URI
	}
	return a.Offset < b.Offset
}

// unique keeps the first of each run of one id. Copies of one image under two
// classes are an error: one of the labels is wrong.
func unique(list []index.Entry) ([]index.Entry, int64, error) {
	kept := list[:0]
	for _, e := range list {
		if len(kept) == 0 || kept[len(kept)-1].ID != e.ID {
			kept = append(kept, e)
			continue
		}
		if first := kept[len(kept)-1]; e.Class != "" && first.Class != e.Class {
			return nil, 0, fmt.Errorf("the same image has two labels: %q is %s and %q is %s (remove or relabel one of them)", first.Name, first.Class, e.Name, e.Class)
		}
	}
	return kept, int64(len(list) - len(kept)), nil
}

// commitBuckets makes the spilled files readable.
func (s *spill) commitBuckets() error {
	for _, f := range s.buckets {
		if f != nil {
			if err := f.Commit(); err != nil {
				return err
			}
		}
	}
	return nil
}

// finish sorts what was spilled into the index and counts everything: ingested
// = written + duplicates + quarantined.
func (c *checker) finish(s *spill) error {
	if err := s.commitBuckets(); err != nil {
		return err
	}
	var duplicates int64
	classes := map[string]int64{}
	for b := range spillBuckets { // a first pass, for the number and the classes
		list, d, err := s.sorted(b)
		if err != nil {
			return err
		}
		duplicates += d
		for _, e := range list {
			classes[e.Class]++
		}
	}
	return c.write(s, classes, duplicates)
}

func (c *checker) write(s *spill, classes map[string]int64, duplicates int64) error {
	written := c.kept - duplicates
	unlabelled := classes[""]
	delete(classes, "")
	meta := pipelines.ImagesMeta{Classes: pipelines.SortedKeys(classes)}
	label := map[string]int32{}
	for i, name := range meta.Classes {
		label[name] = int32(i)
	}
	w := index.NewWriter(c.out.Path("."), "index", written)
	defer w.Discard()
	for b := range spillBuckets {
		list, _, err := s.sorted(b)
		if err != nil {
			return err
		}
		for _, e := range list {
			e.Label = imagefile.UnknownLabel
			if e.Class != "" {
				e.Label = label[e.Class]
			}
			if err := w.Write(e.Ref, e.Class); err != nil {
				return err
			}
		}
	}
	files, err := w.Close()
	if err != nil {
		return err
	}
	for _, f := range files {
		c.out.AddDescribed(f)
	}
	c.count(written, duplicates, unlabelled, classes)
	return c.out.SetMeta(meta)
}

func (c *checker) count(written, duplicates, unlabelled int64, classes map[string]int64) {
	c.out.Count("ingested", c.seen)
	c.out.Count("images", written)
	c.out.Count("duplicates", duplicates)
	c.out.Count("quarantined", c.seen-c.kept)
	c.out.Count("labelled", written-unlabelled)
	c.out.Count("classes", int64(len(classes)))
	if duplicates > 0 {
		c.out.Note("%d images are exact copies of others and are used once", duplicates)
	}
}
