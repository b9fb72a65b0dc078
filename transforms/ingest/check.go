package ingest

import (
	"context"
	"errors"
	"hash/crc32"
	"iter"
	"sync"

	"github.com/retort-ml/retort/internal/workpool"
	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/transforms/inspect"
)

// checker looks into every entry, batch by batch: the batch is read and
// decoded on all cores, then kept in the order of the listing.
type checker struct {
	stage  *Images
	out    *pipelines.Output[pipelines.Images]
	labels labelling
	sorter *index.Sorter
	spool  *imagefile.Pack // members of compressed archives, copied where they can be read at an offset
	meter  *pipelines.Meter
	reader imagefile.Reader

	found      inspect.Survey // but for the classes
	seen, kept int64
	lenient    map[string]int64 // images that were read in spite of something, by what
	conflicts  int64            // images that two labels are given to
	setAside   int64            // copies of these
	first      artifact.Rejected
	layout     layout // of the folders, where they are classes
}

// A batch holds at most batchEntries entries or about batchBytes of encoded
// bytes, whichever comes first; it bounds the stage's memory.
const (
	batchEntries = 512
	batchBytes   = 32 << 20
)

type checked struct {
	entry  imagefile.Entry
	ref    imagefile.Ref
	err    error
	data   []byte
	format imagefile.Format

	lenient imagefile.Lenient
}

func (c *checker) all(ctx context.Context, entries iter.Seq2[imagefile.Entry, error]) error {
	defer c.reader.Close()
	batch, size := make([]checked, 0, batchEntries), int64(0)
	for e, err := range entries {
		if err != nil {
			return err
		}
		batch = append(batch, checked{entry: e})
		size += e.Length
		if len(batch) == batchEntries || size >= batchBytes {
			if err := c.batch(ctx, batch); err != nil {
				return err
			}
			batch, size = batch[:0], 0
		}
	}
	if err := c.batch(ctx, batch); err != nil {
		return err
	}
	return c.keepSpool()
}

// scratch is the memory of one goroutine.
type scratch struct {
	encoded []byte
	pixels  imagefile.RGB
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func (c *checker) batch(ctx context.Context, batch []checked) error {
	workpool.For(len(batch), func(i int) { c.check(&batch[i]) })
	if err := ctx.Err(); err != nil {
		return err
	}
	c.out.Looked(int64(len(batch)))
	var size int64
	for i := range batch {
		if err := c.keep(&batch[i]); err != nil {
			return err
		}
		size += batch[i].entry.Length
	}
	c.meter.Add(int64(len(batch)), size)
	return nil
}

// check reads and decodes one entry.
func (c *checker) check(k *checked) {
	e := &k.entry
	if e.Reason != "" {
		k.err = &imagefile.QuarantineError{Reason: e.Reason, Detail: e.Detail}
		return
	}
	w := scratches.Get().(*scratch)
	defer scratches.Put(w)
	data := e.Data
	if data == nil {
		var err error
		data, err = c.reader.ReadRef(imagefile.Ref{URI: e.URI, Offset: e.Offset, Length: e.Length}, w.encoded)
		if err != nil {
			k.err = err
			return
		}
		w.encoded = data
	}
	if e.CRC != 0 && e.Data == nil && crc32.ChecksumIEEE(data) != e.CRC {
		k.err = &imagefile.QuarantineError{Reason: imagefile.Corrupt, Detail: "its checksum in the archive is another one; get the archive again"}
		return
	}
	img, err := imagefile.Decode(data, imagefile.Options{MaxPixels: c.stage.MaxPixels, Into: &w.pixels, Lenient: &k.lenient})
	if err != nil {
		k.err = err
		return
	}
	k.data, k.format = e.Data, imagefile.FormatOf(data)
	k.ref = imagefile.Ref{ID: imagefile.IDOf(data), URI: e.URI, Offset: e.Offset, Length: int64(len(data)),
		Width: img.Width, Height: img.Height, Label: imagefile.UnknownLabel, Name: e.Name}
}

// keep puts a good image into the index and a bad one into quarantine.
func (c *checker) keep(k *checked) error {
	c.seen++
	if k.err != nil {
		return c.reject(k)
	}
	if c.labels.folder && k.entry.Class == "" && !k.entry.Unlabelled {
		return c.layout.inNoFolder(k.entry)
	}
	if k.data != nil {
		if err := c.copyOut(k); err != nil {
			return err
		}
	}
	e := index.Entry{Ref: k.ref, Notes: c.notes(k.lenient)}
	switch {
	case c.labels.folder:
		if e.Class = c.layout.add(k.entry); k.entry.Row != "" {
			e.Notes = withNote(e.Notes, rowNote, k.entry.Row)
		}
	case c.labels.table != nil:
		c.labels.table.offer(&k.ref.ID, k.entry, nil)
	}
	c.kept++
	c.found.Add("", string(k.format), k.ref.Width, k.ref.Height)
	return c.sorter.Add(e)
}

func (c *checker) reject(k *checked) error {
	var q *imagefile.QuarantineError
	if !errors.As(k.err, &q) {
		return k.err
	}
	if c.labels.table != nil { // its line names an image, if a bad one
		c.labels.table.offer(nil, k.entry, nil)
	}
	r := artifact.Rejected{Name: k.entry.Name, URI: k.entry.URI, Offset: k.entry.Offset, Length: k.entry.Length, Reason: string(q.Reason), Detail: q.Detail}
	if c.first.Reason == "" {
		c.first = r
	}
	c.out.Reject(r)
	return nil
}

// spoolName is the tar of the members of compressed archives, which cannot be
// read at an offset where they are.
const spoolName = "spooled.tar"

// copyOut appends a member of a compressed archive to a tar of our own.
func (c *checker) copyOut(k *checked) (err error) {
	if c.spool == nil {
		if c.spool, err = c.out.Pack(spoolName); err != nil {
			return err
		}
	}
	k.ref.URI, k.ref.Offset, err = c.spool.Add(k.entry.Name, k.data)
	k.data, k.entry.Data = nil, nil
	return err
}

// keepSpool makes the tar part of the artifact, if there is one.
func (c *checker) keepSpool() error {
	if c.spool == nil {
		return nil
	}
	if err := c.spool.Commit(); err != nil {
		return err
	}
	return c.out.AddFile(spoolName, c.spool.Records())
}

func (c *checker) discard() {
	if c.spool != nil {
		c.spool.Discard()
	}
}

// lenientNote is the note of an image that was read in spite of something.
const lenientNote = "lenient"

// notes are those of an image; nil where there are none. They are counted, for
// the manifest.
func (c *checker) notes(l imagefile.Lenient) map[string]string {
	if l == 0 {
		return nil
	}
	if c.lenient == nil {
		c.lenient = map[string]int64{}
	}
	l.Each(func(_, meaning string) { c.lenient[meaning]++ })
	return map[string]string{lenientNote: l.String()}
}
