package inspect

import (
	"context"
	"iter"

	"github.com/retort-ml/retort/internal/workpool"
	"github.com/retort-ml/retort/io/imagefile"
	"github.com/retort-ml/retort/io/index"
)

// Printed is an image of an index with its print.
type Printed struct {
	index.Entry
	Format imagefile.Format
	Print  Print
	Data   []byte // encoded bytes, until the next batch
	Err    error  // it cannot be read any more
}

// batch is how many images are looked at at once.
const batch = 256

// Printing reads images and makes their prints, on all cores, in the order of the
// entries.
func Printing(ctx context.Context, entries iter.Seq2[index.Entry, error], maxPixels int64) iter.Seq2[*Printed, error] {
	return func(yield func(*Printed, error) bool) {
		p := &printer{ctx: ctx, maxPixels: maxPixels, list: make([]Printed, 0, batch), pixels: make([]imagefile.RGB, batch)}
		defer p.reader.Close()
		for e, err := range entries {
			if err != nil {
				yield(nil, err)
				return
			}
			if p.list = append(p.list, Printed{Entry: e}); len(p.list) == batch && !p.flush(yield) {
				return
			}
		}
		p.flush(yield)
	}
}

type printer struct {
	ctx       context.Context
	maxPixels int64
	reader    imagefile.Reader
	list      []Printed
	pixels    []imagefile.RGB
}

func (p *printer) flush(yield func(*Printed, error) bool) bool {
	workpool.For(len(p.list), func(i int) {
		one := &p.list[i]
		if one.Data, one.Err = p.reader.ReadRef(one.Ref, nil); one.Err != nil {
			return
		}
		info, err := imagefile.DecodeConfig(one.Data)
		if err == nil {
			one.Format = info.Format
			one.Print, err = PrintOf(one.Data, p.maxPixels, &p.pixels[i])
		}
		one.Err = err
	})
	if err := p.ctx.Err(); err != nil {
		yield(nil, err)
		return false
	}
	for i := range p.list {
		if !yield(&p.list[i], nil) {
			return false
		}
	}
	p.list = p.list[:0]
	return true
}

// First are the first n of entries. An index is sorted by a hash of the images,
// so they are a random sample.
func First(entries iter.Seq2[index.Entry, error], n int) iter.Seq2[index.Entry, error] {
	return func(yield func(index.Entry, error) bool) {
		left := n
		for e, err := range entries {
			if left--; left < 0 || !yield(e, err) {
				return
			}
		}
	}
}

// Pair are the names of two pictures that are alike.
type Pair struct {
	A string `json:"a"`
	B string `json:"b"`
}

// mostPairs are told of by name.
const mostPairs = 20

// Compared is what looking for pictures of one set in another found.
type Compared struct {
	Looked int64  `json:"looked_at"` // of the second set
	Alike  int64  `json:"alike"`     // of those
	Pairs  []Pair `json:"pairs"`     // the first of them
}

func (c *Compared) look(name string, p *Print, in *Prints) {
	c.Looked++
	if other, ok := in.Find(p); ok {
		if c.Alike++; len(c.Pairs) < mostPairs {
			c.Pairs = append(c.Pairs, Pair{name, other})
		}
	}
}

// Compare looks for pictures of the test images among the training images, by
// their prints. It looks at most at so many of each.
func Compare(ctx context.Context, train, test iter.Seq2[index.Entry, error], most int, maxPixels int64) (Compared, error) {
	var c Compared
	var known Prints
	exact := map[imagefile.ID]bool{}
	for one, err := range Printing(ctx, First(test, most), maxPixels) {
		if err != nil {
			return c, err
		}
		if one.Err == nil {
			known.Add(pathOf(one.Ref), one.Print)
			exact[one.ID] = true
		}
	}
	met := map[string]bool{}
	for one, err := range Printing(ctx, First(train, most), maxPixels) {
		if err != nil {
			return c, err
		}
		if one.Err != nil || exact[one.ID] {
			continue
		}
		if name, ok := known.Find(&one.Print); ok && !met[name] {
			met[name] = true
			if c.Alike++; len(c.Pairs) < mostPairs {
				c.Pairs = append(c.Pairs, Pair{name, pathOf(one.Ref)})
			}
		}
	}
	c.Looked = int64(known.Len())
	return c, nil
}

// pathOf names an image as its user would.
func pathOf(r imagefile.Ref) string { return imagefile.Entry{URI: r.URI, Name: r.Name}.Path() }
