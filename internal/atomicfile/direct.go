package atomicfile

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"unsafe"
)

const (
	// directPage is what memory, places and lengths are multiples of: no disk wants
	// more.
	directPage = 4096
	// directFrom is the least file that is worth it.
	directFrom = 8 << 20
	// directMost is how many writes of a file, and directBytes of how many bytes, are
	// on their way at once.
	directMost  = 32
	directBytes = 4 << 20
)

// direct brings a file to the disk around the system's page cache, whose pages may
// cost more than it takes to make what lies in them. What is to be written lies in
// memory that is lent, at the place in a page that it will have in the file, and is
// handed to the system, which writes it in the background. A page of which one write
// has the end and another one the beginning goes with the one that comes last.
type direct struct {
	plain *os.File
	size  int64

	mu    sync.Mutex
	pages map[int64]*page // that are not whole yet, by where they lie

	queueing sync.Mutex
	queue    queue
	under    map[int64]*passage // way, by where they lie
	bytes    int                // of these
	err      error              // the first one
}

// page is one that is written in parts.
type page struct {
	data   []byte
	filled int
}

// passage is what lies together in the file, in up to three pieces of memory.
type passage struct {
	at     int64
	pieces [][]byte
	bytes  int
	lent   [][]byte // what goes back when it is written, each once
}

func (w *passage) giveBack() {
	for _, b := range w.lent {
		lent.give(b)
	}
	w.lent = nil
}

// queue writes passages in the background, around the page cache.
type queue interface {
	// put hands a passage over, which must stay as it is until wait names it.
	put(p *passage) error
	// wait waits for at least so many and tells which were written, and how many of
	// their bytes: fewer than all are an error.
	wait(least int, done func(at int64, written int)) error
	// close waits for all.
	close()
}

// InOrder says that size bytes will be written, about front to back and each of them
// once. Where the file system can do it, they go to the disk around the page cache, and
// lends is true: best out of memory that Lend gave. Reading the file, or cutting it,
// waits until all of them are there. It is called before the first byte is written. An
// error is that there is no room for so many.
func (w *File) InOrder(size int64) (lends bool, err error) {
	if size < directFrom {
		return false, nil
	}
	q, err := openQueue(w.f, size)
	if err != nil {
		return false, fmt.Errorf("cannot write %s: %w", w.path, err)
	}
	if q == nil {
		return false, nil
	}
	lent.open()
	w.direct = &direct{plain: w.f, size: size, pages: map[int64]*page{}, queue: q, under: map[int64]*passage{}}
	return true, nil
}

// Lend is memory for n bytes that are to lie at a place of the file: of no length yet.
func (w *File) Lend(n int, at int64) []byte { return lent.take(n, at) }

// WriteLent is WriteAt of memory that Lend gave, which is the file's again.
func (w *File) WriteLent(p []byte, at int64) error {
	if w.direct == nil {
		_, err := w.WriteAt(p, at)
		return err
	}
	if err := w.direct.writeLent(p, at); err != nil {
		return fmt.Errorf("cannot write %s: %w", w.path, err)
	}
	return nil
}

// writeAt copies p.
func (d *direct) writeAt(p []byte, at int64) (int, error) {
	if err := d.writeLent(append(lent.take(len(p), at), p...), at); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (d *direct) writeLent(p []byte, at int64) error {
	if at < 0 || at+int64(len(p)) > d.size {
		return fmt.Errorf("bytes %d to %d of a file of %d", at, at+int64(len(p)), d.size)
	}
	if inPage(p) != at%directPage || !lent.gave(p) {
		moved := append(lent.take(len(p), at), p...)
		lent.give(p)
		p = moved
	}
	return d.start(d.passage(p, at))
}

// passage is what can be written now that p is there.
func (d *direct) passage(p []byte, at int64) *passage {
	end := at + int64(len(p))
	from, to := (at+directPage-1)&^(directPage-1), end&^(directPage-1) // of the whole pages
	w := &passage{at: from, lent: [][]byte{p}}
	if from > to { // within a page
		w.at = to
		w.addPage(d.fill(to, at, p))
		return w
	}
	if at < from {
		if w.addPage(d.fill(from-directPage, at, p[:from-at])) {
			w.at = from - directPage
		}
	}
	if from < to {
		w.add(p[from-at : to-at])
	}
	if to < end {
		w.addPage(d.fill(to, to, p[to-at:]))
	}
	return w
}

func (w *passage) add(piece []byte) {
	w.pieces = append(w.pieces, piece)
	w.bytes += len(piece)
}

// addPage adds a page that is whole, if there is one.
func (w *passage) addPage(page []byte) bool {
	if page == nil {
		return false
	}
	w.add(page)
	w.lent = append(w.lent, page)
	return true
}

// fill puts bytes into the page that begins at a place, and returns it if it is whole.
func (d *direct) fill(begin, at int64, p []byte) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	g := d.pages[begin]
	if g == nil {
		g = &page{data: lent.take(directPage, 0)[:directPage]}
		d.pages[begin] = g
	}
	copy(g.data[at-begin:], p)
	if g.filled += len(p); g.filled < directPage {
		return nil
	}
	delete(d.pages, begin)
	return g.data
}

