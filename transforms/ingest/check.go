package ingest

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/retort-ml/retort/internal/wire"
	"github.com/retort-ml/retort/internal/workpool"
	"github.com/retort-ml/retort/io/artifact"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
	"github.com/retort-ml/retort/pipelines"
)

// checker looks into a part of the listing, batch by batch: the batch is read and
// decoded on all cores, then kept in the order of the listing.
type checker struct {
	stage  *Images
	out    output
	name   string // of the part
	labels labelling
	meter  *pipelines.Meter
	reader imagefile.Reader
	before int64 // entries of the listing before the part, as far as that is known

	batch []checked
	size  int64 // encoded bytes of the batch

	part  part
	refs  index.Sorted
	spool *imagefile.Pack // members of compressed archives, copied where they can be read at an offset
	bad   jsonFile        // of artifact.Rejected
	named jsonFile        // of table.Image: what rows of the labels may name
	seen  sample
	bytes int64 // encoded, of the part
	layout
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

func partName(of string, n int) string { return fmt.Sprintf("%s-part-%05d", of, n) }

func (s *Images) newChecker(out output, name string, labels labelling, meter *pipelines.Meter) *checker {
	return &checker{stage: s, out: out, name: name, labels: labels, meter: meter,
		bad: jsonFile{out: out, name: name + ".bad"}, named: jsonFile{out: out, name: name + ".named"}}
}

// full reports whether the part has at least so many entries or bytes.
func (c *checker) full(entries, bytes int64) bool {
	return c.part.Seen+int64(len(c.batch)) >= entries || c.bytes >= bytes
}

// push takes one entry.
func (c *checker) push(ctx context.Context, e imagefile.Entry) error {
	c.batch = append(c.batch, checked{entry: e})
	c.size += e.Length
	c.bytes += e.Length
	if len(c.batch) < batchEntries && c.size < batchBytes {
		return nil
	}
	return c.flush(ctx)
}

// scratch is the memory of one goroutine.
type scratch struct {
	encoded []byte
	pixels  imagefile.RGB
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func (c *checker) flush(ctx context.Context) error {
	batch := c.batch
	workpool.For(len(batch), func(i int) { c.check(&batch[i]) })
	if err := ctx.Err(); err != nil {
		return err
	}
	for i := range batch {
		if err := c.keep(&batch[i]); err != nil {
			return err
		}
	}
	c.meter.Add(int64(len(batch)), c.size)
	clear(batch)
	c.batch, c.size = batch[:0], 0
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

// keep puts a good image into the references and a bad one into quarantine.
func (c *checker) keep(k *checked) error {
	c.part.Seen++
	if k.err != nil {
		return c.reject(k)
	}
	if c.labels.folder && k.entry.Class == "" && !k.entry.Unlabelled {
		return c.inNoFolder(k.entry)
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
		if err := c.offer(&k.ref.ID, k.entry); err != nil {
			return err
		}
	}
	c.part.Kept++
	c.part.Found.Add("", string(k.format), k.ref.Width, k.ref.Height)
	c.refs.Add(&e)
	return nil
}

func (c *checker) reject(k *checked) error {
	var q *imagefile.QuarantineError
	if !errors.As(k.err, &q) {
		return k.err
	}
	if c.labels.table != nil { // its line names an image, if a bad one
		if err := c.offer(nil, k.entry); err != nil {
			return err
		}
	}
	e := &k.entry
	r := rejected(imagefile.Ref{Name: e.Name, URI: e.URI, Offset: e.Offset, Length: e.Length}, q.Reason, q.Detail)
	if c.part.First == nil {
		c.part.First = &r
	}
	return c.bad.add(r)
}

// rejected is an image that is set aside.
func rejected(r imagefile.Ref, why imagefile.Reason, detail string) artifact.Rejected {
	return artifact.Rejected{Name: wire.Readable(r.Name), URI: wire.Readable(r.URI), Offset: r.Offset, Length: r.Length, Reason: string(why), Detail: wire.Readable(detail)}
}

// offer notes an image that rows of the labels may name, or whose name hints may
// quote.
func (c *checker) offer(id *imagefile.ID, e imagefile.Entry) error {
	m := imageOf(id, e)
	if c.labels.table.names.Match(m) || c.seen.add(m.Name, c.before) {
		return c.named.add(safe(m))
	}
	return nil
}

// copyOut appends a member of a compressed archive to a tar of our own, of which
// this part has a stretch.
func (c *checker) copyOut(k *checked) (err error) {
	if c.spool == nil {
		if c.spool, err = imagefile.CreatePack(c.out.Work(), c.name+".tar"); err != nil {
			return err
		}
	}
	k.ref.URI = spooled + c.name
	_, k.ref.Offset, err = c.spool.Add(k.entry.Name, k.data)
	k.data, k.entry.Data = nil, nil
	return err
}

// done ends the part.
func (c *checker) done(ctx context.Context) (p *part, err error) {
	if err := c.flush(ctx); err != nil {
		return nil, err
	}
	p = &c.part
	p.Folders = c.layout.found()
	if p.Bad, err = c.bad.commit(); err != nil {
		return nil, err
	}
	if p.Named, err = c.named.commit(); err != nil {
		return nil, err
	}
	if c.spool != nil {
		if p.Spooled, p.SpoolBytes, err = c.spool.CommitStretch(); err != nil {
			return nil, err
		}
	}
	run, file, err := c.refs.Write(c.out.Work(), c.name+".refs")
	if err != nil {
		return nil, err
	}
	p.Name, p.Run = c.name, run
	c.out.AddWork(file)
	return p, ctx.Err()
}

func (c *checker) discard() {
	c.reader.Close()
	c.bad.discard()
	c.named.discard()
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
	if c.part.Lenient == nil {
		c.part.Lenient = map[string]int64{}
	}
	l.Each(func(_, meaning string) { c.part.Lenient[meaning]++ })
	return map[string]string{lenientNote: l.String()}
}
