package views

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"sync"

	"github.com/retort-ml/retort/internal/workpool"
	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/example"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/views/augment"
)

func count(in pipelines.Artifact[pipelines.Images]) int64 {
	return index.Count(pipelines.IndexFiles(in))
}

// shard is one range of images at work.
type shard struct {
	*Stage
	out        *pipelines.Output[pipelines.Views]
	number, of int
	items      []item
	starts     []int     // of each block among the items, and where the last ends
	order      [][]int32 // of the records of each pass, as numbers of items: block by block
	reader     imagefile.Reader
}

type item struct {
	ref imagefile.Ref
	err error
}

// RunShard makes the views of one range of images: it decodes and renders them
// on all cores, into one file per pass.
func (s *Stage) RunShard(ctx context.Context, in pipelines.Artifact[pipelines.Images], out *pipelines.Output[pipelines.Views], number int) error {
	total := count(in)
	sh := &shard{Stage: s, out: out, number: number, of: s.shards(total)}
	if err := sh.list(in, total); err != nil {
		return err
	}
	defer sh.reader.Close()
	to, handedOn := sh.sink(), false
	defer func() {
		if !handedOn {
			to.discard()
		}
	}()
	if err := to.create(); err != nil {
		return err
	}
	if err := sh.renderAll(ctx, to, out.Meter(total, "images")); err != nil {
		return err
	}
	sh.sortOut()
	if err := sh.end(to); err != nil {
		return err
	}
	handedOn = true
	out.Later(to.commit, to.discard)
	return nil
}

// list reads which images the shard has, on all cores, and orders the records of
// each pass.
func (sh *shard) list(in pipelines.Artifact[pipelines.Images], total int64) error {
	borders := borders(total, sh.blocks(total), int64(sh.number), int64(sh.of))
	from, to := borders[0], borders[len(borders)-1]
	for _, b := range borders {
		sh.starts = append(sh.starts, int(b-from))
	}
	sh.items = make([]item, to-from)
	// each part passes over what lies before it: a few large ones
	parts := min(workpool.Size(), 1+len(sh.items)/512)
	err := workpool.Each(parts, func(part int) error {
		a, b := len(sh.items)*part/parts, len(sh.items)*(part+1)/parts
		return listPart(sh.items[a:b], in, from+int64(a))
	})
	if err != nil {
		return err
	}
	sh.order = make([][]int32, sh.Passes)
	workpool.For(sh.Passes, func(pass int) { sh.order[pass] = ordered(sh.items, sh.starts, pass) })
	return sh.sorted(in)
}

// sorted makes sure that the images come by id: a block of others would be no
// random sample.
func (sh *shard) sorted(in pipelines.Artifact[pipelines.Images]) error {
	for i := 1; i < len(sh.items); i++ {
		if a, b := sh.items[i-1].ref.ID, sh.items[i].ref.ID; bytes.Compare(a[:], b[:]) > 0 {
			return fmt.Errorf("the index in %s is not sorted: image %s comes before %s (the stage that writes it has to emit references by id)", in.At(""), a, b)
		}
	}
	return nil
}

// listPart reads the references from the one numbered from on.
func listPart(items []item, in pipelines.Artifact[pipelines.Images], from int64) error {
	n := 0
	for e, err := range pipelines.ReferencesFrom(in, from, from+int64(len(items))) {
		if err != nil {
			return err
		}
		items[n].ref = e.Ref
		n++
	}
	if n < len(items) {
		return fmt.Errorf("the index in %s holds fewer images than its manifest says; delete the folder and run again", in.At(""))
	}
	return nil
}

