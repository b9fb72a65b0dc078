package pipelines

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/example"
	"github.com/retort-ml/retort/io/tfrecord"
)

// Record is one tf.train.Example of an artifact of kind K, as an element-wise
// stage sees it. K may be a type of the user's own:
//
//	type Sharpness struct{} // a kind of artifact
//
//	func (m *Measure) ProcessElement(_ context.Context, img *pipelines.Image, emit func(*pipelines.Record[Sharpness])) error {
//		...
//		var b example.Builder
//		b.Bytes("image/id", img.ID[:])
//		b.Floats("sharpness", value)
//		emit(pipelines.NewRecord[Sharpness](&b))
//		return nil
//	}
type Record[K any] struct {
	data    []byte
	ex      example.Example
	decoded bool
	file    string
	number  int64
}

// NewRecord is a record of what b holds.
func NewRecord[K any](b *example.Builder) *Record[K] { return &Record[K]{data: b.AppendTo(nil)} }

// Data is the encoded Example; not to be changed.
func (r *Record[K]) Data() []byte { return r.data }

// Example is the decoded Example, a view of Data. The error of bytes that are
// no Example sets the record aside when it is returned.
func (r *Record[K]) Example() (example.Example, error) {
	if !r.decoded {
		ex, err := example.Decode(r.data)
		if err != nil {
			return ex, Reject("corrupt", "%v", err)
		}
		r.ex, r.decoded = ex, true
	}
	return r.ex, nil
}

// String says where the record lies, for messages.
func (r *Record[K]) String() string { return fmt.Sprintf("%s: record %d", r.file, r.number) }

// Replace makes the record one of what b holds.
func (r *Record[K]) Replace(b *example.Builder) {
	r.data, r.ex, r.decoded = b.AppendTo(nil), example.Example{}, false
}

func (*Record[K]) carries() (k K)   { return }
func (*Record[K]) carrier() carrier { return recordCarrier[K]{} }

func (r *Record[K]) bytes() []byte { return r.data }
func (r *Record[K]) size() int64   { return int64(len(r.data)) }
func (r *Record[K]) release()      {}

func (r *Record[K]) origin() artifact.Rejected {
	o := artifact.Rejected{URI: r.file, Name: fmt.Sprintf("record %d", r.number)}
	if ex, err := r.Example(); err == nil {
		if id, err := ex.Bytes("image/id"); err == nil {
			o.ID = fmt.Sprintf("%x", id)
		}
	}
	return o
}

// Records yields all records of an artifact of kind K, file by file. A record
// is valid until the next one is asked for.
func Records[K any](a Artifact[K]) iter.Seq2[*Record[K], error] {
	return RecordsOf(a, RecordFiles(a))
}

// RecordsOf is Records of some of the artifact's files.
func RecordsOf[K any](a Artifact[K], files []artifact.File) iter.Seq2[*Record[K], error] {
	return func(yield func(*Record[K], error) bool) {
		for _, f := range files {
			err := readRecords(a.dir, f.Name, false, func(r *Record[K]) error {
				if !yield(r, nil) {
					return errStop
				}
				return nil
			})
			if err == errStop {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

var errStop = errors.New("stop")

// RecordFiles are the files that Records reads.
func RecordFiles[K any](a Artifact[K]) []artifact.File { return recordFiles(folder(a)) }

// recordFiles are the TFRecord shards of an artifact (of its port, where it
// has one).
func recordFiles(a folder) []artifact.File {
	var files []artifact.File
	for _, f := range a.Manifest.Files {
		s, err := tfrecord.ParseShard(f.Name)
		if err == nil && (a.Port == "" || s.Name == a.Port) {
			files = append(files, f)
		}
	}
	return files
}

// readRecords yields the records of one file, each with memory of its own if
// keep.
func readRecords[K any](from blob.Dir, name string, keep bool, yield func(*Record[K]) error) error {
	r, err := tfrecord.OpenIn(from, name, tfrecord.Options{Strict: true})
	if err != nil {
		return err
	}
	defer r.Close()
	var n int64
	for data, err := range r.All() {
		if err != nil {
			return err
		}
		if keep {
			data = slices.Clone(data)
		}
		if err := yield(&Record[K]{data: data, file: from.At(name), number: n}); err != nil {
			return err
		}
		n++
	}
	return nil
}
