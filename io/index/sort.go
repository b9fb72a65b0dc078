package index

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/retort-ml/retort/io/imagefile"
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
	// Class, if not nil, says what a class that was added is called: when all
	// references are known, before any is compared.
	Class func(string) string

	// Room, if not nil, is told of bytes that the temporary files are to take, and says
	// by an error that there is no room for them.
	Room func(bytes int64) error

	dir     string
	buckets [buckets]*spill
	asked   int64 // bytes that Room was not told of yet
	copies  int64 // references beside the first of their id, of the last All
	encode  encoder
	buf     []byte
	sealed  bool
}

const (
	buckets     = 64
	spillBuffer = 32 << 10 // bytes, of each
	roomStep    = 1 << 20  // bytes between two questions for room
	framing     = 16       // bytes of a record beside its data
)

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
	s.buf = s.encode.append(append(s.buf[:0], e.ID[:]...), &e)
	if s.asked += int64(len(s.buf)) + framing; s.Room != nil && s.asked >= roomStep {
		if err := s.Room(s.asked); err != nil {
			return err
		}
		s.asked = 0
	}
	return s.buckets[b].w.Write(s.buf)
}

// Copies is how many references the last complete All left out, since others
// had the same id.
func (s *Sorter) Copies() int64 { return s.copies }

// spill is a temporary file of references, each behind its id. Nothing reads it
// after a crash, so it is not made durable.
type spill struct {
	f *os.File
	w *tfrecord.Writer
}

func newSpill(path string) (*spill, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	w, err := tfrecord.NewWriter(f, tfrecord.Options{Compression: tfrecord.None, BufferBytes: spillBuffer})
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
		for m, err := range s.Images() {
			if err == nil {
				err = m.check()
			}
			if !yield(m.Entry, err) || err != nil {
				return
			}
		}
	}
}

// Image is what all references to one image say.
type Image struct {
	Entry          // the one with a class, then the one that comes first by place
	Copies []Entry // the others

	given bool // Entry is
}

// Images is All with the references that All leaves out, whatever their classes.
func (s *Sorter) Images() iter.Seq2[Image, error] {
	return func(yield func(Image, error) bool) {
		if err := s.seal(); err != nil {
			yield(Image{}, err)
			return
		}
		s.copies = 0
		in := bucket{class: s.Class}
		for b := range buckets {
			if s.buckets[b] == nil {
				continue
			}
			if err := in.load(s.path(b)); err != nil {
				yield(Image{}, err)
				return
			}
			for in.next < len(in.refs) {
				m, err := in.first()
				s.copies += int64(len(m.Copies))
				if !yield(m, err) || err != nil {
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

// bucket is a temporary file in memory, which serves the next one too.
type bucket struct {
	data  []byte // encoded references, one after another
	refs  []spilled
	next  int // of refs, to be taken
	parse parser
	class func(string) string // Sorter.Class
}

// spilled is a reference not yet parsed.
type spilled struct {
	id       imagefile.ID
	from, to int // in data
}

// load reads a temporary file and sorts what is in it by id.
func (b *bucket) load(path string) error {
	b.data, b.refs, b.next = b.data[:0], b.refs[:0], 0
	r, err := tfrecord.Open(path, tfrecord.Options{})
	if err != nil {
		return err
	}
	defer r.Close()
	for rec, err := range r.All() {
		if err != nil {
			return err
		}
		var s spilled
		n := copy(s.id[:], rec)
		s.from = len(b.data)
		b.data = append(b.data, rec[n:]...)
		s.to = len(b.data)
		b.refs = append(b.refs, s)
	}
	slices.SortStableFunc(b.refs, func(x, y spilled) int { return bytes.Compare(x.id[:], y.id[:]) })
	return nil
}

// first takes the references of the lowest id.
func (b *bucket) first() (m Image, err error) {
	id := b.refs[b.next].id
	for ; b.next < len(b.refs) && b.refs[b.next].id == id; b.next++ {
		s := b.refs[b.next]
		e, err := b.parse.parse(b.data[s.from:s.to])
		if err != nil {
			return m, err
		}
		if b.class != nil {
			e.Class = b.class(e.Class)
		}
		m.add(e)
	}
	m.choose()
	return m, nil
}

// add adds one more reference.
func (m *Image) add(e Entry) {
	if m.given {
		m.Copies = append(m.Copies, e)
		return
	}
	m.Entry, m.given = e, true
}

// choose makes the reference to keep the first.
func (m *Image) choose() {
	if len(m.Copies) > 0 {
		list := append([]Entry{m.Entry}, m.Copies...)
		slices.SortStableFunc(list, compareCopies) // of those at one place the one added first
		m.Entry, m.Copies = list[0], list[1:]
	}
}

// check is an error where copies are under two classes: one of the labels is
// wrong.
func (m *Image) check() error {
	for _, e := range m.Copies {
		if e.Class != "" && m.Class != e.Class {
			return fmt.Errorf("the same image has two labels: %q is %s and %q is %s (remove or relabel one of them)", m.Name, m.Class, e.Name, e.Class)
		}
	}
	return nil
}

func compareCopies(a, b Entry) int {
	switch {
	case a.Class != "" && b.Class == "": // one of the copies has a label
		return -1
	case a.Class == "" && b.Class != "":
		return 1
	}
	return cmp.Or(strings.Compare(a.URI, b.URI), cmp.Compare(a.Offset, b.Offset))
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