// renderAll makes the records in the order of the first pass: its file is then
// written front to back.
func (sh *shard) renderAll(ctx context.Context, to sink, meter *pipelines.Meter) error {
	step := to.together()
	err := workpool.Each((len(sh.items)+step-1)/step, func(k int) error {
		return sh.renderSome(ctx, sh.order[0][k*step:min((k+1)*step, len(sh.items))], to, meter)
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// renderSome makes the records of items that follow each other in the first pass.
func (sh *shard) renderSome(ctx context.Context, items []int32, to sink, meter *pipelines.Meter) error {
	w := workers.Get().(*worker)
	defer workers.Put(w)
	w.run.begin()
	for k, i := range items {
		w.run.left = len(items) - k
		if err := ctx.Err(); err != nil {
			return err
		}
		it := &sh.items[i]
		err := sh.render(w, int(i), to)
		var unusable *imagefile.QuarantineError
		if errors.As(err, &unusable) {
			it.err, err = err, cmp.Or(w.run.end(to), to.leave(int(i)))
		}
		if err != nil {
			return err
		}
		meter.Add(1, it.ref.Length)
	}
	return w.run.end(to)
}

// sortOut quarantines the images that could not be used.
func (sh *shard) sortOut() {
	bad := 0
	for _, it := range sh.items {
		var q *imagefile.QuarantineError
		if errors.As(it.err, &q) {
			bad++
			sh.out.Reject(artifact.Rejected{ID: it.ref.ID.String(), Name: it.ref.Name, URI: it.ref.URI, Offset: it.ref.Offset, Reason: string(q.Reason), Detail: q.Detail})
		}
	}
	good := len(sh.items) - bad
	sh.out.Looked(int64(len(sh.items)))
	sh.out.Count("images", int64(good))
	sh.out.Count("quarantined", int64(bad))
	sh.out.Count("records", int64(good*sh.Passes))
	sh.out.Count("views", int64(good*sh.Passes*len(sh.Views)))
}

// end ends the files and describes them; they are not durable yet.
func (sh *shard) end(to sink) error {
	files, err := to.end()
	for _, f := range files {
		sh.out.AddDescribed(f)
	}
	return err
}

// worker is the scratch memory of one goroutine.
type worker struct {
	encoded  []byte
	sources  Sources
	pixels   []uint8 // of the views of one pass, where they do not go into frame at once
	renderer augment.Renderer
	builder  example.Builder
	run      run              // of records of the first pass
	frame    []byte           // the record of another pass being made, with its TFRecord frame
	recipes  []augment.Recipe // of all passes, the views of one after the other
	scales   []int            // of each, to decode at
	ints     []int64
	floats   []float32
}

var workers = sync.Pool{New: func() any { return new(worker) }}

// render makes the records of item i: K passes out of one decode.
func (sh *shard) render(w *worker, i int, to sink) error {
	ref := sh.items[i].ref
	rests := sh.out.Ref(ref) // as the record names it
	w.draw(sh.Stage, ref)
	if sh.Store != "recipe" {
		if err := w.decode(&sh.reader, ref, sh.MaxPixels); err != nil {
			return fmt.Errorf("%s: %w", imagefile.Place(ref.URI), err)
		}
	}
	for pass := range sh.Passes {
		frames := w.frame[:0]
		if pass == 0 {
			frames = w.run.room(to, i, int(sh.recordBytes()))
		}
		frames, err := w.record(sh.Stage, rests, pass, frames)
		if err != nil {
			return fmt.Errorf("%s: %w", imagefile.Place(ref.URI), err)
		}
		if pass == 0 {
			w.run.add(i, frames)
		} else if w.frame, err = to.put(pass, i, frames); err != nil {
			return err
		}
	}
	return nil
}

// draw draws the recipes of all passes and decides on their scales.
func (w *worker) draw(s *Stage, ref imagefile.Ref) {
	w.recipes = w.recipes[:0]
	for pass := range s.Passes {
		for v := range s.Views {
			key := augment.Key{Seed: s.Seed, Image: ref.ID, Pass: pass, View: v}
			w.recipes = append(w.recipes, augment.Draw(&s.Views[v], ref.Width, ref.Height, key))
		}
	}
	w.scales = w.scales[:0]
	if s.Exact {
		for range w.recipes {
			w.scales = append(w.scales, 1)
		}
		return
	}
	w.scales = augment.Scales(w.scales, ref.Width, ref.Height, s.Views, w.recipes)
}

// decode decodes what the drawn recipes need of an image, at their scales.
func (w *worker) decode(reader *imagefile.Reader, ref imagefile.Ref, maxPixels int64) error {
	data, err := reader.ReadRef(ref, w.encoded)
	if err != nil {
		return err
	}
	w.encoded = data
	return w.sources.Decode(data, w.recipes, w.scales, imagefile.Options{MaxPixels: maxPixels, Listed: image.Pt(ref.Width, ref.Height)})
}

// record appends the record of one pass, with room for its frame.
func (w *worker) record(s *Stage, ref imagefile.Ref, pass int, to []byte) ([]byte, error) {
	switch {
	case s.Store == "recipe":
		w.describeRecipe(s, ref, pass)
		return w.encode(to), nil
	case s.Format == "png":
		return w.recordPNG(s, ref, pass, to)
	}
	w.describeRaw(s, ref, pass)
	to = w.encode(to)
	for v := range s.Views {
		if err := w.view(w.builder.Filled(to, viewKeys[v]), s, pass, v); err != nil {
			return nil, err
		}
	}
	return to, nil
}

// view renders view v of a pass.
func (w *worker) view(dst []uint8, s *Stage, pass, v int) error {
	i := pass*len(s.Views) + v
	return w.renderer.Render(dst, &s.Views[v], w.sources.At(w.scales[i]), w.recipes[i])
}

// pass renders the views of one pass, back to back.
func (w *worker) pass(s *Stage, pass int) ([][]uint8, error) {
	total := 0
	for v := range s.Views {
		total += 3 * s.Views[v].Size * s.Views[v].Size
	}
	if len(w.pixels) < total {
		w.pixels = make([]uint8, total)
	}
	views, rest := make([][]uint8, len(s.Views)), w.pixels
	for v := range s.Views {
		n := 3 * s.Views[v].Size * s.Views[v].Size
		views[v], rest = rest[:n:n], rest[n:]
		if err := w.view(views[v], s, pass, v); err != nil {
			return nil, err
		}
	}
	return views, nil
}

func (w *worker) recordPNG(s *Stage, ref imagefile.Ref, pass int, to []byte) ([]byte, error) {
	views, err := w.pass(s, pass)
	if err != nil {
		return nil, err
	}
	for v := range views {
		if views[v], err = encodePNG(views[v], s.Views[v].Size); err != nil {
			return nil, err
		}
	}
	w.describePixels(s, ref, pass, "png", func(v int) { w.builder.Bytes(viewKeys[v], views[v]) })
	return w.encode(to), nil
}

func encodePNG(pix []uint8, size int) ([]byte, error) {
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	for i := range size * size {
		copy(img.Pix[4*i:], pix[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}
