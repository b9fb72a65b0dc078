package export

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// message is one of ONNX's, in protobuf's encoding (onnx.proto, IR version 8).
type message []byte

func (m message) number(field protowire.Number, v int64) message {
	return protowire.AppendVarint(protowire.AppendTag(m, field, protowire.VarintType), uint64(v))
}

func (m message) text(field protowire.Number, s string) message {
	return protowire.AppendString(protowire.AppendTag(m, field, protowire.BytesType), s)
}

func (m message) inner(field protowire.Number, other message) message {
	return protowire.AppendBytes(protowire.AppendTag(m, field, protowire.BytesType), other)
}

func (m message) float(field protowire.Number, v float32) message {
	return protowire.AppendFixed32(protowire.AppendTag(m, field, protowire.Fixed32Type), math.Float32bits(v))
}

// Types of tensors' elements.
const (
	typeFloat = 1
	typeUInt8 = 2
	typeInt64 = 7
)

// tensor is a TensorProto: 1 dims, 2 type, 8 name, 9 bytes.
func tensor(name string, elements int64, dims []int, raw []byte) (m message) {
	for _, d := range dims {
		m = m.number(1, int64(d))
	}
	return m.number(2, elements).text(8, name).inner(9, raw)
}

func floatBytes(values []float32) []byte {
	raw := make([]byte, 0, 4*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return raw
}

func intBytes(values []int64) (raw []byte) {
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	return raw
}

// valueInfo describes an input or output: a dimension is a number, or the name of
// one that is known only when the network runs.
func valueInfo(name string, elements int64, dims ...any) message {
	var shape message
	for _, d := range dims {
		if n, ok := d.(int); ok {
			shape = shape.inner(1, message{}.number(1, int64(n)))
		} else {
			shape = shape.inner(1, message{}.text(2, d.(string)))
		}
	}
	t := message{}.number(1, elements).inner(2, shape)
	return message{}.text(1, name).inner(2, message{}.inner(1, t))
}

// attribute is an AttributeProto: 1 name, 2 f, 3 i, 4 s, 8 ints, 20 type.
func attribute(name string, value any) message {
	m := message{}.text(1, name)
	switch v := value.(type) {
	case float64:
		return m.float(2, float32(v)).number(20, 1)
	case int:
		return m.number(3, int64(v)).number(20, 2)
	case string:
		return m.text(4, v).number(20, 3)
	case []int:
		for _, i := range v {
			m = m.number(8, int64(i))
		}
		return m.number(20, 7)
	}
	panic("export: an attribute of another type")
}

// node is a NodeProto: 1 inputs, 2 outputs, 3 name, 4 operation, 5 attributes.
func node(op, name string, inputs, outputs []string, attributes ...message) (m message) {
	for _, in := range inputs {
		m = m.text(1, in)
	}
	for _, out := range outputs {
		m = m.text(2, out)
	}
	m = m.text(3, name).text(4, op)
	for _, a := range attributes {
		m = m.inner(5, a)
	}
	return m
}