// start has a passage written. An error is that of any.
func (d *direct) start(w *passage) error {
	d.queueing.Lock()
	defer d.queueing.Unlock()
	if w.bytes == 0 {
		w.giveBack()
		return d.err
	}
	for least := 0; d.err == nil && len(d.under) > 0; least = 1 {
		d.collect(least)
		if len(d.under) < directMost && d.bytes+w.bytes <= directBytes {
			break
		}
	}
	if d.err != nil {
		w.giveBack()
		return d.err
	}
	d.under[w.at] = w
	d.bytes += w.bytes
	if err := d.queue.put(w); err != nil {
		d.written(w.at, 0)
	}
	return d.err
}

// collect waits for at least so many passages.
func (d *direct) collect(least int) {
	if err := d.queue.wait(least, d.written); err != nil && d.err == nil {
		d.err = err
	}
}

// written ends a passage. What is not written the one way is written the other.
func (d *direct) written(at int64, n int) {
	w := d.under[at]
	delete(d.under, at)
	d.bytes -= w.bytes
	for _, p := range w.pieces {
		if n < w.bytes {
			d.write(p, at)
		}
		at += int64(len(p))
	}
	w.giveBack()
}

// write writes through the page cache.
func (d *direct) write(p []byte, at int64) {
	if _, err := d.plain.WriteAt(p[:min(int64(len(p)), d.size-at)], at); d.err == nil {
		d.err = err
	}
}

// settle waits for all that is on its way, and writes what of pages is left: the end
// of the file, and what lies around bytes that stayed away.
func (d *direct) settle() error {
	for len(d.under) > 0 && d.err == nil {
		d.collect(len(d.under))
	}
	if d.err == nil {
		for at, p := range d.pages {
			d.write(p.data, at)
		}
	}
	d.close()
	return d.err
}

// close lets go of the file, whatever is in it.
func (d *direct) close() {
	d.queue.close()
	for _, w := range d.under {
		w.giveBack()
	}
	for _, p := range d.pages {
		lent.give(p.data)
	}
	lent.close()
}

// shelf is memory that is lent, from file to file, as long as one is open. It is none
// of Go's heap, which would keep as much again for its collector.
type shelf struct {
	mu    sync.Mutex
	files int
	free  [][]byte
	out   map[*byte][]byte // what is lent: all of it, by where the lent part begins
}

var lent = shelf{out: map[*byte][]byte{}}

func (s *shelf) open() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files++
}

func (s *shelf) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files--; s.files > 0 {
		return
	}
	for _, b := range s.free {
		free(b)
	}
	s.free = nil
	clear(s.out) // of what failed: somebody may still hold it
}

// take is memory for n bytes that lies in its page as a place of a file does in its.
func (s *shelf) take(n int, at int64) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	skip := int(at % directPage)
	all := s.find(skip + n)
	b := all[skip:skip]
	s.out[unsafe.SliceData(b)] = all
	return b
}

// find is free memory of at least n bytes, and not much more.
func (s *shelf) find(n int) []byte {
	for i := len(s.free) - 1; i >= 0; i-- {
		if b := s.free[i]; len(b) >= n && len(b) <= n+n/4+2*directPage {
			s.free = slices.Delete(s.free, i, i+1)
			return b
		}
	}
	return allocate(n + directPage)
}

// gave reports whether memory was lent.
func (s *shelf) gave(b []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.out[unsafe.SliceData(b)]
	return ok
}

// give takes memory back, if it was lent.
func (s *shelf) give(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if all, ok := s.out[unsafe.SliceData(b)]; ok {
		delete(s.out, unsafe.SliceData(b))
		s.free = append(s.free, all)
	}
}

func inPage(b []byte) int64 { return int64(uintptr(unsafe.Pointer(unsafe.SliceData(b))) % directPage) }
