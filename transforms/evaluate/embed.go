package evaluate

import (
	"context"
	"fmt"

	"github.com/retort-ml/retort/internal/workpool"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/transforms/training"
	"github.com/retort-ml/retort/transforms/views/augment"
)

// Embedding is what a network makes of one image.
type Embedding struct {
	Path   string       // of the image, as imagefile.Entry.Path has it
	URI    string       // file that holds it
	ID     imagefile.ID // hash of its encoded bytes
	Class  string       // of the folder that it lies in, or its source's label; "" where there is none
	Vector []float32    // only until emit returns; nil where Err is set
	Pixels []uint8      // the network's view, size x size packed RGB; likewise
	Err    error        // why there is none
}

// Embed computes the images of sources with the checkpoint at path, at a level
// of its projection head (0: the encoder's features), and hands each to emit in
// the order of the listing. begin is told before the first what all have: the
// length of the vectors and the side of the pixels. Memory does not grow with
// the number of images. say is that of [Predict].
func Embed(ctx context.Context, backendName, path string, sources []string, batch, layer int, begin func(dim, size int) error, emit func(Embedding) error, say func(string)) error {
	c, err := checkpoint.Load(path)
	if err != nil {
		return err
	}
	choice, err := backend.New(backendName)
	if err != nil {
		return err
	}
	e, err := train.NewEmbedder(choice.Backend, c, batch, layer, training.Compute(choice))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := begin(e.Dim(), e.ImageSize()); err != nil {
		return err
	}
	tell := choice.TellInt8(say)
	return inGroups(ctx, sources, batch, func(entries []imagefile.Entry) error {
		defer tell()
		return embedEntries(e, entries, emit)
	})
}

func embedEntries(e *train.Embedder, entries []imagefile.Entry, emit func(Embedding) error) error {
	pixels, ids, errs := entryPixels(entries, e.ImageSize())
	vectors, err := e.Embed(pixels)
	if err != nil {
		return err
	}
	n, dim := 3*e.ImageSize()*e.ImageSize(), e.Dim()
	for i, x := range entries {
		out := Embedding{Path: x.Path(), URI: x.URI, Class: x.Class, Err: errs[i]}
		if errs[i] == nil {
			out.ID, out.Vector, out.Pixels = ids[i], vectors[i*dim:(i+1)*dim], pixels[i*n:(i+1)*n]
		}
		if err := emit(out); err != nil {
			return err
		}
	}
	return nil
}

// entryPixels are the evaluation views of listed images, as Pixels has them, and
// the ids of those that could be read.
func entryPixels(entries []imagefile.Entry, size int) ([]uint8, []imagefile.ID, []error) {
	n := 3 * size * size
	pixels, ids, errs := make([]uint8, len(entries)*n), make([]imagefile.ID, len(entries)), make([]error, len(entries))
	cfg := augment.Eval(size)
	reader := &imagefile.Reader{}
	defer reader.Close()
	workpool.For(len(entries), func(i int) {
		e := &entries[i]
		data := e.Data
		switch {
		case e.Reason != "":
			errs[i] = &imagefile.QuarantineError{Reason: e.Reason, Detail: e.Detail}
			return
		case data == nil:
			data, errs[i] = reader.ReadRef(imagefile.Ref{URI: e.URI, Offset: e.Offset, Length: e.Length}, nil)
		}
		if errs[i] == nil {
			ids[i] = imagefile.IDOf(data)
			errs[i] = evalView(pixels[i*n:(i+1)*n], &cfg, data, 0, false)
		}
	})
	return pixels, ids, errs
}
