package index

import (
	"encoding/binary"

	"github.com/retort-ml/retort/io/example"
	"github.com/retort-ml/retort/io/imagefile"
)

// quick reads a reference that lies as encoder lays it out, and has no notes. It
// takes no other: those are left to slow, with which it agrees on its own.
func (p *parser) quick(record []byte) (e Entry, ok bool) {
	in, after, ok := field(record, fieldOne)
	if !ok || len(after) > 0 {
		return e, false
	}
	q := laidOut{rest: in}
	class, classed := q.bytes("image/class")
	height := q.number("image/height")
	id := q.want("image/id")
	e.Label = imagefile.UnknownLabel
	if label, ok := q.int("image/label"); ok {
		e.Label = int32(label)
	}
	e.Length = q.number("image/length")
	name := q.want("image/name")
	e.Offset = q.number("image/offset")
	uri := q.want("image/uri")
	width := q.number("image/width")
	if q.other || len(q.rest) > 0 || len(id) != len(e.ID) {
		return e, false
	}
	copy(e.ID[:], id)
	e.Height, e.Width, e.Name, e.URI = int(height), int(width), string(name), p.share(uri)
	if classed {
		e.Class = p.share(class)
	}
	return e, true
}

// laidOut are features in the order of their names, each of one value.
type laidOut struct {
	rest  []byte
	other bool // a feature that was wanted is not the next one
}

const (
	fieldOne = 1<<3 | 2 // tags of fields of bytes
	fieldTwo = 2<<3 | 2
)

// value takes the value of the next feature, if it has that name and kind.
func (q *laidOut) value(name string, kind example.Kind) ([]byte, bool) {
	entry, after, ok := field(q.rest, fieldOne)
	if !ok {
		return nil, false
	}
	key, value, ok := field(entry, fieldOne)
	if !ok || string(key) != name {
		return nil, false
	}
	for _, tag := range [...]byte{fieldTwo, byte(kind)<<3 | 2, fieldOne} {
		var behind []byte
		if value, behind, ok = field(value, tag); !ok || len(behind) > 0 {
			return nil, false
		}
	}
	q.rest = after
	return value, true
}

func (q *laidOut) bytes(name string) ([]byte, bool) { return q.value(name, example.KindBytes) }

func (q *laidOut) want(name string) []byte {
	v, ok := q.bytes(name)
	q.other = q.other || !ok
	return v
}

func (q *laidOut) int(name string) (int64, bool) {
	before := q.rest
	packed, ok := q.value(name, example.KindInt64)
	v, n := binary.Uvarint(packed)
	if !ok || n <= 0 || n != len(packed) {
		q.rest = before
		return 0, false
	}
	return int64(v), true
}

func (q *laidOut) number(name string) int64 {
	v, ok := q.int(name)
	q.other = q.other || !ok
	return v
}

// field takes a field of bytes off a message.
func field(b []byte, tag byte) (in, after []byte, ok bool) {
	if len(b) < 2 || b[0] != tag {
		return nil, nil, false
	}
	n, at := uint64(b[1]), 2
	if n >= 0x80 {
		var k int
		if n, k = binary.Uvarint(b[1:]); k <= 0 {
			return nil, nil, false
		}
		at = 1 + k
	}
	if n > uint64(len(b)-at) {
		return nil, nil, false
	}
	return b[at : at+int(n)], b[at+int(n):], true
}
