package pipelines

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/retort-ml/retort/io/artifact"
)

// ParDo applies an element-wise stage to a collection of a Beam pipeline, an
// element at a time, as a ParDo that fuses with its neighbours. Images are
// elements of type *Image; records of any kind are elements of type []byte, one
// encoded Example each. What the stage sets aside is a second collection, of
// type artifact.Rejected.
//
//	images := pipelines.Read(s, clean)
//	sharp, rejected := pipelines.ParDo(s, &Sharp{Min: 0.2}, images)
//
// Between fused ParDos an image keeps its decoded pixels; where a runner takes
// it from worker to worker only its reference travels.
//
// A Beam bundle works on one element after the other. For a whole data set on
// one machine an element-wise stage of a graph, or Apply, is faster: there the
// elements of a bundle are spread over all cores.
func ParDo[In Item[KI], Out Item[KO], KI, KO any](s beam.Scope, e Element[In, Out], col beam.PCollection) (out, rejected beam.PCollection) {
	x := newEach(linksOf(e))
	if err := errors.Join(checkConfig(&x), x.Validate()); err != nil {
		panic(fmt.Errorf("pipelines.ParDo: %w", err))
	}
	config, err := json.Marshal(&x)
	if err != nil {
		panic(fmt.Errorf("pipelines.ParDo: %w", err))
	}
	f := elementFn{Name: nameOf(x.links), Config: config}
	_, fromImages := x.from.(imageCarrier)
	_, toImages := x.to.(imageCarrier)
	switch {
	case fromImages && toImages:
		return beam.ParDo2(s, &imageToImage{elementFn: f}, col)
	case fromImages:
		return beam.ParDo2(s, &imageToRecord{elementFn: f}, col)
	case toImages:
		return beam.ParDo2(s, &recordToImage{elementFn: f}, col)
	}
	return beam.ParDo2(s, &recordToRecord{elementFn: f}, col)
}

func init() {
	beam.RegisterDoFn(&imageToImage{})
	beam.RegisterDoFn(&imageToRecord{})
	beam.RegisterDoFn(&recordToImage{})
	beam.RegisterDoFn(&recordToRecord{})
}

// elementFn is the DoFn of an element-wise stage, whatever its types.
type elementFn struct {
	Name   string // of the stages
	Config []byte

	each   *each
	worker *worker
}

// Setup makes the instance of the stages that this DoFn uses.
func (f *elementFn) Setup(ctx context.Context) error {
	e, err := lookup(f.Name)
	if err != nil {
		return err
	}
	stage, err := e.decode(f.Config)
	if err != nil {
		return fmt.Errorf("%s: cannot read its config: %w", f.Name, err)
	}
	f.each = stage.(*each)
	f.worker = &worker{links: f.each.links}
	return f.worker.setup(ctx, f.each, &Job{task: &task{Stage: f.Name}})
}

// Teardown puts it away.
func (f *elementFn) Teardown() error {
	if f.worker == nil {
		return nil
	}
	return f.worker.teardown()
}

// do puts one element through the stages.
func (f *elementFn) do(ctx context.Context, in element, emit func(element), reject func(artifact.Rejected)) error {
	o := outcome{in: in}
	err := f.worker.process(ctx, &o)
	if err == nil {
		for _, out := range o.out {
			emit(out)
		}
		return nil
	}
	origin := in.origin()
	reason, detail, ok := rejected(err)
	if !ok {
		return fmt.Errorf("%s: %s: %w", f.Name, where(origin), err)
	}
	origin.Reason, origin.Detail = reason, detail
	reject(origin)
	return nil
}

// The four DoFns differ in the types of their elements.
type (
	imageToImage   struct{ elementFn }
	imageToRecord  struct{ elementFn }
	recordToImage  struct{ elementFn }
	recordToRecord struct{ elementFn }
)

func (f *imageToImage) ProcessElement(ctx context.Context, m *Image, emit func(*Image), reject func(artifact.Rejected)) error {
	return f.do(ctx, m, func(e element) { emit(e.(*Image)) }, reject)
}

func (f *imageToRecord) ProcessElement(ctx context.Context, m *Image, emit func([]byte), reject func(artifact.Rejected)) error {
	return f.do(ctx, m, func(e element) { emit(e.(encoded).bytes()) }, reject)
}

func (f *recordToImage) ProcessElement(ctx context.Context, data []byte, emit func(*Image), reject func(artifact.Rejected)) error {
	return f.do(ctx, f.each.from.(recordMaker).record(data), func(e element) { emit(e.(*Image)) }, reject)
}

func (f *recordToRecord) ProcessElement(ctx context.Context, data []byte, emit func([]byte), reject func(artifact.Rejected)) error {
	return f.do(ctx, f.each.from.(recordMaker).record(data), func(e element) { emit(e.(encoded).bytes()) }, reject)
}

// encoded is a Record of any kind.
type encoded interface{ bytes() []byte }

// recordMaker is a recordCarrier of any kind.
type recordMaker interface{ record(data []byte) element }

func (recordCarrier[K]) record(data []byte) element { return &Record[K]{data: data} }
