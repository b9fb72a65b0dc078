package tfrecord

import (
	"fmt"
	"os"
)

// Open reads the TFRecord file at path. The caller closes the Reader.
func Open(path string, opts Options) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading TFRecord: %w", err)
	}
	opts.Path = path
	r := NewReader(f, opts)
	r.closer = f
	return r, nil
}
