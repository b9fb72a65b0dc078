package tfrecord

import (
	"github.com/retort-ml/retort/io/blob"
)

// File is a TFRecord file being written; it appears under its name, whole, at
// Commit, or not at all:
//
//	w, err := tfrecord.Create(path, tfrecord.Options{})
//	...
//	defer w.Discard()
//	... w.Write(record) ...
//	return w.Commit()
type File struct {
	w *Writer
	f blob.Writer
}

// Create starts the file at path, whose folder must exist, or at a URL of package
// blob. Without Compression the name decides (.gz, .zlib, .zst).
func Create(path string, opts Options) (*File, error) {
	f, err := blob.CreateFile(path)
	return writing(f, err, path, opts)
}

// CreateIn is Create for a file of a folder.
func CreateIn(to blob.Creator, name string, opts Options) (*File, error) {
	f, err := to.Create(name)
	return writing(f, err, name, opts)
}

func writing(f blob.Writer, err error, name string, opts Options) (*File, error) {
	opts.Path = name
	if err != nil {
		return nil, err
	}
	w, err := NewWriter(f, opts)
	if err != nil {
		f.Discard()
		return nil, err
	}
	return &File{w, f}, nil
}

// Write appends one record; data is not kept.
func (f *File) Write(data []byte) error { return f.w.Write(data) }

// Break is Writer.Break.
func (f *File) Break() (offset int64, err error) { return f.w.Break() }

// Commit ends the file, makes it durable and gives it its name.
func (f *File) Commit() error {
	if err := f.w.Close(); err != nil {
		f.f.Discard()
		return err
	}
	return f.f.Commit()
}

// Discard removes what was written, unless it was committed.
func (f *File) Discard() { f.f.Discard() }

// Records is the number of records written.
func (f *File) Records() int64 { return f.w.Records() }

// Bytes is the size of the file, final after Commit.
func (f *File) Bytes() int64 { return f.w.Bytes() }

// CRC32C is the CRC-32C (Castagnoli, not masked) of the file, final after
// Commit.
func (f *File) CRC32C() uint32 { return f.w.CRC32C() }
