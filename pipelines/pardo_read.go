package pipelines

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/example"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
)

// Read is the collection of an artifact's elements: *Image for images, []byte,
// one encoded Example each, for other kinds. The edge is one of Apply or
// FromFolder.
func Read[K any](s beam.Scope, e Edge[K]) beam.PCollection {
	s = s.Scope("read")
	parts := beam.Reshuffle(s, beam.ParDo(s, &partsFn{Kind: kindName[K](), Port: e.port}, e.Folder()))
	if kindName[K]() == (imageCarrier{}).kind() {
		return beam.ParDo(s, &readImagesFn{}, parts)
	}
	return beam.ParDo(s, &readRecordsFn{}, parts)
}

func init() {
	beam.RegisterDoFn(&partsFn{})
	beam.RegisterDoFn(&readImagesFn{})
	beam.RegisterDoFn(&readRecordsFn{})
	beam.RegisterType(reflect.TypeFor[Image]())
	beam.RegisterCoder(reflect.TypeFor[*Image](), encodeImage, decodeImage)
}

// partRef is one part of an artifact, as it travels.
type partRef struct {
	Dir, Port, File string
	From, To        int64
}

// partsFn cuts an artifact into parts that are read on their own.
type partsFn struct{ Kind, Port string }

func (f *partsFn) ProcessElement(dir string, emit func([]byte)) error {
	a, err := LoadArtifact[None](dir)
	if err != nil {
		return err
	}
	if a.Manifest.Kind != f.Kind {
		return fmt.Errorf("%s is an artifact of kind %s; want %s", dir, a.Manifest.Kind, f.Kind)
	}
	a.Port = f.Port
	parts := recordCarrier[None]{}.parts(a, 0)
	if f.Kind == (imageCarrier{}).kind() {
		parts = imageCarrier{}.parts(a, DefaultElementsPerShard)
	}
	for _, p := range parts {
		data, err := json.Marshal(partRef{dir, f.Port, p.file, p.from, p.to})
		if err != nil {
			return err
		}
		emit(data)
	}
	return nil
}

type readImagesFn struct{}

func (*readImagesFn) ProcessElement(ctx context.Context, data []byte, emit func(*Image)) error {
	var p partRef
	if err := json.Unmarshal(data, &p); err != nil {
		return err
	}
	in, err := LoadArtifact[None](p.Dir)
	if err != nil {
		return err
	}
	in.Port = p.Port
	elements, done := imageCarrier{}.open(in, part{from: p.From, to: p.To})
	defer done()
	for e, err := range elements {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		m := e.(*Image)
		m.reader = nil // the one opened here does not outlive this call
		emit(m)
	}
	return nil
}

type readRecordsFn struct{}

func (*readRecordsFn) ProcessElement(ctx context.Context, data []byte, emit func([]byte)) error {
	var p partRef
	if err := json.Unmarshal(data, &p); err != nil {
		return err
	}
	dir, err := blob.Open(p.Dir)
	if err != nil {
		return err
	}
	return readRecords(dir, p.File, true, func(r *Record[None]) error {
		emit(r.data)
		return ctx.Err()
	})
}

// sharedReader reads the images of collections; it keeps archives open as long
// as the process lives.
var sharedReader imagefile.Reader

// encodedKey is where an image without a file carries its bytes.
const encodedKey = "image/encoded"

// encodeImage writes the reference, and the encoded bytes of an image that has
// no file. Pixels stay behind.
func encodeImage(m *Image) ([]byte, error) {
	data := index.AppendEntry(nil, m.entry())
	if !m.replaced {
		return data, nil
	}
	var b example.Builder
	b.Bytes(encodedKey, m.encoded)
	return b.AppendTo(data), nil // two messages one after the other are their union
}

func decodeImage(data []byte) (*Image, error) {
	e, err := index.Parse(data)
	if err != nil {
		return nil, err
	}
	m := &Image{Ref: e.Ref, Class: e.Class, class: e.Class, notes: e.Notes}
	ex, err := example.Decode(data)
	if err != nil {
		return nil, err
	}
	if b, err := ex.Bytes(encodedKey); err == nil {
		m.encoded, m.replaced = b, true
	}
	return m, nil
}
