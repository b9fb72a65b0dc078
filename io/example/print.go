package example

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	shownBytes  = 64 // longer byte strings are shown as size and hash
	shownValues = 16 // of longer lists the first are shown
)

// String is for a person: one feature a line, long byte strings as their size
// and the start of their SHA-256.
func (e Example) String() string {
	var b strings.Builder
	for _, f := range e.features {
		fmt.Fprintf(&b, "%s: %s\n", shownName(f.name), f)
	}
	return b.String()
}

func shownName(name []byte) string {
	if len(name) == 0 || strings.ContainsFunc(string(name), func(r rune) bool { return !unicode.IsPrint(r) || r == ' ' }) {
		return strconv.Quote(string(name))
	}
	return string(name)
}

// String is for a person: the kind, the number of values unless it is 1, and the
// values.
func (f Feature) String() string {
	var shown []string
	switch f.kind {
	case KindBytes:
		for v := range f.Bytes() {
			if len(shown) == shownValues {
				break
			}
			shown = append(shown, shownValue(v))
		}
	case KindFloat:
		for _, v := range firstOf(f.AppendFloats(nil)) {
			shown = append(shown, strconv.FormatFloat(float64(v), 'g', -1, 32))
		}
	case KindInt64:
		for _, v := range firstOf(f.AppendInt64s(nil)) {
			shown = append(shown, strconv.FormatInt(v, 10))
		}
	}
	if f.n > len(shown) {
		shown = append(shown, "…")
	}
	if f.n == 1 {
		return f.kind.String() + " " + shown[0]
	}
	return fmt.Sprintf("%v[%d] %s", f.kind, f.n, strings.Join(shown, " "))
}

func firstOf[T any](values []T) []T { return values[:min(len(values), shownValues)] }

func shownValue(v []byte) string {
	printable := utf8.Valid(v) && !strings.ContainsFunc(string(v), func(r rune) bool { return !unicode.IsPrint(r) })
	switch {
	case len(v) > shownBytes:
		return fmt.Sprintf("<%d bytes, sha256 %.6x…>", len(v), sha256.Sum256(v))
	case printable:
		return strconv.Quote(string(v))
	}
	return fmt.Sprintf("0x%x", v)
}

// MarshalJSON writes protobuf's JSON form of a tf.train.Example, which
// protobuf's own JSON parsers read: integers as strings, bytes as base64.
func (e Example) MarshalJSON() ([]byte, error) {
	out := []byte("{")
	if len(e.features) > 0 {
		out = append(out, `"features":{"feature":{`...)
		for i, f := range e.features {
			if i > 0 {
				out = append(out, ',')
			}
			name, err := json.Marshal(f.Name())
			if err != nil {
				return nil, err
			}
			out = append(append(out, name...), ':')
			out = f.appendJSON(out)
		}
		out = append(out, "}}"...)
	}
	return append(out, '}'), nil
}

func (f Feature) appendJSON(out []byte) []byte {
	if f.kind == KindNone {
		return append(out, "{}"...)
	}
	names := map[Kind]string{KindBytes: "bytesList", KindFloat: "floatList", KindInt64: "int64List"}
	out = append(out, `{"`+names[f.kind]+`":{`...)
	if f.n == 0 {
		return append(out, "}}"...)
	}
	out = append(out, `"value":[`...)
	switch f.kind {
	case KindBytes:
		for v := range f.Bytes() {
			out = append(out, '"')
			out = base64.StdEncoding.AppendEncode(out, v)
			out = append(out, `",`...)
		}
	case KindFloat:
		for _, v := range f.AppendFloats(nil) {
			out = append(appendFloatJSON(out, v), ',')
		}
	case KindInt64:
		for _, v := range f.AppendInt64s(nil) {
			out = append(strconv.AppendInt(append(out, '"'), v, 10), `",`...)
		}
	}
	out[len(out)-1] = ']' // in place of the last comma
	return append(out, "}}"...)
}

func appendFloatJSON(out []byte, v float32) []byte {
	switch wide := float64(v); {
	case math.IsNaN(wide):
		return append(out, `"NaN"`...)
	case math.IsInf(wide, 1):
		return append(out, `"Infinity"`...)
	case math.IsInf(wide, -1):
		return append(out, `"-Infinity"`...)
	case wide == 0 && math.Signbit(wide): // "-0" is the integer 0 to many parsers
		return append(out, "-0.0"...)
	default:
		return strconv.AppendFloat(out, wide, 'g', -1, 32)
	}
}
