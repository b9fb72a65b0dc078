package example

import (
	"encoding/binary"
	"iter"
	"math"
)

// Feature is one named list of values.
type Feature struct {
	name []byte
	kind Kind
	n    int    // number of values
	list []byte // the list message, checked
}

// Name is the feature's name.
func (f Feature) Name() string { return string(f.name) }

// Kind is the type of its values.
func (f Feature) Kind() Kind { return f.kind }

// Len is the number of its values.
func (f Feature) Len() int { return f.n }

// merge adds a Feature message to f as protobuf does: a list of the same kind is
// appended, one of another kind replaces it.
func (f *Feature) merge(data []byte, at int) *DecodeError {
	c := cursor{data: data, at: at}
	for part, ok := c.next(); ok; part, ok = c.next() {
		kind := Kind(part.number)
		if part.number > uint64(KindInt64) || part.wire != wireBytes {
			continue
		}
		n, err := count(kind, part.payload, part.at)
		if err != nil {
			return err
		}
		if kind != f.kind {
			f.kind, f.n, f.list = kind, 0, nil
		}
		if f.list == nil {
			f.list = part.payload
		} else { // joined messages are merged messages; rare, so a copy will do
			f.list = append(f.list[:len(f.list):len(f.list)], part.payload...)
		}
		f.n += n
	}
	if c.bad != "" {
		return &DecodeError{Offset: c.offset(), Cause: c.bad}
	}
	return nil
}

// count checks a list message and counts its values.
func count(kind Kind, list []byte, at int) (n int, _ *DecodeError) {
	c := cursor{data: list, at: at}
	for f, ok := c.next(); ok; f, ok = c.next() {
		if f.number != 1 {
			continue
		}
		switch {
		case kind == KindBytes && f.wire == wireBytes,
			kind == KindFloat && f.wire == wireFixed32,
			kind == KindInt64 && f.wire == wireVarint:
			n++
		case kind == KindFloat && f.wire == wireBytes:
			if len(f.payload)%4 != 0 {
				return 0, &DecodeError{Offset: f.at, Cause: "packed floats are not a multiple of 4 bytes"}
			}
			n += len(f.payload) / 4
		case kind == KindInt64 && f.wire == wireBytes:
			packed := cursor{data: f.payload, at: f.at}
			for packed.pos < len(packed.data) && packed.bad == "" {
				packed.varint()
				n++
			}
			if packed.bad != "" {
				return 0, &DecodeError{Offset: packed.offset(), Cause: packed.bad}
			}
		}
	}
	if c.bad != "" {
		return 0, &DecodeError{Offset: c.offset(), Cause: c.bad}
	}
	return n, nil
}

// Bytes yields the values of a feature of byte strings, views of the decoded
// bytes; none if it is of another kind.
func (f Feature) Bytes() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		c := cursor{data: f.list}
		for v, ok := c.next(); ok && f.kind == KindBytes; v, ok = c.next() {
			if v.number == 1 && v.wire == wireBytes && !yield(v.payload) {
				return
			}
		}
	}
}

// AppendFloats appends the values of a feature of floats to dst; none if it is of
// another kind.
func (f Feature) AppendFloats(dst []float32) []float32 {
	c := cursor{data: f.list}
	for v, ok := c.next(); ok && f.kind == KindFloat; v, ok = c.next() {
		switch {
		case v.number != 1:
		case v.wire == wireFixed32:
			dst = append(dst, math.Float32frombits(uint32(v.bits)))
		case v.wire == wireBytes:
			for p := v.payload; len(p) >= 4; p = p[4:] {
				dst = append(dst, math.Float32frombits(binary.LittleEndian.Uint32(p)))
			}
		}
	}
	return dst
}

// AppendInt64s appends the values of a feature of integers to dst; none if it is
// of another kind.
func (f Feature) AppendInt64s(dst []int64) []int64 {
	c := cursor{data: f.list}
	for v, ok := c.next(); ok && f.kind == KindInt64; v, ok = c.next() {
		switch {
		case v.number != 1:
		case v.wire == wireVarint:
			dst = append(dst, int64(v.bits))
		case v.wire == wireBytes:
			packed := cursor{data: v.payload}
			for packed.pos < len(packed.data) {
				dst = append(dst, int64(packed.varint()))
			}
		}
	}
	return dst
}
