// Package example encodes and decodes tf.train.Example, the protocol buffer
// that TFRecord files usually hold, without reflection and without copying the
// bytes it decodes.
//
//	message Example  { Features features = 1; }
//	message Features { map<string, Feature> feature = 1; }
//	message Feature  { oneof kind { BytesList bytes_list = 1;
//	                                FloatList float_list = 2;
//	                                Int64List int64_list = 3; } }
//	message BytesList { repeated bytes value = 1; }   // and so on, numbers packed
//
// What protobuf accepts, [Decode] accepts, with the same meaning: packed and
// unpacked lists, unknown fields (skipped), repeated keys (the last wins), parts
// in any order. [Builder] always writes features in the order of their names, so
// that equal Examples are equal bytes.
package example

import "fmt"

// Kind is the type of a feature's values.
type Kind int

const (
	KindNone Kind = iota // a Feature without a list
	KindBytes
	KindFloat
	KindInt64
)

func (k Kind) String() string {
	switch k {
	case KindNone:
		return "none"
	case KindBytes:
		return "bytes"
	case KindFloat:
		return "float"
	case KindInt64:
		return "int64"
	}
	return fmt.Sprintf("Kind(%d)", int(k))
}

// Wire types of protocol buffers, and the tags used here: every field of these
// messages that matters has a number up to 3.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireStart   = 3
	wireEnd     = 4
	wireFixed32 = 5

	tag1Bytes = 1<<3 | wireBytes
	tag2Bytes = 2<<3 | wireBytes
)
