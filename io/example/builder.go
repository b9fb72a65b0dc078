package example

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"strings"
)

// Builder encodes Examples one after another, reusing its memory. The zero value
// is ready. Values are not copied when they are added, so they must stay as they
// are until Encode or AppendTo.
//
//	var b example.Builder
//	for … {
//		b.Reset()
//		b.Bytes("image/id", id)
//		b.Int64s("view/height", 224)
//		w.Write(b.Encode())
//	}
type Builder struct {
	entries []entry
	bytes   [][]byte
	ints    []int64
	floats  []float32
	out     []byte
	size    int // of the Features message, where entries are measured
	known   bool
}

// entry is one feature; its values are [from, to) of the list of its kind. A
// space's value is [from, to) of the Example that was encoded last.
type entry struct {
	name     string
	kind     Kind
	space    bool
	from, to int
	list     int // encoded size of the list message
}

// Reset forgets the features.
func (b *Builder) Reset() {
	clear(b.bytes)
	b.entries, b.bytes, b.ints, b.floats, b.known = b.entries[:0], b.bytes[:0], b.ints[:0], b.floats[:0], false
}

func (b *Builder) add(e entry) { b.entries, b.known = append(b.entries, e), false }

// Bytes adds a feature of byte strings. A name added twice keeps the last values.
func (b *Builder) Bytes(name string, values ...[]byte) {
	from := len(b.bytes)
	b.bytes = append(b.bytes, values...)
	b.add(entry{name: name, kind: KindBytes, from: from, to: len(b.bytes)})
}

// Space adds a feature of one byte string of n bytes, to be filled in after
// encoding: AppendTo leaves room for it and [Builder.Filled] says where. Large
// values can so be made where they are to be, instead of being copied there.
func (b *Builder) Space(name string, n int) {
	b.add(entry{name: name, kind: KindBytes, space: true, to: n})
}

// Filled is the room for the feature that Space added, in data, what AppendTo
// returned last; its content is not defined before it is written. It is nil
// where there is no such feature.
func (b *Builder) Filled(data []byte, name string) []byte {
	for _, e := range b.entries {
		if e.space && e.name == name {
			return data[e.from:e.to:e.to]
		}
	}
	return nil
}

// Int64s adds a feature of integers.
func (b *Builder) Int64s(name string, values ...int64) {
	from := len(b.ints)
	b.ints = append(b.ints, values...)
	b.add(entry{name: name, kind: KindInt64, from: from, to: len(b.ints)})
}

// Floats adds a feature of float32s.
func (b *Builder) Floats(name string, values ...float32) {
	from := len(b.floats)
	b.floats = append(b.floats, values...)
	b.add(entry{name: name, kind: KindFloat, from: from, to: len(b.floats)})
}

// Encode returns the Example's bytes, valid until the next Encode.
func (b *Builder) Encode() []byte {
	b.out = b.AppendTo(b.out[:0])
	return b.out
}

// AppendTo appends the Example's bytes to dst.
func (b *Builder) AppendTo(dst []byte) []byte {
	features := b.measure()
	if len(b.entries) == 0 {
		return dst
	}
	dst = slices.Grow(dst, sized(features))
	dst = appendHead(dst, tag1Bytes, features)
	for i := range b.entries {
		dst = b.appendEntry(dst, &b.entries[i])
	}
	return dst
}

// Size is how many bytes AppendTo will append.
func (b *Builder) Size() int {
	features := b.measure()
	if len(b.entries) == 0 {
		return 0
	}
	return sized(features)
}

// measure puts the features in order and sizes them up; it returns the size of
// the Features message.
func (b *Builder) measure() int {
	if b.known {
		return b.size
	}
	b.order()
	b.size, b.known = 0, true
	for i := range b.entries {
		e := &b.entries[i]
		e.list = b.listSize(e)
		b.size += sized(e.entrySize())
	}
	return b.size
}

// order sorts features by name and drops all but the last of a name.
func (b *Builder) order() {
	ordered := true
	for i := 1; i < len(b.entries) && ordered; i++ {
		ordered = b.entries[i-1].name < b.entries[i].name
	}
	if ordered {
		return
	}
	slices.SortStableFunc(b.entries, func(x, y entry) int { return strings.Compare(x.name, y.name) })
	kept := b.entries[:0]
	for i, e := range b.entries {
		if i+1 == len(b.entries) || b.entries[i+1].name != e.name {
			kept = append(kept, e)
		}
	}
	b.entries = kept
}

// listSize is the size of the list message: the values with their tags.
func (b *Builder) listSize(e *entry) (n int) {
	switch e.kind {
	case KindBytes:
		if e.space {
			return sized(e.to - e.from)
		}
		for _, v := range b.bytes[e.from:e.to] {
			n += sized(len(v))
		}
		return n
	case KindFloat:
		n = 4 * (e.to - e.from)
	case KindInt64:
		n = b.intsSize(e)
	}
	if n == 0 {
		return 0
	}
	return sized(n)
}

func (b *Builder) intsSize(e *entry) (n int) {
	for _, v := range b.ints[e.from:e.to] {
		n += varintSize(uint64(v))
	}
	return n
}

// featureSize is that of the Feature message, entrySize that of the map's entry.
func (e *entry) featureSize() int { return sized(e.list) }
func (e *entry) entrySize() int   { return sized(len(e.name)) + sized(e.featureSize()) }

func (b *Builder) appendEntry(dst []byte, e *entry) []byte {
	dst = appendHead(dst, tag1Bytes, e.entrySize())
	dst = append(appendHead(dst, tag1Bytes, len(e.name)), e.name...)
	dst = appendHead(dst, tag2Bytes, e.featureSize())
	dst = appendHead(dst, byte(e.kind)<<3|wireBytes, e.list) // field numbers are the kinds'
	switch {
	case e.space:
		n := e.to - e.from
		dst = appendHead(dst, tag1Bytes, n)
		e.from, e.to = len(dst), len(dst)+n
		return dst[:e.to] // AppendTo made sure of the capacity
	case e.kind == KindBytes:
		for _, v := range b.bytes[e.from:e.to] {
			dst = append(appendHead(dst, tag1Bytes, len(v)), v...)
		}
	case e.kind == KindFloat:
		dst = appendFloats(dst, b.floats[e.from:e.to])
	case e.kind == KindInt64:
		if e.to > e.from {
			dst = appendHead(dst, tag1Bytes, b.intsSize(e))
		}
		for _, v := range b.ints[e.from:e.to] {
			dst = binary.AppendUvarint(dst, uint64(v))
		}
	}
	return dst
}

func appendFloats(dst []byte, values []float32) []byte {
	if len(values) == 0 {
		return dst
	}
	dst = appendHead(dst, tag1Bytes, 4*len(values))
	for _, v := range values {
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
	}
	return dst
}

func appendHead(dst []byte, tag byte, size int) []byte {
	return binary.AppendUvarint(append(dst, tag), uint64(size))
}

// sized is the size of a field of n bytes: tag, length, content.
func sized(n int) int { return 1 + varintSize(uint64(n)) + n }

func varintSize(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }
