package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/retort-ml/retort/internal/atomicfile"
)

// local is this machine's file system; names are paths. It can do everything.
type local struct{}

var _ interface {
	Store
	Placing
	Appending
	Locking
	Sweeping
	Clearing
} = local{}

type localFile struct {
	*os.File
	size int64
}

func (f localFile) Size() int64 { return f.size }

// Open opens a file.
func (local) Open(_ context.Context, name string) (File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = &fs.PathError{Op: "read", Path: name, Err: syscall.EISDIR}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return localFile{f, info.Size()}, nil
}

// Create starts a file, and makes the folders above it.
func (local) Create(_ context.Context, name string, o Options) (Writer, error) {
	f, err := create(name)
	if err != nil {
		return nil, err
	}
	if o.Absent {
		return absentFile{f}, nil
	}
	return f, nil
}

// CreatePlaced starts a file.
func (local) CreatePlaced(_ context.Context, name string) (PlacedWriter, error) {
	f, err := create(name)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func create(name string) (*atomicfile.File, error) {
	f, err := atomicfile.Create(name)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return nil, err
		}
		f, err = atomicfile.Create(name)
	}
	return f, err
}

type absentFile struct{ *atomicfile.File }

func (f absentFile) Commit() error { return f.CommitNew() }

// Stat says how large a file is.
func (local) Stat(_ context.Context, name string) (Info, error) {
	info, err := os.Stat(name)
	if err != nil {
		return Info{}, err
	}
	if info.IsDir() {
		return Info{}, &fs.PathError{Op: "stat", Path: name, Err: syscall.EISDIR}
	}
	return Info{name, info.Size(), info.ModTime(), ""}, nil
}

// List walks the folders of the names that begin with prefix.
func (local) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		stop := errors.New("stop")
		start := prefix[:strings.LastIndexByte(prefix, '/')+1]
		err := walk(filepath.FromSlash(start), func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) { // removed meanwhile
				return nil
			}
			if err != nil {
				return err
			}
			if d.IsDir() {
				return skipOther(strings.TrimSuffix(filepath.ToSlash(path), "/"), prefix, start)
			}
			if !strings.HasPrefix(filepath.ToSlash(path), prefix) {
				return nil
			}
			info, err := d.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			if !yield(Info{path, info.Size(), info.ModTime(), ""}, nil) {
				return stop
			}
			return ctx.Err()
		})
		if err != nil && err != stop {
			yield(Info{}, err)
		}
	}
}

// walk is filepath.WalkDir of a folder that may be a link.
func walk(dir string, visit fs.WalkDirFunc) error {
	return filepath.WalkDir(filepath.Clean(dir)+string(filepath.Separator), visit)
}

// skipOther passes over folders that hold no name that begins with prefix.
func skipOther(dir, prefix, start string) error {
	if strings.TrimSuffix(start, "/") == dir || strings.HasPrefix(dir+"/", prefix) || strings.HasPrefix(prefix, dir+"/") {
		return nil
	}
	return fs.SkipDir
}

// Remove deletes a file.
func (local) Remove(_ context.Context, name string) error { return os.Remove(name) }

// Clear deletes all that is in a folder but the files kept; the folder stays.
func (local) Clear(_ context.Context, name string, keep ...string) error {
	entries, err := os.ReadDir(name)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	for _, e := range entries {
		if slices.Contains(keep, e.Name()) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(name, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// Sweep deletes the temporary files of writes that were interrupted.
func (local) Sweep(_ context.Context, name string) error {
	return walk(name, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		}
		if ok, _ := filepath.Match(atomicfile.TempPattern, d.Name()); ok && d.Type().IsRegular() {
			return os.Remove(path)
		}
		return nil
	})
}

// Append opens a file to add to its first keep bytes.
func (local) Append(ctx context.Context, name string, keep int64) (Log, error) {
	open := func() (*os.File, error) { return os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644) }
	f, err := open()
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return nil, err
		}
		f, err = open()
	}
	if err != nil {
		return nil, err
	}
	err = lockSoon(ctx, f)
	var end int64
	if err == nil {
		end, err = f.Seek(0, io.SeekEnd)
	}
	if err == nil && keep < end {
		err = f.Truncate(keep)
	}
	if err == nil {
		_, err = f.Seek(min(keep, end), io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// appendWait is how long another process that adds to a file may take to end: one
// whose runner has given it up, and does its work anew.
var appendWait = 30 * time.Second

// lockSoon takes a file for who adds to it, for as long as it is open.
func lockSoon(ctx context.Context, f *os.File) error {
	for end := time.Now().Add(appendWait); ; {
		if tryLock(f) == nil {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s: another process writes it (stop that, and run again)", f.Name())
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Lock holds an advisory lock on a file, which ends with its process.
func (local) Lock(_ context.Context, name, holder string) (release func(), err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, err
	}
	for {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return nil, err
		}
		if err := tryLock(f); err != nil {
			by, _ := os.ReadFile(name)
			f.Close()
			return nil, &HeldError{By: strings.TrimSpace(string(by))}
		}
		if !isAt(f, name) { // its holder let go, and removed it, since it was opened
			f.Close()
			continue
		}
		_ = f.Truncate(0)
		_, _ = fmt.Fprintf(io.NewOffsetWriter(f, 0), "%s\n", holder)
		return func() { os.Remove(name); f.Close() }, nil
	}
}

// isAt reports whether the open file is the one that has the name now.
func isAt(f *os.File, name string) bool {
	open, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(name)
	return err == nil && os.SameFile(open, there)
}
