package views

import (
	"fmt"
	"iter"

	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/tfrecord"
	"github.com/retort-ml/retort/pipelines"
)

// Dataset reads a Views artifact in the order in which training sees it.
type Dataset struct {
	Meta
	from  files
	files []artifact.File // by number: pass*Shards + shard
	// beside, if set, are files with one record for each record of files.
	beside     []string
	besideFrom files
	layout     *layout
	// Of so many readers this is the one of that rank.
	rank, readers int
}

// files are those of an artifact.
type files interface {
	blob.Opener
	At(name string) string
	Ref(imagefile.Ref) imagefile.Ref
}

// Open opens a Views artifact.
func Open(a pipelines.Artifact[pipelines.Views]) (*Dataset, error) {
	d := &Dataset{from: a, files: a.Files("views"), readers: 1}
	if err := a.Meta(&d.Meta); err != nil {
		return nil, err
	}
	if err := canReplay(a.Manifest.Meta); err != nil {
		return nil, fmt.Errorf("%s: %w (made by version %s of the program)", a.At(""), err, a.Manifest.CodeVersion)
	}
	var err error
	if d.layout, err = lay(&d.Meta, d.files); err != nil {
		return nil, fmt.Errorf("%s: %w", a.At(""), err)
	}
	return d, nil
}

// Share is the part of d that reader rank of so many reads: of each epoch's blocks
// every readers-th one. Together the readers have each image once in an epoch.
func (d *Dataset) Share(rank, readers int) (*Dataset, error) {
	if readers < 1 || rank < 0 || rank >= readers {
		return nil, fmt.Errorf("reader %d of %d", rank, readers)
	}
	full := 0
	for _, n := range d.layout.records {
		if n > 0 {
			full++
		}
	}
	if readers > full {
		return nil, fmt.Errorf("%s: %d readers of %d blocks: some would have nothing to read (use fewer)", d.from.At(""), readers, full)
	}
	part := *d
	part.rank, part.readers = rank, readers
	return &part, nil
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
	if err := d.layout.lieBeside(files); err != nil {
		return fmt.Errorf("%s: %w", from.At(""), err)
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

// Stream yields records without end, from number start on: epoch after epoch,
// each all images once. It is a pure function of seed and start: the order does
// not depend on how many shards there are. Epoch e reads pass e modulo Passes: its
// blocks in an order drawn anew for each epoch, some of them at a time, whose
// records are shuffled. What lies before start is not read.
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
			raw.done()
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

// raw yields the undecoded records of Stream. Whoever gets one gives it back with
// done, or not at all.
func (d *Dataset) raw(seed uint64, start int64) iter.Seq2[*pair, error] {
	return func(yield func(*pair, error) bool) {
		for f := range d.fetch(seed, start) {
			if f.err != nil {
				yield(nil, f.err)
				return
			}
			for i := range f.records {
				if !yield(&f.records[i], nil) {
					return
				}
			}
		}
	}
}

// Blocks is how many blocks a pass has: ranges of image ids, each a random sample
// of the images.
func (d *Dataset) Blocks() int { return d.layout.blocks }

// Block yields the records of one block of a pass. Their order does not depend on
// how many shards there are. A record is valid until the next one is asked for.
func (d *Dataset) Block(pass, block int) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		records, err := d.read(d.layout.of(pass, block), pass, &shelf{})
		if err != nil {
			yield(nil, err)
			return
		}
		byKey(records)
		var it Item
		r := replayer{meta: &d.Meta}
		defer r.close()
		for i := range records {
			if err := it.load(&records[i], d, &r); err != nil {
				yield(nil, err)
				return
			}
			if !yield(&it.Record, nil) {
				return
			}
		}
	}
}

// ShardReader reads the records of one shard in the order of the file.
type ShardReader struct {
	data    *Dataset
	records *tfrecord.Reader
	rec     Record
	re      replayer
}

// OpenShard opens shard number n of Files.
func (d *Dataset) OpenShard(n int) (*ShardReader, error) {
	r, err := tfrecord.OpenIn(d.from, d.files[n].Name, tfrecord.Options{Strict: true})
	if err != nil {
		return nil, err
	}
	return &ShardReader{data: d, records: r, re: replayer{meta: &d.Meta}}, nil
}

// Next returns the next record, valid until the following call, or io.EOF.
func (r *ShardReader) Next() (*Record, error) {
	data, err := r.records.Next()
	if err != nil {
		return nil, err
	}
	meta := &r.data.Meta
	if err := r.rec.parse(data, meta); err != nil {
		return nil, err
	}
	if meta.Store == "recipe" {
		r.rec.ref = r.data.from.Ref(r.rec.ref)
		if err := r.re.replay(&r.rec); err != nil {
			return nil, err
		}
	}
	return &r.rec, nil
}

// Close closes the file.
func (r *ShardReader) Close() {
	r.re.close()
	r.records.Close()
}
