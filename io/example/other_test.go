package example

import (
	"encoding/json"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

func bytesField(number protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), content)
}

func feature(t *testing.T, value string) []byte {
	t.Helper()
	return bytesField(1, bytesField(1, []byte(value)))
}

// TestLook names what is no Example, though protobuf would take much of it for
// one without features.
func TestLook(t *testing.T) {
	var b Builder
	b.Bytes("x", []byte("y"))
	event := append(protowire.AppendFixed64(protowire.AppendTag(nil, 1, protowire.Fixed64Type), 0x41d9_0000_0000_0000), bytesField(3, []byte("brain.Event:2"))...)
	summary := append(protowire.AppendFixed64(protowire.AppendTag(nil, 1, protowire.Fixed64Type), 0), bytesField(5, bytesField(1, append(bytesField(1, []byte("loss")), 0x15, 0, 0, 0, 0x40)))...)
	list := append(bytesField(1, []byte("frames")), bytesField(2, append(bytesField(1, feature(t, "a")), bytesField(1, feature(t, "b"))...))...)
	sequence := append(bytesField(1, bytesField(1, append(bytesField(1, []byte("id")), bytesField(2, feature(t, "7"))...))), bytesField(2, bytesField(1, list))...)
	for name, c := range map[string]struct {
		data       []byte
		kind, text string
	}{
		"Example":      {b.Encode(), "", ""},
		"empty":        {nil, "", ""},
		"no features":  {[]byte{0x0a, 0}, "", ""},
		"broken":       {append(b.Encode()[:5], 0xff), "bytes", "beginning 0a"},
		"Event":        {event, "tensorflow.Event", `fileVersion: "brain.Event:2"`},
		"summary":      {summary, "tensorflow.Event", "tags: loss = 2"},
		"sequence":     {sequence, "tf.train.SequenceExample", "context id: bytes \"7\"\nlist frames: 2 steps\n  0: bytes \"a\"\n  1: bytes \"b\"\n"},
		"JSON":         {[]byte(`{"a": 1}`), "JSON", `{"a": 1}`},
		"text":         {[]byte("a cat\non a mat"), "text", "on a mat"},
		"JPEG":         {[]byte("\xff\xd8\xff\xe0 and so on"), "image/jpeg", "beginning ff d8"},
		"pickle":       {[]byte("\x80\x04\x95abc\xff"), "Python pickle", "7 bytes"},
		"other proto":  {bytesField(7, []byte("\xff\xfe\x00")), "protocol buffer message of another kind", "beginning 3a"},
		"other proto1": {append(bytesField(1, []byte{}), bytesField(9, []byte("\xff\xfe"))...), "protocol buffer message of another kind", "6 bytes"},
	} {
		o := Look(c.data)
		if o == nil {
			o = &Other{}
		}
		if o.Kind != c.kind || !strings.Contains(o.Text, c.text) {
			t.Errorf("%s: %q, %q; want %q, %q", name, o.Kind, o.Text, c.kind, c.text)
		}
		if line, err := json.Marshal(o); c.kind != "" && (err != nil || !json.Valid(line)) {
			t.Errorf("%s: %s, %v", name, line, err)
		}
	}
	line, err := json.Marshal(Look(sequence))
	want := `{"context":{"feature":{"id":{"bytesList":{"value":["Nw=="]}}}},"featureLists":{"featureList":{"frames":{"feature":[{"bytesList":{"value":["YQ=="]}},{"bytesList":{"value":["Yg=="]}}]}}}}`
	if err != nil || string(line) != want {
		t.Errorf("%s, %v\nwant %s", line, err, want)
	}
	if got := Holds(b.Encode()); got != "tf.train.Example: x" {
		t.Error(got)
	}
}

// FuzzLook: any record is named, and its JSON is JSON.
func FuzzLook(f *testing.F) {
	f.Add([]byte("text"))
	f.Add([]byte("\x09\x00\x00\x00\x00\x00\x00\xf8\x7f\x2a\x02\x0a\x00"))
	f.Add([]byte("\x12\x06\x0a\x04\x0a\x00\x12\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		o := Look(data)
		if o == nil {
			return
		}
		if line, err := json.Marshal(o); o.Kind == "" || err != nil || !json.Valid(line) {
			t.Fatalf("%q: %s, %v", o.Kind, line, err)
		}
	})
}
