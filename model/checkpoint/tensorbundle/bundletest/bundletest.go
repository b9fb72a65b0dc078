// Package bundletest writes small TensorFlow checkpoints for tests.
package bundletest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"os"
	"slices"

	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/table"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/retort-ml/retort/internal/crc32c"
)

// Tensor is a float32 array.
type Tensor struct {
	Shape []int
	Data  []float32
}

// Variable is a variable of a TF2 object graph: its full name and its key.
type Variable struct{ Name, Key string }

// Write writes a bundle: one data file, and an object graph where there are
// variables of one. step goes under "global_step", or where TF2 has it.
func Write(prefix string, tensors map[string]Tensor, variables []Variable, step int64) error {
	var data bytes.Buffer
	entries := map[string][]byte{}
	put := func(key string, dtype uint64, shape []int, raw []byte, sum uint32) {
		entries[key] = entry(dtype, shape, int64(data.Len()), int64(len(raw)), sum)
		data.Write(raw)
	}
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		var raw []byte
		for _, v := range tensors[name].Data {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
		put(name, 1, tensors[name].Shape, raw, crc32c.Of(raw))
	}
	counter := "global_step"
	if len(variables) > 0 {
		counter = "global_step/.ATTRIBUTES/VARIABLE_VALUE"
		raw, sum := oneString(graph(append(variables, Variable{"iter", counter})))
		put("_CHECKPOINTABLE_OBJECT_GRAPH", 7, nil, raw, sum)
	}
	raw := binary.LittleEndian.AppendUint64(nil, uint64(step))
	put(counter, 9, nil, raw, crc32c.Of(raw))
	index, err := index(entries)
	return errors.Join(err, os.WriteFile(prefix+".index", index, 0o644), os.WriteFile(prefix+".data-00000-of-00001", data.Bytes(), 0o644))
}

func index(entries map[string][]byte) ([]byte, error) {
	var out bytes.Buffer
	w := table.NewWriter(&out, &opt.Options{Compression: opt.SnappyCompression})
	header := appendVarint(nil, 1, 1)
	if err := w.Append(nil, header); err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		if err := w.Append([]byte(key), entries[key]); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}

func entry(dtype uint64, shape []int, offset, size int64, sum uint32) []byte {
	var dims []byte
	for _, d := range shape {
		dims = appendBytes(dims, 2, appendVarint(nil, 1, uint64(d)))
	}
	e := appendBytes(appendVarint(nil, 1, dtype), 2, dims)
	e = appendVarint(appendVarint(e, 4, uint64(offset)), 5, uint64(size))
	return protowire.AppendFixed32(protowire.AppendTag(e, 6, protowire.Fixed32Type), masked(sum))
}

func masked(crc uint32) uint32 { return (crc>>15 | crc<<17) + 0xa282ead8 }

// oneString is a scalar of a string as a bundle holds it, and its sum.
func oneString(s []byte) (raw []byte, sum uint32) {
	sum = crc32c.Of(binary.LittleEndian.AppendUint32(nil, uint32(len(s))))
	stored := binary.LittleEndian.AppendUint32(nil, masked(sum))
	raw = append(binary.AppendUvarint(nil, uint64(len(s))), stored...)
	return append(raw, s...), crc32c.Update(crc32c.Update(sum, stored), s)
}

// graph is an object graph with a node for each variable.
func graph(variables []Variable) (raw []byte) {
	for _, v := range variables {
		attribute := appendBytes(appendBytes(nil, 2, []byte(v.Name)), 3, []byte(v.Key))
		raw = appendBytes(raw, 1, appendBytes(nil, 2, attribute))
	}
	return raw
}

func appendVarint(b []byte, number protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), v)
}

func appendBytes(b []byte, number protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), v)
}
