package index

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"sort"

	"github.com/retort-ml/retort/io/tfrecord"
)

// Sorter sorts references by image id in bounded memory: each goes to the
// temporary file of its id's first bits; later each file is sorted by itself.
// References with one id become one.
//
//	s, err := index.NewSorter(dir)
//	...
//	defer s.Remove()
//	... s.Add(entry) ...
//	for e, err := range s.All() { … }
type Sorter struct {
	dir     string
	buckets [buckets]*spill
	copies  int64 // references beside the first of their id, of the last All
	buf     []byte
	sealed  bool
}

const buckets = 64

// NewSorter starts a sort whose temporary files are in dir; what was in it is
// deleted.
func NewSorter(dir string) (*Sorter, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return &Sorter{dir: dir}, nil
}

func (s *Sorter) path(b int) string { return filepath.Join(s.dir, fmt.Sprintf("%02d.tfrecord", b)) }

// Add adds a reference. It must not follow All.
func (s *Sorter) Add(e Entry) error {
	b := int(e.ID[0]) * buckets / 256
	if s.buckets[b] == nil {
		f, err := newSpill(s.path(b))
		if err != nil {
			return err
		}
		s.buckets[b] = f
	}
	s.buf = AppendEntry(s.buf[:0], e)
	return s.buckets[b].w.Write(s.buf)
}

// Copies is how many references the last complete All left out, since others
// had the same id.
func (s *Sorter) Copies() int64 { return s.copies }

// spill is a temporary file. Nothing reads it after a crash, so it is not made
// durable.
type spill struct {
	f *os.File
	w *tfrecord.Writer
}

func newSpill(path string) (*spill, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	w, err := tfrecord.NewWriter(f, tfrecord.Options{Compression: tfrecord.None})
	if err != nil {
		f.Close()
		return nil, err
	}
	return &spill{f, w}, nil
}

func (s *spill) close() error {
	return errors.Join(s.w.Close(), s.f.Close())
}

// All yields the references by id, each id once: of several references with
// one id the one with a class, then the one that comes first by place. That
// one image has two classes is an error. All may be called again.
func (s *Sorter) All() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := s.seal(); err != nil {
			yield(Entry{}, err)
			return
		}
		s.copies = 0
		for b := range buckets {
			list, err := s.bucket(b)
			if err != nil {
				yield(Entry{}, err)
				return
			}
			for _, e := range list {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// seal makes the temporary files readable.
func (s *Sorter) seal() error {
	if s.sealed {
		return nil
	}
	for _, f := range s.buckets {
		if f != nil {
			if err := f.close(); err != nil {
				return err
			}
		}
	}
	s.sealed = true
	return nil
}

func (s *Sorter) bucket(b int) ([]Entry, error) {
	if s.buckets[b] == nil {
		return nil, nil
	}
	var list []Entry
	if err := each(s.path(b), func(e Entry) { list = append(list, e) }); err != nil {
		return nil, err
	}
	sort.Slice(list, func(i, j int) bool { return before(&list[i], &list[j]) })
	kept, err := unique(list)
	s.copies += int64(len(list) - len(kept))
	return kept, err
}

func each(path string, f func(Entry)) error {
	r, err := tfrecord.Open(path, tfrecord.Options{})
	if err != nil {
		return err
	}
	defer r.Close()
	for rec, err := range r.All() {
		if err != nil {
			return err
		}
		e, err := Parse(rec)
		if err != nil {
			return err
		}
		f(e)
	}
	return nil
}

func before(a, b *Entry) bool {
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
func unique(list []Entry) ([]Entry, error) {
	kept := list[:0]
	for _, e := range list {
		if len(kept) == 0 || kept[len(kept)-1].ID != e.ID {
			kept = append(kept, e)
			continue
		}
		if first := &kept[len(kept)-1]; e.Class != "" && first.Class != e.Class {
			return nil, fmt.Errorf("the same image has two labels: %q is %s and %q is %s (remove or relabel one of them)", first.Name, first.Class, e.Name, e.Class)
		}
	}
	return kept, nil
}

// Remove deletes the temporary files.
func (s *Sorter) Remove() {
	for _, f := range s.buckets {
		if f != nil {
			f.f.Close()
		}
	}
	os.RemoveAll(s.dir)
}
