package tfrecord

import (
	"fmt"

	"github.com/retort-ml/retort/io/blob"
)

// Open reads the TFRecord file at path, or a URL of package blob. The caller
// closes the Reader.
func Open(path string, opts Options) (*Reader, error) {
	f, err := blob.OpenFile(path)
	return reading(f, err, opts)
}

// OpenIn is Open for a file of a folder.
func OpenIn(from blob.Opener, name string, opts Options) (*Reader, error) {
	f, err := from.Open(name)
	return reading(f, err, opts)
}

func reading(f blob.File, err error, opts Options) (*Reader, error) {
	if err != nil {
		return nil, fmt.Errorf("reading TFRecord: %w", err)
	}
	opts.Path = f.Name()
	r := NewReader(f, opts)
	r.closer = f
	return r, nil
}
