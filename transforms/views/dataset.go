package views

import (
	"fmt"
	"io"
	"iter"
	"math/rand/v2"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/views/augment"
)

// Dataset reads a Views artifact in the order in which training sees it.
type Dataset struct {
	Meta
	from  files
	files []artifact.File // by number: pass*Shards + shard
	// beside, if set, are files with one record for each record of files.
	beside     []string
	besideFrom files
}

// files are those of an artifact.
type files interface {
	blob.Opener
	At(name string) string
	Ref(imagefile.Ref) imagefile.Ref
}

// Open opens a Views artifact.
func Open(a pipelines.Artifact[pipelines.Views]) (*Dataset, error) {
	d := &Dataset{from: a, files: a.Files("views")}
	if err := a.Meta(&d.Meta); err != nil {
		return nil, err
	}
	if err := canReplay(a.Manifest.Meta); err != nil {
		return nil, fmt.Errorf("%s: %w (made by version %s of the program)", a.At(""), err, a.Manifest.CodeVersion)
	}
	if len(d.files) != d.Passes*d.Shards {
		return nil, fmt.Errorf("%s: %d shards; want %d passes x %d", a.At(""), len(d.files), d.Passes, d.Shards)
	}
	return d, nil
}

// Beside reads a second set of files along with the views: files[i] holds one
// record for each record of views file i, in the same order. Stream hands them
// out together.
func (d *Dataset) Beside(from files, files []artifact.File) error {
	if len(files) != len(d.files) {
		return fmt.Errorf("%s: %d files beside %d shards of views", from.At(""), len(files), len(d.files))
	}
	d.besideFrom = from
	d.beside = nil
	for i, f := range files {
		if f.Records != d.files[i].Records {
			return fmt.Errorf("%s: %s has %d records, %s has %d", from.At(""), f.Name, f.Records, d.files[i].Name, d.files[i].Records)
		}
		d.beside = append(d.beside, f.Name)
	}
	return nil
}

// Files are the shards, by number.
func (d *Dataset) Files() []artifact.File { return d.files }

// Item is one record and, with Beside, the raw record that goes with it.
type Item struct {
	Record
	Beside []byte
}

// windowBytes bounds the shuffling window of Stream.
const windowBytes = 64 << 20

