package example

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Other is a record that is no tf.train.Example: what it is, and what it holds.
type Other struct {
	Kind string // "tf.train.SequenceExample", "tensorflow.Event", "JSON", "text", "image/jpeg", …
	Text string // for a person, a line each
	json any
}

// MarshalJSON is protobuf's own form of a SequenceExample, JSON as it is, and
// else an object with the kind and what is known of the record.
func (o *Other) MarshalJSON() ([]byte, error) { return json.Marshal(o.json) }

// Look says what a record is that is no tf.train.Example; it is nil for one that
// is, and for one that is broken inside. What protobuf takes for an Example is not
// enough: an Event is one without features to it.
func Look(data []byte) *Other {
	number, ok := topLevel(data)
	switch {
	case ok && number[1] == wireFixed64+1:
		return lookEvent(data)
	case ok && number[2] == wireBytes+1 && (number[1] == 0 || number[1] == wireBytes+1) && number[0] == 0:
		if o := lookSequence(data); o != nil {
			return o
		}
	case ok && number[1] == wireBytes+1 || len(data) == 0:
		if e, err := Decode(data); err != nil || len(e.features) > 0 || len(data) <= 2 {
			return nil
		}
	}
	return lookBytes(data, ok && len(data) > 0)
}

// topLevel is one more than the wire types of the fields 1 and 2 of a message, and at 0 of
// any above; false where the bytes are no message.
func topLevel(data []byte) (wires [3]int, ok bool) {
	c := cursor{data: data}
	for f, more := c.next(); more; f, more = c.next() {
		at := f.number
		if at > 2 {
			at = 0
		}
		wires[at] = f.wire + 1
	}
	return wires, c.bad == ""
}

// lookEvent shows an Event of TensorBoard.
func lookEvent(data []byte) *Other {
	shown := map[string]any{}
	var lines []string
	say := func(name, text string, value any) {
		shown[name] = value
		lines = append(lines, name+": "+text)
	}
	c := cursor{data: data}
	for f, ok := c.next(); ok; f, ok = c.next() {
		switch {
		case f.number == 1 && f.wire == wireFixed64:
			seconds := math.Float64frombits(f.bits)
			if math.IsNaN(seconds) || math.Abs(seconds) > 1e11 {
				seconds = 0
			}
			say("wallTime", time.UnixMicro(int64(seconds*1e6)).UTC().Format("2006-01-02 15:04:05.000 UTC"), seconds)
		case f.number == 2 && f.wire == wireVarint:
			say("step", fmt.Sprint(int64(f.bits)), fmt.Sprint(int64(f.bits)))
		case f.number == 3 && f.wire == wireBytes:
			say("fileVersion", shownValue(f.payload), string(f.payload))
		case f.number == 5 && f.wire == wireBytes:
			tags := eventTags(f.payload)
			say("tags", strings.Join(tags, ", "), tags)
		case f.wire == wireBytes:
			say(fmt.Sprintf("field%d", f.number), shownValue(f.payload), f.payload)
		}
	}
	shown["kind"] = "tensorflow.Event"
	return &Other{"tensorflow.Event", strings.Join(lines, "\n") + "\n", shown}
}

// eventTags are the tags of a summary, with the value of a scalar.
func eventTags(summary []byte) []string {
	tags := []string{}
	c := cursor{data: summary}
	for f, ok := c.next(); ok; f, ok = c.next() {
		if f.number != 1 || f.wire != wireBytes {
			continue
		}
		tag, value := "", ""
		in := cursor{data: f.payload}
		for v, ok := in.next(); ok; v, ok = in.next() {
			switch {
			case v.number == 1 && v.wire == wireBytes:
				tag = strings.ToValidUTF8(string(v.payload), "�")
			case v.number == 2 && v.wire == wireFixed32:
				value = fmt.Sprintf(" = %g", math.Float32frombits(uint32(v.bits)))
			}
		}
		tags = append(tags, tag+value)
	}
	return tags
}

// lookSequence shows a SequenceExample, nil if the bytes are none.
func lookSequence(data []byte) *Other {
	var context Example
	lists := map[string][]Feature{}
	var order []string
	c := cursor{data: data}
	for f, ok := c.next(); ok; f, ok = c.next() {
		switch {
		case f.number == 1 && context.decodeFeatures(f.payload, f.at) != nil:
			return nil
		case f.number == 2:
			entries := cursor{data: f.payload}
			for entry, ok := entries.next(); ok; entry, ok = entries.next() {
				name, steps, ok := featureList(entry)
				if !ok {
					return nil
				}
				if _, again := lists[name]; !again {
					order = append(order, name)
				}
				lists[name] = steps
			}
			if entries.bad != "" {
				return nil
			}
		}
	}
	context.order()
	return sequence(context, order, lists)
}

