package tensorbundle

import "fmt"

// DType is TensorFlow's number for a type.
type DType int

// The types that this package names; others are read as bytes.
const (
	Float32  DType = 1
	Float64  DType = 2
	Int32    DType = 3
	String   DType = 7
	Int64    DType = 9
	BFloat16 DType = 14
	Float16  DType = 19
)

var dtypes = map[DType]struct {
	name string
	size int // of a value, in bytes; 0: it varies
}{
	Float32: {"float32", 4}, Float64: {"float64", 8}, Int32: {"int32", 4}, 4: {"uint8", 1}, 5: {"int16", 2}, 6: {"int8", 1},
	String: {"string", 0}, 8: {"complex64", 8}, Int64: {"int64", 8}, 10: {"bool", 1}, 11: {"qint8", 1}, 12: {"quint8", 1},
	13: {"qint32", 4}, BFloat16: {"bfloat16", 2}, 15: {"qint16", 2}, 16: {"quint16", 2}, 17: {"uint16", 2},
	18: {"complex128", 16}, Float16: {"float16", 2}, 22: {"uint32", 4}, 23: {"uint64", 8},
}

// size is that of one value, and whether it is known and the same for all.
func (d DType) size() (int, bool) {
	t, ok := dtypes[d]
	return t.size, ok && t.size > 0
}

// String is numpy's name.
func (d DType) String() string {
	if t, ok := dtypes[d]; ok {
		return t.name
	}
	return fmt.Sprintf("type %d", int(d))
}
