package example

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf8"
)

// DecodeError says where bytes are no tf.train.Example.
type DecodeError struct {
	Offset  int    // in the bytes given to Decode
	Feature string // inside which feature, empty outside
	Cause   string
}

func (e *DecodeError) Error() string {
	in := ""
	if e.Feature != "" {
		in = fmt.Sprintf(" (feature %q)", e.Feature)
	}
	return fmt.Sprintf("tf.train.Example: byte %d%s: %s", e.Offset, in, e.Cause)
}

// Example is a decoded tf.train.Example. It refers to the bytes it was decoded
// from and is valid as long as they are.
type Example struct {
	features []Feature // by name, each name once
}

// Decode checks data whole and returns what it holds.
func Decode(data []byte) (Example, error) {
	var e Example
	err := e.Decode(data)
	return e, err
}

// Decode is like the function Decode and reuses e's memory.
func (e *Example) Decode(data []byte) error {
	e.features = e.features[:0]
	top := cursor{data: data}
	for f, ok := top.next(); ok; f, ok = top.next() {
		if f.number != 1 || f.wire != wireBytes {
			continue
		}
		if err := e.decodeFeatures(f.payload, f.at); err != nil {
			e.features = e.features[:0]
			return err
		}
	}
	if top.bad != "" {
		e.features = e.features[:0]
		return &DecodeError{top.offset(), "", top.bad}
	}
	e.order()
	return nil
}

// order sorts by name and drops all but the last of a name: what a map does.
func (e *Example) order() {
	ordered := true
	for i := 1; i < len(e.features) && ordered; i++ {
		ordered = bytes.Compare(e.features[i-1].name, e.features[i].name) < 0
	}
	if ordered {
		return
	}
	slices.SortStableFunc(e.features, func(x, y Feature) int { return bytes.Compare(x.name, y.name) })
	kept := e.features[:0]
	for i, f := range e.features {
		if i+1 == len(e.features) || !bytes.Equal(e.features[i+1].name, f.name) {
			kept = append(kept, f)
		}
	}
	e.features = kept
}

func (e *Example) decodeFeatures(data []byte, at int) error {
	c := cursor{data: data, at: at}
	for f, ok := c.next(); ok; f, ok = c.next() {
		if f.number != 1 || f.wire != wireBytes {
			continue
		}
		feature, err := decodeEntry(f.payload, f.at)
		if err != nil {
			return err
		}
		e.features = append(e.features, feature)
	}
	if c.bad != "" {
		return &DecodeError{c.offset(), "", c.bad}
	}
	return nil
}

// decodeEntry reads one entry of the map: key and value, in any order; of several
// keys the last counts, several values are merged.
func decodeEntry(data []byte, at int) (Feature, error) {
	var out Feature
	c := cursor{data: data, at: at}
	for f, ok := c.next(); ok; f, ok = c.next() {
		switch {
		case f.wire != wireBytes:
		case f.number == 1:
			if !utf8.Valid(f.payload) {
				return out, &DecodeError{f.at, "", "a feature's name is not UTF-8"}
			}
			out.name = f.payload
		case f.number == 2:
			if err := out.merge(f.payload, f.at); err != nil {
				err.Feature = string(out.name)
				return out, err
			}
		}
	}
	if c.bad != "" {
		return out, &DecodeError{c.offset(), string(out.name), c.bad}
	}
	return out, nil
}
