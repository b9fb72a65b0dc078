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
func AppendEntry(dst []byte, e Entry) []byte { return new(encoder).append(dst, &e) }

// encoder encodes references one after another, reusing its memory.
type encoder struct {
	b    example.Builder
	text []byte
}

func (c *encoder) append(dst []byte, e *Entry) []byte {
	c.b.Reset()
	c.text = c.text[:0]
	if e.Class != "" {
		c.string("image/class", e.Class)
	}
	c.b.Int64s("image/height", int64(e.Height))
	c.b.Bytes("image/id", e.ID[:])
	if e.Label != imagefile.UnknownLabel {
		c.b.Int64s("image/label", int64(e.Label))
	}
	c.b.Int64s("image/length", e.Length)
	c.string("image/name", e.Name)
	c.b.Int64s("image/offset", e.Offset)
	c.string("image/uri", e.URI)
	c.b.Int64s("image/width", int64(e.Width))
	for key, note := range e.Notes {
		c.string(NotePrefix+key, note)
	}
	return c.b.AppendTo(dst)
}

// string adds a text; it is copied, so that the builder can refer to it.
func (c *encoder) string(key, value string) {
	at := len(c.text)
	c.text = append(c.text, value...)
	c.b.Bytes(key, c.text[at:len(c.text):len(c.text)])
}

// Parse reads what Append or AppendEntry wrote.
func Parse(record []byte) (Entry, error) { return new(parser).parse(record) }

// parser parses references one after another. It reuses its memory, and the
// texts that many references share.
type parser struct {
	ex    example.Example
	err   error
	texts map[string]string
}

func (p *parser) parse(record []byte) (Entry, error) {
	if e, ok := p.quick(record); ok {
		return e, nil
	}
	return p.slow(record)
}

// slow reads references as anybody may have written them.
func (p *parser) slow(record []byte) (Entry, error) {
	p.err = p.ex.Decode(record)
	if p.err != nil {
		return Entry{}, p.err
	}
	e := Entry{Ref: imagefile.Ref{
		URI: p.shared("image/uri"), Name: string(p.bytes("image/name")),
		Offset: p.number("image/offset"), Length: p.number("image/length"),
		Width: int(p.number("image/width")), Height: int(p.number("image/height")),
		Label: imagefile.UnknownLabel,
	}}
	if id := p.bytes("image/id"); len(id) == len(e.ID) {
		copy(e.ID[:], id)
	} else {
		p.fail("image/id", "16 bytes")
	}
	known := 7
	if _, ok := p.ex.Feature("image/label"); ok {
		known++
		e.Label = int32(p.number("image/label"))
	}
	if _, ok := p.ex.Feature("image/class"); ok {
		known++
		e.Class = p.shared("image/class")
	}
	if len(p.ex.Features()) > known { // the rest are notes, if anything
		p.notes(&e)
	}
	return e, p.err
}

func (p *parser) notes(e *Entry) {
	for _, f := range p.ex.Features() {
		if key, ok := strings.CutPrefix(f.Name(), NotePrefix); ok {
			if e.Notes == nil {
				e.Notes = map[string]string{}
			}
			e.Notes[key] = string(p.bytes(f.Name()))
		}
	}
}

// sharedTexts bounds the texts that a parser remembers.
const sharedTexts = 4096

// shared is a text that other references may have too: the archive, the class.
func (p *parser) shared(key string) string { return p.share(p.bytes(key)) }

func (p *parser) share(v []byte) string {
	if s, ok := p.texts[string(v)]; ok {
		return s
	}
	if p.texts == nil || len(p.texts) >= sharedTexts {
		p.texts = map[string]string{}
	}
	s := string(v)
	p.texts[s] = s
	return s
}

func (p *parser) fail(key, want string) {
	if p.err == nil {
		p.err = fmt.Errorf("key %q: want %s; this is no reference to an image", key, want)
	}
}

func (p *parser) bytes(key string) []byte {
	v, err := p.ex.Bytes(key)
	if err != nil {
		p.fail(key, "one byte string")
	}
	return v
}

func (p *parser) number(key string) int64 {
	v, err := p.ex.Int64(key)
	if err != nil {
		p.fail(key, "one integer")
	}
	return v
}
