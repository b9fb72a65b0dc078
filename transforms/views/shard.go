package views

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"sort"
	"sync"

	"github.com/retort-ml/retort/internal/workpool"
	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/example"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/views/augment"
)

func count(in pipelines.Artifact[pipelines.Images]) int64 {
	return index.Count(pipelines.IndexFiles(in))
}

// RunShard makes the views of one range of images: it decodes and renders them
// on all cores, then writes one file per pass.
func (s *Stage) RunShard(ctx context.Context, in pipelines.Artifact[pipelines.Images], out *pipelines.Output[pipelines.Views], shard int) error {
	total := count(in)
	shards := int64(s.shards(total))
	from, to := total*int64(shard)/shards, total*int64(shard+1)/shards
	var items []item
	for e, err := range index.Read(in.Dir, pipelines.IndexFiles(in), from, to) {
		if err != nil {
			return err
		}
		items = append(items, item{ref: e.Ref})
	}
	meter := out.Meter(total, "images")
	reader := &imagefile.Reader{}
	defer reader.Close()
	workpool.For(len(items), func(i int) {
		if ctx.Err() != nil {
			return
		}
		items[i].records, items[i].err = s.render(reader, items[i].ref)
		meter.Add(1, items[i].ref.Length)
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	good, err := sortOut(out, items)
	if err != nil {
		return err
	}
	return s.write(out, good, shard, int(shards))
}

type item struct {
	ref     imagefile.Ref
	records [][]byte // one Example a pass
	err     error
}

// sortOut quarantines the images that could not be used.
func sortOut(out *pipelines.Output[pipelines.Views], items []item) ([]item, error) {
	good := items[:0]
	for _, it := range items {
		if it.err == nil {
			good = append(good, it)
			continue
		}
		var q *imagefile.QuarantineError
		if !errors.As(it.err, &q) {
			return nil, fmt.Errorf("%s: %w", it.ref.URI, it.err)
		}
		out.Reject(artifact.Rejected{ID: it.ref.ID.String(), Name: it.ref.Name, URI: it.ref.URI, Offset: it.ref.Offset, Reason: string(q.Reason), Detail: q.Detail})
	}
	out.Looked(int64(len(items)))
	out.Count("images", int64(len(good)))
	out.Count("quarantined", int64(len(items)-len(good)))
	return good, nil
}

// write writes pass p of the shard as file p*shards+shard, in the order of
// OrderKey: random over the images, another in every pass.
func (s *Stage) write(out *pipelines.Output[pipelines.Views], items []item, shard, shards int) error {
	files := make([]artifact.File, s.Passes)
	err := workpool.Each(s.Passes, func(pass int) error {
		order := make([]int, len(items))
		for i := range order {
			order[i] = i
		}
		sort.Slice(order, func(i, j int) bool { return inOrder(items[order[i]].ref.ID, items[order[j]].ref.ID, pass) })
		name := tfrecord.Shard{Name: "views", Index: pass*shards + shard, Count: s.Passes * shards, Compression: s.Compression}.String()
		w, err := tfrecord.Create(out.Path(name), tfrecord.Options{Compression: s.Compression})
		if err != nil {
			return err
		}
		defer w.Discard()
		for _, i := range order {
			if err := w.Write(items[i].records[pass]); err != nil {
				return err
			}
		}
		if err := w.Commit(); err != nil {
			return err
		}
		files[pass] = artifact.File{Name: name, Records: w.Records(), Bytes: w.Bytes(), CRC32C: w.CRC32C()}
		return nil
	})
	if err != nil {
		return err
	}
	for _, f := range files {
		out.AddDescribed(f)
	}
	out.Count("records", int64(len(items)*s.Passes))
	out.Count("views", int64(len(items)*s.Passes*len(s.Views)))
	return nil
}

// worker is the scratch memory of one goroutine.
type worker struct {
	encoded  []byte
	rgb      imagefile.RGB
	pixels   []uint8
	renderer augment.Renderer
	builder  example.Builder
	recipes  []augment.Recipe // of all passes, the views of one after the other
	scale    int              // to decode at: 1, 2, 4 or 8
}

var workers = sync.Pool{New: func() any { return new(worker) }}

// render makes the records of one image: K passes out of one decode.
func (s *Stage) render(reader *imagefile.Reader, ref imagefile.Ref) ([][]byte, error) {
	w := workers.Get().(*worker)
	defer workers.Put(w)
	records := make([][]byte, s.Passes)
	w.draw(s, ref)
	if s.Store == "recipe" {
		for pass := range records {
			records[pass] = w.encode(s, ref, pass, nil)
		}
		return records, nil
	}
	img, err := w.decode(reader, ref, s.MaxPixels)
	if err != nil {
		return nil, err
	}
	for pass := range records {
		pixels, err := w.pass(s, img, pass)
		if err != nil {
			return nil, err
		}
		records[pass] = w.encode(s, ref, pass, pixels)
	}
	return records, nil
}

// draw draws the recipes of all passes and decides on the scale to decode at.
func (w *worker) draw(s *Stage, ref imagefile.Ref) {
	w.recipes = w.recipes[:0]
	for pass := range s.Passes {
		for v := range s.Views {
			key := augment.Key{Seed: s.Seed, Image: ref.ID, Pass: pass, View: v}
			w.recipes = append(w.recipes, augment.Draw(&s.Views[v], ref.Width, ref.Height, key))
		}
	}
	w.scale = 1
	if !s.Exact {
		w.scale = augment.Scale(ref.Width, ref.Height, s.Views...)
	}
}

// decode decodes what the drawn recipes need of an image, at the worker's
// scale.
func (w *worker) decode(reader *imagefile.Reader, ref imagefile.Ref, maxPixels int64) (augment.Image, error) {
	data, err := reader.ReadRef(ref, w.encoded)
	if err != nil {
		return augment.Image{}, err
	}
	w.encoded = data
	return Decode(data, augment.Region(w.recipes...), w.scale, maxPixels, &w.rgb)
}

// pass renders the views of one pass, back to back.
func (w *worker) pass(s *Stage, img augment.Image, pass int) ([][]uint8, error) {
	views := make([][]uint8, len(s.Views))
	w.pixels = w.pixels[:0]
	for v := range s.Views {
		cfg := &s.Views[v]
		n := 3 * cfg.Size * cfg.Size
		at := len(w.pixels)
		w.pixels = append(w.pixels, make([]uint8, n)...)
		if err := w.renderer.Render(w.pixels[at:at+n], cfg, img, w.recipes[pass*len(s.Views)+v]); err != nil {
			return nil, err
		}
	}
	at := 0
	for v := range s.Views {
		n := 3 * s.Views[v].Size * s.Views[v].Size
		views[v] = w.pixels[at : at+n]
		at += n
		if s.Format == "png" {
			var err error
			if views[v], err = encodePNG(views[v], s.Views[v].Size); err != nil {
				return nil, err
			}
		}
	}
	return views, nil
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
