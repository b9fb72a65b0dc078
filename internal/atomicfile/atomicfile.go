// Package atomicfile writes files whole or not at all: into a temporary file
// beside the target, synced, then renamed over it.
package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/retort-ml/retort/internal/crash"
)

// TempPattern marks files that were being written; a later run may delete
// whatever matches it.
const TempPattern = ".tmp-*"

// File is a file being written. Exactly one of Commit and Discard ends it;
// Discard after Commit does nothing, so that it can be deferred.
type File struct {
	f      *os.File
	path   string
	done   bool
	behind behind
	direct *direct // nil: through the page cache
}

// Create starts writing path. The folder must exist. What is there already must
// be a file: a device or a pipe would be gone, not written to.
func Create(path string) (*File, error) {
	if err := replaceable(path); err != nil {
		return nil, fmt.Errorf("cannot write %s: %w", path, err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), TempPattern)
	if err != nil {
		return nil, fmt.Errorf("cannot write %s: %w", path, err)
	}
	return &File{f: f, path: path}, nil
}

// replaceable is an error where a file would take the place of something else,
// such as /dev/null, or of a link to an open file, as /dev/stdout is one.
func replaceable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil // not there; or what is wrong with the folder comes to light there
	}
	link, _ := os.Readlink(path)
	if mode := info.Mode(); !mode.IsRegular() && !mode.IsDir() || strings.HasPrefix(link, "/proc/") {
		return errors.New("a device or a pipe, which a file would replace; choose the name of a file")
	}
	return nil
}

// Write appends to the temporary file.
func (w *File) Write(p []byte) (int, error) {
	n, err := w.f.Write(p)
	if err != nil {
		err = fmt.Errorf("cannot write %s: %w", w.path, err)
	}
	return n, err
}

// WriteAt writes at an offset of the temporary file; calls for other parts of it
// may be under way.
func (w *File) WriteAt(p []byte, offset int64) (int, error) {
	to := w.f.WriteAt
	if w.direct != nil {
		to = w.direct.writeAt
	}
	n, err := to(p, offset)
	if err != nil {
		err = fmt.Errorf("cannot write %s: %w", w.path, err)
	}
	return n, err
}

// settle ends what InOrder began: all that was written is in the file then.
func (w *File) settle() error {
	d := w.direct
	if d == nil {
		return nil
	}
	w.direct = nil
	if err := d.settle(); err != nil {
		return fmt.Errorf("cannot write %s: %w", w.path, err)
	}
	return nil
}

// ReadAt reads back what was written.
func (w *File) ReadAt(p []byte, offset int64) (int, error) {
	if err := w.settle(); err != nil {
		return 0, err
	}
	return w.f.ReadAt(p, offset)
}

// Truncate cuts the temporary file to size.
func (w *File) Truncate(size int64) error {
	if err := w.settle(); err != nil {
		return err
	}
	if err := w.f.Truncate(size); err != nil {
		return fmt.Errorf("cannot write %s: %w", w.path, err)
	}
	return nil
}

// Commit syncs the file, gives it its name and syncs the folder.
func (w *File) Commit() error {
	defer w.Discard()
	if err := w.sync(); err != nil {
		return err
	}
	if err := os.Rename(w.f.Name(), w.path); err != nil {
		return fmt.Errorf("cannot write %s: %w", w.path, err)
	}
	w.done = true
	crash.At(crash.FileRenamed)
	return SyncDir(filepath.Dir(w.path))
}

// sync makes the temporary file durable and closes it.
func (w *File) sync() error {
	w.behind.wait()
	if err := w.settle(); err != nil {
		return err
	}
	if err := w.f.Chmod(0o644); err != nil {
		return fmt.Errorf("cannot write %s: %w", w.path, err)
	}
	crash.At(crash.FileWritten)
	if err := w.f.Sync(); err != nil {
		return fmt.Errorf("cannot write %s: %w", w.path, err)
	}
	if err := w.f.Close(); err != nil {
		return fmt.Errorf("cannot write %s: %w", w.path, err)
	}
	crash.At(crash.FileSynced)
	return nil
}

// Discard removes the temporary file unless it was committed.
func (w *File) Discard() {
	if w.done {
		return
	}
	w.done = true
	w.behind.wait()
	if w.direct != nil {
		w.direct.close()
		w.direct = nil
	}
	w.f.Close()
	os.Remove(w.f.Name())
}

// WriteFile writes data to path, whole or not at all.
func WriteFile(path string, data []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// Write calls fill with a writer to path and commits if fill succeeds.
func Write(path string, fill func(w io.Writer) error) error {
	w, err := Create(path)
	if err != nil {
		return err
	}
	defer w.Discard()
	if err := fill(w); err != nil {
		return err
	}
	return w.Commit()
}

// SyncDir makes renames inside dir durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
