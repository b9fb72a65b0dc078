package atomicfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// CommitNew is Commit for a path at which there must be nothing: the error is
// fs.ErrExist where there is. Of several at once one succeeds.
func (w *File) CommitNew() error {
	defer w.Discard()
	if err := w.sync(); err != nil {
		return err
	}
	err := os.Link(w.f.Name(), w.path)
	if errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.EPERM) { // a file system without links
		err = w.claim()
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", w.path, err)
	}
	return SyncDir(filepath.Dir(w.path))
}

// claim makes an empty file, which only one can, and puts ours in its place.
func (w *File) claim() error {
	f, err := os.OpenFile(w.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(w.f.Name(), w.path)
}
