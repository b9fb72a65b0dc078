package artifact

import (
	"fmt"
	"io"

	"github.com/retort-ml/retort/internal/crash"
	"github.com/retort-ml/retort/internal/crc32c"
	"github.com/retort-ml/retort/internal/workpool"
	"github.com/retort-ml/retort/io/blob"
)

// DamageError says which file of an artifact is not what its manifest says.
type DamageError struct {
	Path  string
	Cause string
}

func (e *DamageError) Error() string { return e.Path + ": " + e.Cause }

// Describe sums the file name in dir up for a manifest.
func Describe(dir blob.Dir, name string, records int64) (File, error) {
	f, err := dir.Open(name)
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
func Verify(dir blob.Dir, m *Manifest) error {
	for _, f := range m.Files {
		if err := checkSize(dir, f); err != nil {
			return err
		}
	}
	return workpool.Each(len(m.Files), func(i int) error { return checkSum(dir, m.Files[i]) })
}

func checkSize(dir blob.Dir, f File) error {
	info, err := dir.Stat(f.Name)
	switch {
	case blob.IsAbsent(err):
		return &DamageError{dir.At(f.Name), "is missing"}
	case err != nil:
		return err
	case info.Size != f.Bytes:
		return &DamageError{dir.At(f.Name), fmt.Sprintf("is %d bytes long, want %d", info.Size, f.Bytes)}
	}
	return nil
}

func checkSum(dir blob.Dir, f File) error {
	got, err := Describe(dir, f.Name, f.Records)
	if err != nil {
		return err
	}
	if got.CRC32C != f.CRC32C {
		return &DamageError{dir.At(f.Name), fmt.Sprintf("checksum differs (crc32c %08x, want %08x)", got.CRC32C, f.CRC32C)}
	}
	return nil
}

// Clear deletes everything in dir but its lock, the manifest first, so that an interrupted
// Clear never leaves a manifest without its files.
func Clear(dir blob.Dir) error {
	if err := dir.Remove(ManifestName); err != nil {
		return err
	}
	crash.At(crash.ManifestRemoved)
	return dir.Clear(LockName)
}
