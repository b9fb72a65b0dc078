package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"
)

// What some stores do better than by the methods of Store. A Dir offers it of
// every store.
type (
	// Placing writes parts of a file at their places, in any order.
	Placing interface {
		CreatePlaced(ctx context.Context, name string) (PlacedWriter, error)
	}
	// Appending adds to a file that is there.
	Appending interface {
		Append(ctx context.Context, name string, keep int64) (Log, error)
	}
	// Locking gives a name to one process at a time; a killed one holds none.
	Locking interface {
		Lock(ctx context.Context, name, holder string) (release func(), err error)
	}
	// Sweeping removes what interrupted writes left below a name.
	Sweeping interface {
		Sweep(ctx context.Context, name string) error
	}
	// Clearing removes everything below a name but the files kept.
	Clearing interface {
		Clear(ctx context.Context, name string, keep ...string) error
	}
)

// PlacedWriter is a Writer to any place of its file; calls for different places
// may be under way at once.
type PlacedWriter interface {
	Writer
	io.WriterAt
	io.ReaderAt
	Truncate(size int64) error
	// WriteBehind says that n more bytes were written: a hint.
	WriteBehind(n int64)
}

// LendingWriter is a PlacedWriter that may be best written out of its own memory.
type LendingWriter interface {
	PlacedWriter
	// InOrder says, before the first byte, that size bytes will be written, about
	// front to back and each once. An error is that there is no room for them. Where
	// lends is true, writing out of memory that Lend gives spares copying it.
	InOrder(size int64) (lends bool, err error)
	// Lend is memory for n bytes that are to lie at a place of the file: of no length
	// yet.
	Lend(n int, at int64) []byte
	// WriteLent is WriteAt of memory that Lend gave for the place, which is the
	// writer's again.
	WriteLent(p []byte, at int64) error
}

// Log is a file that grows. What Sync returned from is durable; Close of what
// was not synced may lose it.
type Log interface {
	io.WriteCloser
	Sync() error
}

// CreatePlaced starts a file whose parts are written in any order. A store that
// cannot do that gets it at Commit; until then it lies in memory.
func (d Dir) CreatePlaced(name string) (PlacedWriter, error) {
	p, err := d.path(name)
	if err != nil {
		return nil, err
	}
	if s, ok := d.store.(Placing); ok {
		return s.CreatePlaced(d.ctx, p)
	}
	w, err := d.store.Create(d.ctx, p, Options{})
	if err != nil {
		return nil, err
	}
	return &placed{Writer: w}, nil
}

// Append opens a file, made if need be, to add to its first keep bytes; what
// lies behind them goes. A store that cannot do that gets the whole file with
// every Sync.
func (d Dir) Append(name string, keep int64) (Log, error) {
	p, err := d.path(name)
	if err != nil {
		return nil, err
	}
	if s, ok := d.store.(Appending); ok {
		return s.Append(d.ctx, p, keep)
	}
	l := &rewritten{dir: d, name: name}
	if keep > 0 {
		data, err := d.ReadFile(name)
		if err != nil && !IsAbsent(err) {
			return nil, err
		}
		l.Write(data[:min(keep, int64(len(data)))])
	}
	return l, nil
}

// rewritten is a Log of a store that has whole files only.
type rewritten struct {
	bytes.Buffer
	dir  Dir
	name string
}

func (l *rewritten) Sync() error  { return l.dir.WriteFile(l.name, l.Bytes()) }
func (l *rewritten) Close() error { return l.Sync() }

// Lock takes a name for holder, which is told to others who want it: the error
// is a *HeldError then. On a store without locks a process that is killed holds
// on to it until someone removes the file.
func (d Dir) Lock(name, holder string) (release func(), err error) {
	p, err := d.path(name)
	if err != nil {
		return nil, err
	}
	if s, ok := d.store.(Locking); ok {
		return s.Lock(d.ctx, p, holder)
	}
	w, err := d.CreateNew(name)
	if err != nil {
		return nil, err
	}
	defer w.Discard()
	if _, err := io.WriteString(w, holder); err != nil {
		return nil, err
	}
	if err := w.Commit(); errors.Is(err, fs.ErrExist) {
		by, _ := d.ReadFile(name) // who it is helps, but need not be known
		return nil, &HeldError{By: string(by), File: d.At(name)}
	} else if err != nil {
		return nil, err
	}
	return func() { _ = d.With(context.WithoutCancel(d.ctx)).Remove(name) }, nil
}

// HeldError says who holds a lock.
type HeldError struct {
	By   string    // "" is not known
	File string    // that holds it, for stores where a killed process leaves it; else ""
	Ends time.Time // when others may have it unless it is renewed; zero where it does not end by itself
}

func (e *HeldError) Error() string {
	s := "in use"
	if e.By != "" {
		s += " by " + e.By
	}
	if !e.Ends.IsZero() {
		s += " until " + e.Ends.Local().Format(time.TimeOnly) + ", if that does not renew it"
	}
	if e.File != "" {
		s += fmt.Sprintf(" (if that is no more, remove %s)", e.File)
	}
	return s
}

// RemoveAll removes a folder with all that is in it.
func (d Dir) RemoveAll(name string) error {
	if _, err := d.path(name); err != nil {
		return err
	}
	if d.IsLocal() {
		return os.RemoveAll(d.At(name))
	}
	return d.In(name).Clear()
}

// Sweep removes what interrupted writes left below d.
func (d Dir) Sweep() error {
	if s, ok := d.store.(Sweeping); ok {
		return s.Sweep(d.ctx, d.name)
	}
	return nil
}

// Clear removes everything below d but the files kept.
func (d Dir) Clear(keep ...string) error {
	if s, ok := d.store.(Clearing); ok {
		return s.Clear(d.ctx, d.name, keep...)
	}
	var names []string
	for info, err := range d.List("") {
		if err != nil {
			return err
		}
		names = append(names, info.Name)
	}
	for _, name := range names {
		if slices.Contains(keep, name) {
			continue
		}
		if err := d.Remove(name); err != nil {
			return err
		}
	}
	return nil
}