// Stream yields records without end, from number start on: epoch after epoch,
// each all images once. It is a pure function of seed and start: the order does
// not depend on how many shards there are. Epoch e reads pass e modulo Passes,
// whose order is random by itself; a shuffling window, seeded by the epoch,
// makes it another one each time the same pass comes round.
//
// An Item is valid until the next one is asked for.
func (d *Dataset) Stream(seed uint64, start int64) iter.Seq2[*Item, error] {
	return func(yield func(*Item, error) bool) {
		var it Item
		r := replayer{meta: &d.Meta}
		defer r.close()
		for raw, err := range d.raw(seed, start) {
			if err == nil {
				err = it.load(raw, d, &r)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(&it, nil) {
				return
			}
		}
	}
}

func (it *Item) load(raw *pair, d *Dataset, r *replayer) error {
	if err := it.parse(raw.record, &d.Meta); err != nil {
		return fmt.Errorf("%s: pass %d: %w", d.from.At(""), raw.pass, err)
	}
	it.Beside = raw.beside
	if d.Store != "recipe" {
		return nil
	}
	it.ref = d.from.Ref(it.ref)
	if err := r.replay(&it.Record); err != nil {
		return fmt.Errorf("%s: pass %d: image %s: %w", d.from.At(""), raw.pass, it.ID, err)
	}
	return nil
}

// pair is a record of a pass, and the record beside it.
type pair struct {
	record, beside []byte
	pass           int
}

func (p *pair) set(q pair) {
	p.record = append(p.record[:0], q.record...)
	p.beside = append(p.beside[:0], q.beside...)
	p.pass = q.pass
}

// raw yields the undecoded records of Stream. Whoever gets one may take its
// memory by swapping it with a pair of their own.
func (d *Dataset) raw(seed uint64, start int64) iter.Seq2[*pair, error] {
	return func(yield func(*pair, error) bool) {
		skip := start % d.Images
		for epoch := start / d.Images; ; epoch++ {
			for p, err := range d.epoch(seed, epoch) {
				if err == nil && skip > 0 {
					skip--
					continue
				}
				if !yield(p, err) || err != nil {
					return
				}
			}
		}
	}
}

// epoch yields the raw records of one epoch, each once.
func (d *Dataset) epoch(seed uint64, epoch int64) iter.Seq2[*pair, error] {
	return func(yield func(*pair, error) bool) {
		rng := rand.New(rand.NewPCG(seed, uint64(epoch)))
		window := make([]pair, 0, d.window())
		pass := int(epoch % int64(d.Passes))
		var out pair
		for p, err := range d.merge(pass) {
			if err != nil {
				yield(nil, err)
				return
			}
			p.pass = pass
			if len(window) < cap(window) {
				window = append(window, pair{})
				window[len(window)-1].set(p)
				continue
			}
			at := rng.IntN(len(window))
			out, window[at] = window[at], out
			window[at].set(p)
			if !yield(&out, nil) {
				return
			}
		}
		rng.Shuffle(len(window), func(i, j int) { window[i], window[j] = window[j], window[i] })
		for i := range window {
			if !yield(&window[i], nil) {
				return
			}
		}
	}
}

// window is how many records the shuffling window holds.
func (d *Dataset) window() int {
	size := 512
	for _, s := range d.Sizes {
		size += 3 * s * s
	}
	return int(min(d.Images, max(windowBytes/int64(size), 64)))
}

// merge yields the records of one pass in the order of OrderKey, which every
// file holds by itself.
func (d *Dataset) merge(pass int) iter.Seq2[pair, error] {
	return func(yield func(pair, error) bool) {
		heads := make([]*head, 0, d.Shards)
		defer func() {
			for _, h := range heads {
				h.close()
			}
		}()
		for s := range d.Shards {
			h, err := d.open(pass, s)
			if err == nil {
				heads = append(heads, h)
				err = h.next()
			}
			if err != nil {
				yield(pair{}, err)
				return
			}
		}
		queue := newQueue(heads)
		for {
			h := queue.first()
			if h == nil {
				return
			}
			if !yield(h.pair, nil) {
				return
			}
			if err := h.next(); err != nil {
				yield(pair{}, err)
				return
			}
			queue.fix()
		}
	}
}

func (d *Dataset) open(pass, shard int) (*head, error) {
	n := pass*d.Shards + shard
	h := &head{pass: pass, meta: &d.Meta}
	var err error
	if h.views, err = tfrecord.OpenIn(d.from, d.files[n].Name, tfrecord.Options{Strict: true}); err != nil {
		return nil, err
	}
	if d.beside != nil {
		if h.beside, err = tfrecord.OpenIn(d.besideFrom, d.beside[n], tfrecord.Options{Strict: true}); err != nil {
			h.close()
			return nil, err
		}
	}
	return h, nil
}

// replayer makes the pixels of stored recipes again.
type replayer struct {
	meta   *Meta
	reader imagefile.Reader
	w      worker
}

func (r *replayer) close() { r.reader.Close() }

func (r *replayer) replay(rec *Record) error {
	r.w.recipes = r.w.recipes[:0]
	for _, b := range rec.replay {
		var recipe augment.Recipe
		if err := recipe.UnmarshalBinary(b); err != nil {
			return err
		}
		r.w.recipes = append(r.w.recipes, recipe)
	}
	if len(r.w.recipes) != len(r.meta.Views) {
		return fmt.Errorf("%d recipes for %d views", len(r.w.recipes), len(r.meta.Views))
	}
	s := &Stage{Views: r.meta.Views}
	r.w.scales = append(r.w.scales[:0], rec.scales...)
	if err := r.w.decode(&r.reader, rec.ref, r.meta.MaxPixels); err != nil {
		return err
	}
	var err error
	rec.Views, err = r.w.pass(s, 0)
	return err
}

// ShardReader reads the records of one shard in the order of the file.
type ShardReader struct {
	from files
	head *head
	rec  Record
	re   replayer
}

// OpenShard opens shard number n of Files.
func (d *Dataset) OpenShard(n int) (*ShardReader, error) {
	h, err := d.open(n/d.Shards, n%d.Shards)
	if err != nil {
		return nil, err
	}
	return &ShardReader{from: d.from, head: h, re: replayer{meta: &d.Meta}}, nil
}

// Next returns the next record, valid until the following call, or io.EOF.
func (r *ShardReader) Next() (*Record, error) {
	if err := r.head.next(); err != nil {
		return nil, err
	}
	if r.head.ended {
		return nil, io.EOF
	}
	if err := r.rec.parse(r.head.pair.record, r.head.meta); err != nil {
		return nil, err
	}
	if r.head.meta.Store == "recipe" {
		r.rec.ref = r.from.Ref(r.rec.ref)
		if err := r.re.replay(&r.rec); err != nil {
			return nil, err
		}
	}
	return &r.rec, nil
}

// Close closes the file.
func (r *ShardReader) Close() {
	r.re.close()
	r.head.close()
}
