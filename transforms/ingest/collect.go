package ingest

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/retort-ml/retort/internal/crc32c"
	"github.com/retort-ml/retort/internal/wire"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/tfrecord"
)

// frame is what a TFRecord adds to its data.
const frame = 16

// piece is a stretch of a file of entries.
type piece struct {
	File     string `json:"file"`
	At       int64  `json:"at"`
	Entries  int64  `json:"entries"`
	Bytes    int64  `json:"bytes"`              // encoded, of the images
	CRC32C   uint32 `json:"crc32c"`             // of the entries, one behind the other
	Labelled string `json:"labelled,omitempty"` // an image that has a label of its own, the last
}

// item is a stretch of a listing: entries to be checked, images that are checked
// already, or closed archives.
type item struct {
	Piece  *piece `json:"piece,omitempty"`
	Part   *part  `json:"part,omitempty"`
	Closed int64  `json:"closed,omitempty"`
}

// collector writes down what a shard of a listing comes upon. Images out of
// compressed archives have their bytes in memory: from the first of them on, those
// of its archive are checked at once.
type collector struct {
	stage  *Images
	out    output
	name   string // of its files
	labels labelling

	items   []item
	entries *tfrecord.File
	at      int64 // bytes of it
	buf     []byte
	closed  jsonFile
	parts   int
	checker *checker // while images are checked at once
	sticky  bool     // those of this stretch are
}

func (s *Images) collector(out output, name string, labels labelling) *collector {
	return &collector{stage: s, out: out, name: name, labels: labels, closed: jsonFile{out: out, name: name + ".closed"}}
}

// all takes a stretch of the listing that can be listed by itself.
func (c *collector) all(ctx context.Context, entries iter.Seq2[imagefile.Entry, error]) error {
	c.sticky = false
	for e, err := range entries {
		if err != nil {
			return err
		}
		if c.sticky = c.sticky || e.Data != nil; c.sticky {
			err = c.check(ctx, e)
		} else if err = c.endPart(ctx); err == nil && e.Closed != nil {
			err = c.close(e.Closed)
		} else if err == nil {
			err = c.write(&e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *collector) close(archive *imagefile.Closed) error {
	if n := len(c.items); n > 0 && c.items[n-1].Closed > 0 {
		c.items[n-1].Closed++
	} else {
		c.items = append(c.items, item{Closed: 1})
	}
	eachText(archive, wire.Safe)
	return c.closed.add(archive)
}

// eachText puts every text of a closed archive into another form.
func eachText(a *imagefile.Closed, put func(string) string) {
	for _, text := range []*string{&a.Path, &a.Prefix, &a.Folder, &a.Row, &a.Label} {
		*text = put(*text)
	}
}

func (c *collector) write(e *imagefile.Entry) (err error) {
	if c.entries == nil {
		if c.entries, err = tfrecord.CreateIn(c.out.Work(), c.name+".entries", tfrecord.Options{}); err != nil {
			return err
		}
	}
	var p *piece
	if n := len(c.items); n > 0 {
		p = c.items[n-1].Piece
	}
	if p == nil || p.Entries == sizes.pieceEntries || p.Bytes >= sizes.pieceBytes {
		p = &piece{File: c.name + ".entries", At: c.at}
		c.items = append(c.items, item{Piece: p})
	}
	p.Entries++
	p.Bytes += e.Length
	if e.Class != "" && e.Folder == "" && e.Row == "" && e.Reason == "" {
		p.Labelled = e.Name
	}
	c.buf = appendEntry(c.buf[:0], e)
	c.at += frame + int64(len(c.buf))
	p.CRC32C = crc32c.Update(p.CRC32C, c.buf)
	return c.entries.Write(c.buf)
}

func (c *collector) check(ctx context.Context, e imagefile.Entry) error {
	if c.checker != nil && c.checker.full(sizes.shardEntries, sizes.shardBytes) {
		if err := c.endPart(ctx); err != nil {
			return err
		}
	}
	if c.checker == nil {
		c.checker = c.stage.newChecker(c.out, partName(c.name, c.parts), c.labels, c.out.Meter(0, "images"))
		c.parts++
	}
	return c.checker.push(ctx, e)
}

// endPart ends what is checked at once.
func (c *collector) endPart(ctx context.Context) error {
	if c.checker == nil {
		return nil
	}
	p, err := c.checker.done(ctx)
	c.checker.discard()
	c.checker, c.items = nil, append(c.items, item{Part: p})
	return err
}

// take hands over what the last stretch came to. A part that goes on belongs to the
// stretch in which it ends.
func (c *collector) take() []item {
	items := c.items
	c.items = nil
	return items
}

// commit makes the files readable to those who come, and adds what is not handed
// over yet to the last items.
func (c *collector) commit(ctx context.Context, last *[]item) error {
	if err := c.endPart(ctx); err != nil {
		return err
	}
	*last = append(*last, c.take()...)
	_, err := c.closed.commit()
	if err == nil && c.entries != nil {
		if err = c.entries.Commit(); err == nil {
			c.out.KeepWork(c.name+".entries", c.entries)
		}
	}
	return err
}

func (c *collector) discard() {
	c.closed.discard()
	if c.entries != nil {
		c.entries.Discard()
	}
	if c.checker != nil {
		c.checker.discard()
	}
}

// read yields the entries of a piece.
func (p *piece) read(out output, do func(imagefile.Entry) error) error {
	f, err := out.Work().Open(p.File)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Seek(p.At, 0); err != nil {
		return err
	}
	r := tfrecord.NewReader(f, tfrecord.Options{Compression: tfrecord.None, Path: p.File})
	defer r.Close()
	var in entryReader
	sum := uint32(0)
	for range p.Entries {
		rec, err := r.Next()
		if err != nil {
			return err
		}
		sum = crc32c.Update(sum, rec)
		e, err := in.read(rec)
		if err := errors.Join(err, do(e)); err != nil {
			return err
		}
	}
	if sum != p.CRC32C { // it was another stretch
		return fmt.Errorf("%s: what lies at byte %d are other images than were listed; run again", p.File, p.At)
	}
	return nil
}
