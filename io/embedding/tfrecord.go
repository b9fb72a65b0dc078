package embedding

import (
	"encoding/hex"

	"github.com/retort-ml/retort/io/example"
	"github.com/retort-ml/retort/io/tfrecord"
)

// records are tf.train.Examples: image/id (its bytes), image/path, image/uri,
// image/class where it is known, and feature (floats).
type records struct {
	file *tfrecord.File
	b    example.Builder
}

func createTFRecord(path string, _ int, _ Options) (Writer, error) {
	file, err := tfrecord.Create(path, tfrecord.Options{})
	if err != nil {
		return nil, err
	}
	return &records{file: file}, nil
}

func (w *records) Write(r Row) error {
	id, err := hex.DecodeString(r.ID)
	if err != nil {
		return err
	}
	w.b.Reset()
	w.b.Bytes("image/id", id)
	w.b.Bytes("image/path", []byte(r.Path))
	w.b.Bytes("image/uri", []byte(r.URI))
	if r.Class != "" {
		w.b.Bytes("image/class", []byte(r.Class))
	}
	w.b.Floats("feature", r.Vector...)
	return w.file.Write(w.b.Encode())
}

func (w *records) Commit() error { return w.file.Commit() }
func (w *records) Discard()      { w.file.Discard() }
