package artifact

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/retort-ml/retort/internal/crash"
	"github.com/retort-ml/retort/internal/crc32c"
	"github.com/retort-ml/retort/internal/workpool"
)

// DamageError says which file of an artifact is not what its manifest says.
type DamageError struct {
	Path  string
	Cause string
}

func (e *DamageError) Error() string { return e.Path + ": " + e.Cause }

// Describe sums the file at dir/name up for a manifest.
func Describe(dir, name string, records int64) (File, error) {
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		return File{}, err
	}
	defer f.Close()
	var sum crc32c.File
	n, err := io.CopyBuffer(&sum, f, make([]byte, 1<<20))
	if err != nil {
		return File{}, err
	}
	return File{Name: name, Records: records, Bytes: n, CRC32C: sum.Sum()}, nil
}

// Verify compares every file with the manifest, size first, then checksum. The
// error is a *DamageError for the first file, in order of name, that differs.
func Verify(dir string, m *Manifest) error {
	for _, f := range m.Files {
		if err := checkSize(dir, f); err != nil {
			return err
		}
	}
	return workpool.Each(len(m.Files), func(i int) error { return checkSum(dir, m.Files[i]) })
}

func checkSize(dir string, f File) error {
	path := filepath.Join(dir, filepath.FromSlash(f.Name))
	info, err := os.Stat(path)
	switch {
	case os.IsNotExist(err):
		return &DamageError{path, "is missing"}
	case err != nil:
		return err
	case info.Size() != f.Bytes:
		return &DamageError{path, fmt.Sprintf("is %d bytes long, want %d", info.Size(), f.Bytes)}
	}
	return nil
}

func checkSum(dir string, f File) error {
	got, err := Describe(dir, f.Name, f.Records)
	if err != nil {
		return err
	}
	if got.CRC32C != f.CRC32C {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		return &DamageError{path, fmt.Sprintf("checksum differs (crc32c %08x, want %08x)", got.CRC32C, f.CRC32C)}
	}
	return nil
}

// Clear deletes everything in dir, the manifest first, so that an interrupted
// Clear never leaves a manifest without its files.
func Clear(dir string) error {
	if err := os.Remove(filepath.Join(dir, ManifestName)); err != nil && !os.IsNotExist(err) {
		return err
	}
	crash.At(crash.ManifestRemoved)
	entries, err := os.ReadDir(dir)
	if err != nil {
		if os.IsNotExist(err) {
			return nil
		}
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// RemoveTemps deletes what an interrupted write left in dir.
func RemoveTemps(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if os.IsNotExist(err) {
				return nil
			}
			return err
		}
		if ok, _ := filepath.Match(".tmp-*", d.Name()); ok && d.Type().IsRegular() {
			return os.Remove(path)
		}
		return nil
	})
}
