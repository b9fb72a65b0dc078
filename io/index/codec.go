package index

import (
	"fmt"
	"strings"

	"github.com/retort-ml/retort/io/example"
	"github.com/retort-ml/retort/io/imagefile"
)

// NotePrefix begins the keys of notes: image/note/KEY, a byte string.
const NotePrefix = "image/note/"

// Append appends the Example of a reference to dst.
func Append(dst []byte, ref imagefile.Ref, class string) []byte {
	return AppendEntry(dst, Entry{Ref: ref, Class: class})
}

// AppendEntry appends the Example of a reference with its notes to dst.
func AppendEntry(dst []byte, e Entry) []byte {
	ref := e.Ref
	var b example.Builder
	b.Bytes("image/id", ref.ID[:])
	b.Bytes("image/uri", []byte(ref.URI))
	b.Bytes("image/name", []byte(ref.Name))
	b.Int64s("image/offset", ref.Offset)
	b.Int64s("image/length", ref.Length)
	b.Int64s("image/width", int64(ref.Width))
	b.Int64s("image/height", int64(ref.Height))
	if ref.Label != imagefile.UnknownLabel {
		b.Int64s("image/label", int64(ref.Label))
	}
	if e.Class != "" {
		b.Bytes("image/class", []byte(e.Class))
	}
	for key, note := range e.Notes {
		b.Bytes(NotePrefix+key, []byte(note))
	}
	return b.AppendTo(dst)
}

// Parse reads what Append or AppendEntry wrote.
func Parse(record []byte) (Entry, error) {
	ex, err := example.Decode(record)
	if err != nil {
		return Entry{}, err
	}
	p := parser{ex: ex}
	e := Entry{Ref: imagefile.Ref{
		URI: p.text("image/uri"), Name: p.text("image/name"),
		Offset: p.number("image/offset"), Length: p.number("image/length"),
		Width: int(p.number("image/width")), Height: int(p.number("image/height")),
		Label: imagefile.UnknownLabel,
	}}
	if id := p.text("image/id"); len(id) == len(e.ID) {
		copy(e.ID[:], id)
	} else {
		p.fail("image/id", "16 bytes")
	}
	if _, ok := ex.Feature("image/label"); ok {
		e.Label = int32(p.number("image/label"))
	}
	if _, ok := ex.Feature("image/class"); ok {
		e.Class = p.text("image/class")
	}
	for _, f := range ex.Features() {
		if key, ok := strings.CutPrefix(f.Name(), NotePrefix); ok {
			if e.Notes == nil {
				e.Notes = map[string]string{}
			}
			e.Notes[key] = p.text(f.Name())
		}
	}
	return e, p.err
}

type parser struct {
	ex  example.Example
	err error
}

func (p *parser) fail(key, want string) {
	if p.err == nil {
		p.err = fmt.Errorf("key %q: want %s; this is no reference to an image", key, want)
	}
}

func (p *parser) text(key string) string {
	v, err := p.ex.Bytes(key)
	if err != nil {
		p.fail(key, "one byte string")
	}
	return string(v)
}

func (p *parser) number(key string) int64 {
	v, err := p.ex.Int64(key)
	if err != nil {
		p.fail(key, "one integer")
	}
	return v
}
