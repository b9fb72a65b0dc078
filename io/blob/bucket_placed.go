package blob

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"sync/atomic"
)

// A file whose parts are written in any order lies in the system's temporary
// folder (TMPDIR) until it is committed. All those of the process may take
// scratchMost bytes together.
var (
	scratchMost = scratchLimit(os.Getenv("RETORT_SCRATCH_GB"))
	scratchUsed atomic.Int64
)

func scratchLimit(gb string) int64 {
	if n, err := strconv.ParseInt(gb, 10, 32); err == nil && n > 0 {
		return n << 30
	}
	return 32 << 30
}

// takeScratch counts bytes of temporary files for a purpose, also where they are too many.
func takeScratch(n int64, purpose string) error {
	if used := scratchUsed.Add(n); n > 0 && used > scratchMost {
		return fmt.Errorf("%s: files being written take %d bytes of scratch space, more than %d (give more by RETORT_SCRATCH_GB, or use fewer workers)", purpose, used, scratchMost)
	}
	return nil
}

// Scratch counts the bytes of temporary files that are no object's yet, of one purpose,
// with those of objects being written.
type Scratch struct {
	purpose string
	taken   atomic.Int64
}

// NewScratch has taken nothing. purpose begins its errors.
func NewScratch(purpose string) *Scratch { return &Scratch{purpose: purpose} }

// Take counts n bytes more; an error says that there is no room for them.
func (s *Scratch) Take(n int64) error {
	s.taken.Add(n)
	return takeScratch(n, s.purpose)
}

// Free gives all back, when the files are gone.
func (s *Scratch) Free() { scratchUsed.Add(-s.taken.Swap(0)) }

// CreatePlaced starts an object whose parts are written in any order.
func (b *bucket) CreatePlaced(ctx context.Context, name string) (PlacedWriter, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp("", "retort-upload-*")
	if err != nil {
		return nil, fmt.Errorf("scratch space for %s: %w (TMPDIR names its folder)", b.at(name), err)
	}
	_ = os.Remove(f.Name()) // so that it goes with the process, where the system can do that
	return &scratchFile{File: f, up: b.writer(ctx, name, Options{}, version{})}, nil
}

type scratchFile struct {
	*os.File
	up   *bucketWriter
	size atomic.Int64 // as far as it was written
	done bool
}

// grow takes space up to size.
func (s *scratchFile) grow(size int64) error {
	for {
		old := s.size.Load()
		if size <= old {
			return nil
		}
		if !s.size.CompareAndSwap(old, size) {
			continue
		}
		return takeScratch(size-old, s.up.b.at(s.up.name))
	}
}

func (s *scratchFile) Write(p []byte) (int, error) {
	at, err := s.File.Seek(0, io.SeekCurrent)
	if err == nil {
		err = s.grow(at + int64(len(p)))
	}
	if err != nil {
		return 0, err
	}
	return s.File.Write(p)
}

func (s *scratchFile) WriteAt(p []byte, at int64) (int, error) {
	if err := s.grow(at + int64(len(p))); err != nil {
		return 0, err
	}
	return s.File.WriteAt(p, at)
}

// WriteBehind does nothing.
func (s *scratchFile) WriteBehind(int64) {}

// Commit uploads the file.
func (s *scratchFile) Commit() error {
	if s.done {
		return fs.ErrClosed
	}
	defer s.Discard()
	if _, err := s.File.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := io.CopyBuffer(struct{ io.Writer }{s.up}, struct{ io.Reader }{s.File}, make([]byte, 1<<20)); err != nil {
		return err
	}
	return s.up.Commit()
}

// Discard leaves nothing.
func (s *scratchFile) Discard() {
	if s.done {
		return
	}
	s.done = true
	s.up.Discard()
	s.File.Close()
	_ = os.Remove(s.File.Name())
	scratchUsed.Add(-s.size.Load())
}
