package evaluate

import (
	"context"
	"fmt"
	"slices"

	"github.com/retort-ml/retort/internal/workpool"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/model/backend"
	"github.com/retort-ml/retort/model/calibrate"
	"github.com/retort-ml/retort/model/checkpoint"
	"github.com/retort-ml/retort/model/train"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/training"
	"github.com/retort-ml/retort/transforms/views"
	"github.com/retort-ml/retort/transforms/views/augment"
)

// predictions are those of one network of a few images.
type predictions struct {
	logits, features []float32
	labels           []int32
	bytes            int64 // of their pixels
}

// Bounds of how many images are decoded before they are computed.
const (
	chunk      = 1024
	chunkBytes = 32 << 20
)

// predict classifies the labelled images of a range and hands them to do, some at a
// time.
func (s *Stage) predict(ctx context.Context, p *train.Predictor, a images, at place, do func(*predictions) error) error {
	size := p.Spec().ImageSize
	most := max(1, min(chunk, chunkBytes/(3*size*size)))
	most = (most + s.batch() - 1) / s.batch() * s.batch() // what is missing in a batch is computed too
	var refs []imagefile.Ref
	flush := func() error {
		b, err := s.classify(ctx, p, refs)
		if err != nil {
			return err
		}
		refs = refs[:0]
		return do(b)
	}
	for r, err := range pipelines.ReferencesFrom(a, at.from, at.to) {
		if err != nil {
			return err
		}
		if r.Label == imagefile.UnknownLabel {
			continue
		}
		if refs = append(refs, r.Ref); len(refs) == most {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if len(refs) == 0 {
		return nil
	}
	return flush()
}

func (s *Stage) classify(ctx context.Context, p *train.Predictor, refs []imagefile.Ref) (b *predictions, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	pixels, errs := Pixels(refs, p.Spec().ImageSize, s.MaxPixels, s.Exact)
	b = &predictions{bytes: int64(len(pixels))}
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w (run again: what changed is looked at again)", imagefile.Place(refs[i].URI), refs[i].Name, err)
		}
		b.labels = append(b.labels, refs[i].Label)
	}
	b.logits, b.features, err = p.Predict(pixels)
	return b, err
}

// Pixels are the evaluation views of images, size x size packed RGB back to
// back, and what was wrong with each. The view of a bad image is black. exact
// decodes at full size always, as views.Stage.Exact does.
func Pixels(refs []imagefile.Ref, size int, maxPixels int64, exact bool) ([]uint8, []error) {
	n := 3 * size * size
	pixels, errs := make([]uint8, len(refs)*n), make([]error, len(refs))
	cfg := augment.Eval(size)
	reader := &imagefile.Reader{}
	defer reader.Close()
	workpool.For(len(refs), func(i int) {
		data, err := reader.ReadRef(refs[i], nil)
		if err == nil {
			err = evalView(pixels[i*n:(i+1)*n], &cfg, data, maxPixels, exact)
		}
		errs[i] = err
	})
	return pixels, errs
}

func evalView(dst []uint8, cfg *augment.Config, data []byte, maxPixels int64, exact bool) error {
	info, err := imagefile.DecodeConfig(data)
	if err != nil {
		return err
	}
	scale := 1
	if !exact {
		scale = augment.Scale(info.Width, info.Height, *cfg)
	}
	recipe := augment.Draw(cfg, info.Width, info.Height, augment.Key{})
	img, err := views.Decode(data, augment.Region(recipe), scale, maxPixels, nil)
	if err != nil {
		return err
	}
	return augment.Render(dst, cfg, img, recipe)
}

// Prediction is what a classifier says of one image.
type Prediction struct {
	Path        string    // of the image, as imagefile.Entry.Path has it
	Name        string    // path inside the folder or archive
	URI         string    // file that holds it
	Class       string    // the likeliest
	Probability float64   // of Class
	All         []float64 // of every class, in the order of the checkpoint
	Err         error     // why there is no prediction
}

// Predict classifies the images of sources with the checkpoint at path and
// hands each result to emit, in the order of the listing. Probabilities are those at
// the checkpoint's temperature. say, which may be nil, is told after the first images
// what a person should know of how they were computed.
func Predict(ctx context.Context, backendName, path string, sources []string, batch int, emit func(Prediction) error, say func(string)) error {
	c, err := checkpoint.Load(path)
	if err != nil {
		return err
	}
	if len(c.Classes) == 0 {
		return fmt.Errorf("%s: the checkpoint names no classes: it is no classifier (use that of finetune, baseline or distill)", path)
	}
	choice, err := backend.New(backendName)
	if err != nil {
		return err
	}
	p, err := train.NewPredictor(choice.Backend, c, batch, training.Compute(choice))
	if err != nil {
		return err
	}
	tell := choice.TellInt8(say)
	return inGroups(ctx, sources, batch, func(entries []imagefile.Entry) error {
		defer tell()
		return predictEntries(p, c.Classes, entries, emit)
	})
}

// inGroups hands the images of sources to f, a batch or more at a time, in the
// order of the listing.
func inGroups(ctx context.Context, sources []string, batch int, f func([]imagefile.Entry) error) error {
	seen := 0
	var entries []imagefile.Entry
	for e, err := range imagefile.List(ctx, sources, imagefile.ListOptions{}) {
		if err != nil {
			return err
		}
		seen++
		if entries = append(entries, e); len(entries) == max(batch, 256) {
			if err := f(entries); err != nil {
				return err
			}
			entries = entries[:0]
		}
	}
	if seen == 0 {
		return fmt.Errorf("no images found (want %s files)", imagefile.Titles())
	}
	return f(entries)
}

func predictEntries(p *train.Predictor, classes []string, entries []imagefile.Entry, emit func(Prediction) error) error {
	pixels, _, errs := entryPixels(entries, p.Spec().ImageSize)
	logits, _, err := p.Predict(pixels)
	if err != nil {
		return err
	}
	for i, e := range entries {
		out := Prediction{Path: e.Path(), Name: e.Name, URI: e.URI, Err: errs[i]}
		if errs[i] == nil {
			out.All = make([]float64, len(classes))
			row := logits[i*len(classes) : (i+1)*len(classes)]
			calibrate.Softmax(out.All, row, p.Temperature())
			best := slices.Index(row, slices.Max(row))
			out.Class, out.Probability = classes[best], out.All[best]
		}
		if err := emit(out); err != nil {
			return err
		}
	}
	return nil
}
