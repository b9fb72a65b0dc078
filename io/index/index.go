// Package index is the index of images: TFRecord shards of tf.train.Example,
// one a reference, sorted by image id, without pixels.
//
// The keys of an Example are image/id, image/uri, image/offset, image/length,
// image/width, image/height, image/name and, where the label is known,
// image/label (int64) and image/class (its name). What stages note about an
// image is under image/note/KEY.
package index

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"sort"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/tfrecord"
)

// ShardRecords is how many references a shard holds; it bounds what finding
// one of them costs.
const ShardRecords = 1 << 15

// Writer writes the shards of one index. References must come sorted by id.
type Writer struct {
	to         blob.Dir
	prefix     string
	total      int64
	shards, at int
	f          *tfrecord.File
	encode     encoder
	buf        []byte
	files      []artifact.File
	written    int64
}

// NewWriter starts an index of total references; its shards go to an artifact's
// folder under the names prefix-00000-of-00003.tfrecord.
func NewWriter(to blob.Dir, prefix string, total int64) *Writer {
	return &Writer{to: to, prefix: prefix, total: total, shards: ShardsOf(total)}
}

// NewShardWriter starts one shard of an index of total references, for all that
// belong to it: those from shard * ShardRecords on.
func NewShardWriter(to blob.Dir, prefix string, total int64, shard int) *Writer {
	w := NewWriter(to, prefix, total)
	w.at, w.total = shard, min(ShardRecords, total-int64(shard)*ShardRecords)
	return w
}

// ShardsOf is how many shards an index of so many references has.
func ShardsOf(total int64) int { return max(1, int((total+ShardRecords-1)/ShardRecords)) }

// Write appends a reference with the name of its class ("" is unknown).
func (w *Writer) Write(ref imagefile.Ref, class string) error {
	return w.WriteEntry(Entry{Ref: ref, Class: class})
}

// WriteEntry appends a reference with its notes.
func (w *Writer) WriteEntry(e Entry) error {
	if w.f == nil {
		if err := w.next(); err != nil {
			return err
		}
	}
	e.URI = imagefile.ToArtifact(e.URI, w.to)
	w.buf = w.encode.append(w.buf[:0], &e)
	if err := w.f.Write(w.buf); err != nil {
		return err
	}
	w.written++
	if w.f.Records() == ShardRecords {
		return w.finish()
	}
	return nil
}

func (w *Writer) next() (err error) {
	w.f, err = tfrecord.CreateIn(w.to, w.name(), tfrecord.Options{})
	return err
}

func (w *Writer) name() string {
	return fmt.Sprintf("%s-%05d-of-%05d.tfrecord", w.prefix, w.at, w.shards)
}

func (w *Writer) finish() error {
	defer w.f.Discard()
	if err := w.f.Commit(); err != nil {
		return err
	}
	w.files = append(w.files, artifact.File{Name: w.name(), Records: w.f.Records(), Bytes: w.f.Bytes(), CRC32C: w.f.CRC32C()})
	w.f = nil
	w.at++
	return nil
}

// Close commits the last shard and describes them all. An index of no
// references is one empty shard.
func (w *Writer) Close() ([]artifact.File, error) {
	if w.written != w.total {
		return nil, fmt.Errorf("index %s: %d references written, %d announced", w.prefix, w.written, w.total)
	}
	if w.f == nil && w.total == 0 {
		if err := w.next(); err != nil {
			return nil, err
		}
	}
	if w.f != nil {
		if err := w.finish(); err != nil {
			return nil, err
		}
	}
	return w.files, nil
}

// Discard removes the shard being written.
func (w *Writer) Discard() {
	if w.f != nil {
		w.f.Discard()
	}
}

// Entry is a reference with the name of its class and what stages noted about
// it.
type Entry struct {
	imagefile.Ref
	Class string
	Notes map[string]string // nil where there are none
}

// Read yields the references of an artifact's files in dir, from the one numbered
// from (counting from 0 over all files) up to, not including, to.
func Read(dir blob.Dir, files []artifact.File, from, to int64) iter.Seq2[Entry, error] {
	return ReadSome(dir, files, from, to, func(int64) bool { return true })
}

// ReadSome is Read of those that are wanted, by their numbers; others are not looked
// at.
func ReadSome(dir blob.Dir, files []artifact.File, from, to int64, want func(number int64) bool) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		start := int64(0)
		for _, f := range files {
			end := start + f.Records
			if end > from && start < to {
				wanted := func(at int64) bool { return want(start + at) }
				if !readFile(dir, f.Name, max(0, from-start), min(end, to)-start, wanted, yield) {
					return
				}
			}
			start = end
		}
	}
}

// ReadBetween yields the references with ids from first to last, of files that
// NewWriter's wrote: in order of ids.
func ReadBetween(dir blob.Dir, files []artifact.File, first, last imagefile.ID) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		from, err := before(dir, files, first)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		var was imagefile.ID
		for e, err := range Read(dir, files[from:], 0, Count(files[from:])) {
			if err == nil && bytes.Compare(e.ID[:], was[:]) < 0 {
				err = fmt.Errorf("%s: image %s comes after %s; want an index in order of ids", dir.At(""), e.ID, was)
			}
			if was = e.ID; err == nil && bytes.Compare(e.ID[:], first[:]) < 0 {
				continue
			}
			if err == nil && bytes.Compare(e.ID[:], last[:]) > 0 || !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// before is the number of a file such that none before it has an image with an id
// from first on. It looks at the first image of a few files.
func before(dir blob.Dir, files []artifact.File, first imagefile.ID) (int, error) {
	var failed error
	after := sort.Search(len(files), func(i int) bool {
		for e, err := range Read(dir, files[i:i+1], 0, 1) {
			failed = errors.Join(failed, err)
			return err != nil || bytes.Compare(e.ID[:], first[:]) > 0
		}
		return true // an empty file: there is one, the only one
	})
	return max(0, after-1), failed
}

// Count is the number of references in files.
func Count(files []artifact.File) int64 {
	var n int64
	for _, f := range files {
		n += f.Records
	}
	return n
}

func readFile(dir blob.Dir, name string, from, to int64, want func(at int64) bool, yield func(Entry, error) bool) bool {
	r, err := tfrecord.OpenIn(dir, name, tfrecord.Options{Strict: true})
	if err != nil {
		yield(Entry{}, err)
		return false
	}
	defer r.Close()
	if err := r.Skip(from); err != nil && err != io.EOF { // other readers look at those
		yield(Entry{}, err)
		return false
	}
	var p parser
	inside := resolver{dir: dir}
	for at := from; at < to; at++ {
		var rec []byte
		if !want(at) {
			if err = r.Skip(1); err == nil {
				continue
			}
		} else {
			rec, err = r.Next()
		}
		if err == io.EOF {
			return true
		}
		if err != nil {
			yield(Entry{}, err)
			return false
		}
		e, err := p.parse(rec)
		if err != nil {
			err = fmt.Errorf("%s: record %d: %w", dir.At(name), at, err)
		}
		e.URI = inside.resolve(e.URI)
		if !yield(e, err) || err != nil {
			return false
		}
	}
	return true
}

// resolver finds the places of images that lie in artifacts; many references
// share one.
type resolver struct {
	dir       blob.Dir
	last, was string
}

func (r *resolver) resolve(uri string) string {
	if uri != r.last {
		r.last, r.was = uri, imagefile.FromArtifact(uri, r.dir)
	}
	return r.was
}