// featureList reads one entry of the lists of a SequenceExample.
func featureList(entry field) (name string, steps []Feature, ok bool) {
	if entry.number != 1 || entry.wire != wireBytes {
		return "", nil, false
	}
	c := cursor{data: entry.payload}
	for f, more := c.next(); more; f, more = c.next() {
		switch {
		case f.wire != wireBytes:
			return "", nil, false
		case f.number == 1:
			name = string(f.payload)
		case f.number == 2:
			list := cursor{data: f.payload}
			for one, more := list.next(); more; one, more = list.next() {
				var step Feature
				if one.number != 1 || one.wire != wireBytes || step.merge(one.payload, one.at) != nil {
					return "", nil, false
				}
				steps = append(steps, step)
			}
			if list.bad != "" {
				return "", nil, false
			}
		}
	}
	return name, steps, c.bad == "" && utf8.ValidString(name)
}

func sequence(context Example, order []string, lists map[string][]Feature) *Other {
	var b strings.Builder
	for line := range strings.Lines(context.String()) {
		b.WriteString("context " + line)
	}
	inJSON := map[string]any{}
	for _, name := range order {
		steps := []json.RawMessage{}
		fmt.Fprintf(&b, "list %s: %d steps\n", shownName([]byte(name)), len(lists[name]))
		for i, step := range lists[name] {
			if i < shownValues {
				fmt.Fprintf(&b, "  %d: %s\n", i, step)
			}
			steps = append(steps, step.appendJSON(nil))
		}
		inJSON[name] = map[string]any{"feature": steps}
	}
	all := map[string]any{"featureLists": map[string]any{"featureList": inJSON}}
	if line, err := context.MarshalJSON(); err == nil && len(context.features) > 0 {
		all["context"] = json.RawMessage(bytes.TrimSuffix(bytes.TrimPrefix(line, []byte(`{"features":`)), []byte("}")))
	}
	return &Other{"tf.train.SequenceExample", b.String(), all}
}

// lookBytes shows what is no message of TensorFlow's that is known.
func lookBytes(data []byte, message bool) *Other {
	switch {
	case json.Valid(data):
		return &Other{"JSON", string(data) + "\n", json.RawMessage(data)}
	case printable(data):
		return &Other{"text", string(data) + "\n", map[string]any{"kind": "text", "text": string(data)}}
	}
	kind := "bytes"
	switch found := http.DetectContentType(data); {
	case bytes.HasPrefix(data, []byte("\x80\x04\x95")), bytes.HasPrefix(data, []byte("\x80\x03")), bytes.HasPrefix(data, []byte("\x80\x05\x95")):
		kind = "Python pickle"
	case bytes.HasPrefix(data, []byte("\x93NUMPY")):
		kind = "NumPy array"
	case !strings.HasPrefix(found, "text/") && found != "application/octet-stream":
		kind = found
	case message:
		kind = "protocol buffer message of another kind"
	}
	text := fmt.Sprintf("%d bytes, sha256 %.6x…, beginning % x\n", len(data), sha256.Sum256(data), data[:min(16, len(data))])
	return &Other{kind, text, map[string]any{"kind": kind, "base64": base64.StdEncoding.EncodeToString(data)}}
}

func printable(data []byte) bool {
	return utf8.Valid(data) && !bytes.ContainsFunc(data, func(r rune) bool { return !unicode.IsPrint(r) && !unicode.IsSpace(r) })
}

// Holds says in a few words what a record is: the kind and the first features.
func Holds(data []byte) string {
	if o := Look(data); o != nil {
		return o.Kind
	}
	e, err := Decode(data)
	if err != nil {
		return "broken tf.train.Example"
	}
	var names []string
	for _, f := range e.features[:min(4, len(e.features))] {
		names = append(names, shownName(f.name))
	}
	if len(e.features) > 4 {
		names = append(names, "…")
	}
	return strings.TrimSuffix("tf.train.Example: "+strings.Join(names, ", "), ": ")
}
