// Package tensorbundle reads TensorFlow's checkpoints: "tensor bundles", which
// TF1's Saver (V2), TF2's Checkpoint and SavedModels all write. One is
//
//	PREFIX.index                 a table of LevelDB's format: key -> where and what the tensor is
//	PREFIX.data-00000-of-00002   the tensors' bytes, in one file or several
//
// What is read is verified: the index by its blocks' checksums, each tensor by
// its own. A tensor that was saved in slices comes back whole.
//
//	b, err := tensorbundle.Open("model.ckpt-250228") // or the folder, or the .index file
//	kernel, err := b.Floats("base_model/conv2d/kernel")
//
// Errors are [*FormatError] or [*VersionError], or those of a file that cannot
// be read at all.
package tensorbundle

import (
	"fmt"
	"slices"
	"strings"
)

// Bundle is an open checkpoint: its index is in memory, tensors are read when
// they are asked for.
type Bundle struct {
	prefix  string
	shards  int
	entries map[string]Entry // slices among them, under their encoded keys
	names   []string
}

// Entry is what the index says of a tensor.
type Entry struct {
	Name   string
	DType  DType
	Shape  []int
	shard  int
	offset int64
	size   int64
	crc    uint32
	slices []slice
}

// Elements is the number of values that the shape holds.
func (e Entry) Elements() int64 {
	n, _ := elements(e.Shape)
	return n
}

// FormatError says that a bundle is not intact.
type FormatError struct {
	Path   string // the file
	Tensor string // empty: the file as a whole
	Cause  string
}

func (e *FormatError) Error() string {
	s := e.Path
	if e.Tensor != "" {
		s += fmt.Sprintf(": tensor %q", e.Tensor)
	}
	return s + ": " + e.Cause + " (want a TensorFlow checkpoint as it was saved; copy or download it again, with all of its files)"
}

// VersionError says that a bundle may be fine, but is not for this reader.
type VersionError struct{ Path, Tensor, Cause string }

func (e *VersionError) Error() string {
	s := e.Path
	if e.Tensor != "" {
		s += fmt.Sprintf(": tensor %q", e.Tensor)
	}
	return s + ": " + e.Cause
}

func (b *Bundle) indexPath() string { return b.prefix + indexSuffix }

func (b *Bundle) dataPath(shard int) string {
	return fmt.Sprintf("%s.data-%05d-of-%05d", b.prefix, shard, b.shards)
}

// Prefix is the path that the names of the bundle's files begin with.
func (b *Bundle) Prefix() string { return b.prefix }

// Names lists the tensors, sorted.
func (b *Bundle) Names() []string { return b.names }

// Entry is what the index says of a tensor, and whether it has it.
func (b *Bundle) Entry(name string) (Entry, bool) {
	e, ok := b.entries[name]
	return e, ok && !hidden(name)
}

// hidden tells keys of the index that name no tensor: the header and slices.
func hidden(key string) bool { return key == "" || strings.HasPrefix(key, "\x00") }

// elements multiplies dimensions, and says whether that is a possible size.
func elements(shape []int) (int64, bool) {
	n := int64(1)
	for _, d := range shape {
		if d < 0 || d > 1<<40 || (d > 0 && n > (1<<40)/int64(d)) {
			return 0, false
		}
		n *= int64(d)
	}
	return n, true
}

func (b *Bundle) damaged(path, tensor, format string, args ...any) error {
	return &FormatError{Path: path, Tensor: tensor, Cause: fmt.Sprintf(format, args...)}
}

// add takes an entry of the index in.
func (b *Bundle) add(key string, e Entry) error {
	if e.shard < 0 || e.shard >= b.shards {
		return b.damaged(b.indexPath(), key, "it is said to be in file %d of %d", e.shard, b.shards)
	}
	n, ok := elements(e.Shape)
	size, known := e.DType.size()
	switch {
	case !ok:
		return b.damaged(b.indexPath(), key, "its shape %v is impossible", e.Shape)
	case e.offset < 0 || e.size < 0:
		return b.damaged(b.indexPath(), key, "its data are said to be %d bytes at %d", e.size, e.offset)
	case len(e.slices) == 0 && known && n*int64(size) != e.size:
		return b.damaged(b.indexPath(), key, "its shape %v of %s does not fit its %d bytes", e.Shape, e.DType, e.size)
	}
	b.entries[key] = e
	if !hidden(key) {
		b.names = append(b.names, key)
	}
	return nil
}

func (b *Bundle) finish() { slices.Sort(b.names) }
