package views

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/example"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/tfrecord"
)

// fetchers is how many files are open at once, of the views and of what lies
// beside them each.
const fetchers = 4

// pair is a record of a pass, and the record beside it.
type pair struct {
	record, beside []byte
	pass           int
	key            uint64
	id             imagefile.ID
	slab           *slab
}

// slab is the memory of the records of a segment; it is lent again when all of
// them are given back.
type slab struct {
	views, beside memory
	left          int
	shelf         *shelf
}

// memory are bytes as they lie in the file, and, of a compressed one, as they were.
type memory struct{ file, expanded []byte }

// done gives a record's memory back.
func (p *pair) done() {
	if p.slab == nil {
		return
	}
	if p.slab.left--; p.slab.left == 0 {
		p.slab.shelf.put(p.slab)
	}
	p.slab = nil
}

// shelf are slabs that nobody uses, and, of files in a store, what was read before.
type shelf struct {
	mu    sync.Mutex
	free  []*slab
	cache *blob.Cache
}

func (s *shelf) take() *slab {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.free)
	if n == 0 {
		return &slab{shelf: s}
	}
	t := s.free[n-1]
	s.free = s.free[:n-1]
	return t
}

func (s *shelf) put(t *slab) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, t)
}

// fetched are the records of a group, in the order of training.
type fetched struct {
	records []pair
	err     error
}

// fetch reads groups, each while the one before is at work.
func (d *Dataset) fetch(seed uint64, start int64) iter.Seq[fetched] {
	return func(yield func(fetched) bool) {
		shelf := &shelf{}
		if d.inStore() {
			shelf.cache = blob.NewCache()
			defer shelf.cache.Close()
		}
		var wait sync.WaitGroup
		defer wait.Wait()
		done := make(chan struct{})
		defer close(done)
		next := make(chan fetched)
		spans := make(spans, d.layout.blocks)
		wait.Go(func() {
			for g := range d.groups(seed, start) {
				f := d.fetchGroup(g, seed, shelf, spans)
				select {
				case next <- f:
				case <-done:
					return
				}
				if f.err != nil {
					return
				}
			}
		})
		for {
			f := <-next
			if !yield(f) || f.err != nil {
				return
			}
		}
	}
}

// inStore reports whether the files are not those of this machine.
func (d *Dataset) inStore() bool {
	scheme := blob.Scheme(d.from.At(""))
	return scheme != "" && scheme != "file"
}

func (d *Dataset) fetchGroup(g group, seed uint64, shelf *shelf, known spans) fetched {
	var segments []segment
	for _, b := range g.blocks {
		segments = append(segments, d.layout.of(g.pass, int(b))...)
	}
	all, err := d.read(segments, g.pass, shelf)
	if err != nil {
		return fetched{err: err}
	}
	if err := d.inPlace(g, all, known); err != nil {
		return fetched{err: err}
	}
	all = g.arrange(seed, all)
	for i := range all[:g.skip] {
		all[i].done()
	}
	return fetched{records: all[g.skip:]}
}

// read reads the records of segments of a pass, in no order to rely on.
func (d *Dataset) read(segments []segment, pass int, shelf *shelf) ([]pair, error) {
	n, at := 0, make([]int, len(segments))
	for i, s := range segments {
		at[i] = n
		n += int(s.records)
	}
	all := make([]pair, n)
	var work errgroup.Group
	work.SetLimit(fetchers)
	for i, s := range segments {
		if s.records > 0 {
			work.Go(func() error { return d.readSegment(all[at[i]:at[i]+int(s.records)], &s, pass, shelf.take()) })
		}
	}
	return all, work.Wait()
}

