package example

import (
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// schema is tensorflow/core/example/{example,feature}.proto, as protobuf knows it.
const schema = `
name: "feature.proto" package: "tensorflow" syntax: "proto3"
message_type { name: "BytesList" field { name: "value" number: 1 label: LABEL_REPEATED type: TYPE_BYTES json_name: "value" } }
message_type { name: "FloatList" field { name: "value" number: 1 label: LABEL_REPEATED type: TYPE_FLOAT json_name: "value" options { packed: true } } }
message_type { name: "Int64List" field { name: "value" number: 1 label: LABEL_REPEATED type: TYPE_INT64 json_name: "value" options { packed: true } } }
message_type { name: "Feature" oneof_decl { name: "kind" }
  field { name: "bytes_list" number: 1 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".tensorflow.BytesList" oneof_index: 0 json_name: "bytesList" }
  field { name: "float_list" number: 2 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".tensorflow.FloatList" oneof_index: 0 json_name: "floatList" }
  field { name: "int64_list" number: 3 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".tensorflow.Int64List" oneof_index: 0 json_name: "int64List" } }
message_type { name: "Features"
  field { name: "feature" number: 1 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: ".tensorflow.Features.FeatureEntry" json_name: "feature" }
  nested_type { name: "FeatureEntry" options { map_entry: true }
    field { name: "key" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING json_name: "key" }
    field { name: "value" number: 2 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".tensorflow.Feature" json_name: "value" } } }
message_type { name: "Example"
  field { name: "features" number: 1 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".tensorflow.Features" json_name: "features" } }
`

func exampleType(t testing.TB) protoreflect.MessageDescriptor {
	t.Helper()
	var file descriptorpb.FileDescriptorProto
	if err := prototext.Unmarshal([]byte(schema), &file); err != nil {
		t.Fatal(err)
	}
	fd, err := protodesc.NewFile(&file, nil)
	if err != nil {
		t.Fatal(err)
	}
	return fd.Messages().ByName("Example")
}

// agree fails unless protobuf and Decode say the same of data.
func agree(t testing.TB, message protoreflect.MessageDescriptor, data []byte) {
	t.Helper()
	got, err := Decode(data)
	want := dynamicpb.NewMessage(message)
	wantErr, ok := unmarshal(data, want)
	if !ok {
		return
	}
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%x: Decode says %v, protobuf says %v", data, err, wantErr)
	}
	if err != nil {
		return
	}
	text, err := got.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	back := dynamicpb.NewMessage(message)
	if err := protojson.Unmarshal(text, back); err != nil {
		t.Fatalf("%x: protobuf does not read our JSON %s: %v", data, text, err)
	}
	if len(got.Features()) == 0 { // an empty Features message and none are one to Decode
		return
	}
	drop(want)
	if !proto.Equal(want, back) {
		t.Fatalf("%x:\n got %v\nwant %v", data, back, want)
	}
	if len(got.String()) == 0 {
		t.Fatal("nothing to show")
	}
}

// unmarshal reports ok = false where protobuf's reflection itself panics, as it
// does on a map entry whose key has another wire type.
func unmarshal(data []byte, m proto.Message) (err error, ok bool) {
	defer func() { _ = recover() }()
	return proto.Unmarshal(data, m), true
}

// drop removes unknown fields, which Decode skips.
func drop(m protoreflect.Message) {
	m.SetUnknown(nil)
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap():
			v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				drop(v.Message())
				return true
			})
		case !f.IsList() && f.Message() != nil:
			drop(v.Message())
		}
		return true
	})
}

func TestBuilderAgreesWithProtobuf(t *testing.T) {
	message := exampleType(t)
	var b Builder
	agree(t, message, b.Encode())
	b.Bytes("b", []byte("x"), nil, []byte("yz"))
	b.Int64s("a", 0, 1, -1, 1<<62, 300)
	b.Floats("c", 0, -1.5, 3e38)
	b.Int64s("none")
	b.Floats("a") // replaces the integers
	b.Bytes("größe", make([]byte, 300))
	agree(t, message, b.Encode())
	e, err := Decode(b.Encode())
	if err != nil || len(e.Features()) != 5 {
		t.Fatal(e, err)
	}
	canonical := dynamicpb.NewMessage(message)
	if err := proto.Unmarshal(b.Encode(), canonical); err != nil {
		t.Fatal(err)
	}
	want, err := proto.MarshalOptions{Deterministic: true}.Marshal(canonical)
	if err != nil || string(want) != string(b.Encode()) {
		t.Fatalf("%v\n got %x\nwant %x", err, b.Encode(), want)
	}
}

func FuzzDecodeAgreesWithProtobuf(f *testing.F) {
	message := exampleType(f)
	var b Builder
	b.Bytes("b", []byte("x"), nil)
	b.Int64s("a", 1, -1)
	b.Floats("c", 2)
	f.Add(b.Encode())
	f.Add([]byte("\x0a\x02\x0a\x00"))
	f.Add([]byte("\x0b\x0c"))
	f.Fuzz(func(t *testing.T, data []byte) { agree(t, message, data) })
}
