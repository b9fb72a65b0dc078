package tfrecord

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Repair writes every intact record of the file in to the new file out, in order,
// and reports what was lost. After damage it looks for the next record byte by
// byte. Of a compressed file it saves what the stream yields before its damage.
// The new file is compressed as its name says, or like the old one where the
// name does not say; there must be no file of that name yet. progress may be
// nil.
func Repair(ctx context.Context, in, out string, progress func(Progress)) (Report, error) {
	if err := absent(in, out); err != nil {
		return Report{}, err
	}
	f, err := os.Open(in)
	if err != nil {
		return Report{}, fmt.Errorf("repairing: %w", err)
	}
	defer f.Close()
	compression, err := likely(f, in, out)
	if err != nil {
		return Report{}, err
	}
	w, err := Create(out, Options{Compression: compression})
	if err != nil {
		return Report{}, err
	}
	defer w.Discard()
	t := &tally{sum: Progress{Files: 1, TotalBytes: totalSize([]string{in})}, tell: progress}
	file, err := scan(ctx, f, Options{Path: in, recordsOnly: true}, w.Write, t)
	if err != nil {
		return Report{}, err
	}
	return Report{Files: []FileReport{file}}, w.Commit()
}

// absent refuses to write over a file: the damaged one above all, which may be
// all that is left to learn from.
func absent(in, out string) error {
	a, errA := os.Stat(in)
	b, errB := os.Stat(out)
	switch {
	case filepath.Clean(in) == filepath.Clean(out) || errA == nil && errB == nil && os.SameFile(a, b):
		return errors.New(out + ": is the damaged file itself; give the repaired one another name")
	case errB == nil:
		return errors.New(out + ": is there already; give the repaired file another name, or remove this one")
	}
	return nil
}

// likely is the compression of the repaired file.
func likely(f *os.File, in, out string) (Compression, error) {
	if c := CompressionOf(out); c != None {
		return c, nil
	}
	var first [headerSize]byte
	n, err := f.ReadAt(first[:], 0)
	if err != nil && err != io.EOF {
		return Auto, fmt.Errorf("repairing %s: %w", in, err)
	}
	return sniff(first[:n], in), nil
}