func (d *Dataset) readSegment(to []pair, s *segment, pass int, mem *slab) error {
	f := &d.files[s.number]
	records, err := readPart(d.from, f.Name, s.file, s, &mem.views, mem.shelf.cache)
	if err != nil {
		return err
	}
	var beside [][]byte
	if d.beside != nil {
		if beside, err = readPart(d.besideFrom, d.beside[s.number], s.beside, s, &mem.beside, mem.shelf.cache); err != nil {
			return fmt.Errorf("the records that go with views: %w", err)
		}
	}
	var ex example.Example
	mem.left = len(records)
	for i := range to {
		p := &to[i]
		*p = pair{record: records[i], pass: pass, slab: mem}
		if p.id, err = idOf(&ex, p.record); err != nil {
			return fmt.Errorf("%s: record %d: %w", d.from.At(f.Name), s.first+int64(i), err)
		}
		if of, err := ex.Int64(keyPass); err != nil || of != int64(pass) {
			return fmt.Errorf("%s: record %d is of pass %d, where those of pass %d lie (%s)", d.from.At(f.Name), s.first+int64(i), of, pass, changed)
		}
		p.key = OrderKey(p.id, pass)
		if beside != nil {
			p.beside = beside[i]
		}
	}
	return nil
}

// readPart reads a segment's part of a file, out of the cache where it is there and
// as it was.
func readPart(from files, name string, at part, s *segment, mem *memory, cache *blob.Cache) ([][]byte, error) {
	n, path := int(at.end-at.at), from.At(name) // files of two artifacts may have one name
	if cache != nil && cache.Get(path, at.at, mem.room(n)) {
		if records, err := split(path, name, at, s, mem); err == nil {
			return records, nil
		}
		cache.Drop(path, at.at, n)
	}
	f, err := from.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	switch {
	case f.Size() < at.end:
		return nil, cut(f, at, s, f.Size()-at.at)
	case f.Size() != at.size:
		return nil, fmt.Errorf("%s: %d bytes; the manifest says %d (%s)", f.Name(), f.Size(), at.size, changed)
	}
	if got, err := f.ReadAt(mem.room(n), at.at); got < n {
		if err == nil || errors.Is(err, io.EOF) {
			err = cut(f, at, s, int64(got))
		}
		return nil, err
	}
	records, err := split(f.Name(), name, at, s, mem)
	if err == nil {
		cache.Put(path, at.at, mem.file)
	}
	return records, err
}

// room is memory for n bytes as they lie in a file.
func (m *memory) room(n int) []byte {
	if cap(m.file) < n {
		m.file = make([]byte, n)
	}
	m.file = m.file[:n]
	return m.file
}

// split finds the records in the part of a file that is in memory.
func split(path, name string, at part, s *segment, mem *memory) ([][]byte, error) {
	records, err := tfrecord.Split(make([][]byte, 0, s.records), mem.file, &mem.expanded,
		tfrecord.Position{Record: s.first, FileOffset: at.at},
		tfrecord.Options{Compression: tfrecord.CompressionOf(name), Path: path})
	var damage *tfrecord.FormatError
	if errors.As(err, &damage) {
		damage.Mend = again
	}
	if err == nil && int64(len(records)) != s.records {
		err = fmt.Errorf("%s: %d records in the block at byte %d; the manifest says %d (%s)", path, len(records), at.at, s.records, changed)
	}
	return records, err
}

// What mends files that are not as they were written.
const (
	changed = "the file was changed: delete the stage's folder to redo it"
	again   = "run again: what is damaged is made again"
)

func cut(f blob.File, at part, s *segment, have int64) error {
	return &tfrecord.FormatError{Path: f.Name(), Record: s.first, Offset: at.at, Cause: tfrecord.Truncated, Mend: again,
		Detail: fmt.Sprintf("%d of the %d bytes of a block are there", max(0, have), at.end-at.at)}
}

func idOf(ex *example.Example, record []byte) (id imagefile.ID, err error) {
	if err := ex.Decode(record); err != nil {
		return id, err
	}
	b, err := ex.Bytes(keyID)
	if err != nil || len(b) != len(id) {
		return id, fmt.Errorf("key %q: want 16 bytes", keyID)
	}
	copy(id[:], b)
	return id, nil
}
