package tensorbundle

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/x448/float16"

	"github.com/retort-ml/retort/internal/crc32c"
	"github.com/retort-ml/retort/io/blob"
)

// Bytes is a tensor's content, little-endian in C order, verified. It is not for
// strings ([Bundle.Strings]).
func (b *Bundle) Bytes(name string) ([]byte, error) {
	e, err := b.entry(name)
	if err != nil {
		return nil, err
	}
	size, ok := e.DType.size()
	if !ok {
		return nil, &VersionError{Path: b.indexPath(), Tensor: name, Cause: fmt.Sprintf("its type is %s, which has no bytes of its own to read", e.DType)}
	}
	if len(e.slices) == 0 {
		return b.verified(e)
	}
	return b.join(e, size)
}

func (b *Bundle) entry(name string) (Entry, error) {
	e, ok := b.Entry(name)
	if !ok {
		return e, &FormatError{Path: b.indexPath(), Tensor: name, Cause: "the checkpoint has no such tensor"}
	}
	return e, nil
}

// raw reads an entry's bytes from its file, which must have them.
func (b *Bundle) raw(e Entry) ([]byte, error) {
	path := b.dataPath(e.shard)
	f, err := blob.OpenFile(path)
	if err != nil {
		return nil, fmt.Errorf("tensor %q: cannot read the checkpoint's data: %w", e.Name, err)
	}
	defer f.Close()
	if e.size == 0 {
		return []byte{}, nil // wherever it is said to be
	}
	if e.size > f.Size() || e.offset > f.Size()-e.size {
		return nil, b.damaged(path, e.Name, "the file has %d bytes and ends before the tensor does (%d bytes at %d)", f.Size(), e.size, e.offset)
	}
	data := make([]byte, e.size)
	if n, err := f.ReadAt(data, e.offset); n < len(data) {
		return nil, fmt.Errorf("%s: tensor %q: %w", path, e.Name, err)
	}
	return data, nil
}

func (b *Bundle) verified(e Entry) ([]byte, error) {
	data, err := b.raw(e)
	if err != nil {
		return nil, err
	}
	return data, b.check(e, crc32c.Of(data))
}

func (b *Bundle) check(e Entry, sum uint32) error {
	if got := masked(sum); got != e.crc {
		return b.damaged(b.dataPath(e.shard), e.Name, "data checksum differs at byte %d: %08x is written, the data give %08x", e.offset, e.crc, got)
	}
	return nil
}

// masked is how TensorFlow stores a sum.
func masked(crc uint32) uint32 { return (crc>>15 | crc<<17) + 0xa282ead8 }

// join puts a tensor together that was saved in slices: all of it, each value
// once.
func (b *Bundle) join(e Entry, size int) ([]byte, error) {
	var parts []slice
	var entries []Entry
	total := int64(0)
	for i, s := range e.slices {
		resolved, ok := s.resolve(e.Shape)
		part, there := b.entries[s.key(e.Name)]
		switch {
		case !ok:
			return nil, b.damaged(b.indexPath(), e.Name, "slice %d lies outside of its shape %v", i, e.Shape)
		case !there:
			return nil, b.damaged(b.indexPath(), e.Name, "the index lacks slice %d of %d", i, len(e.slices))
		case part.DType != e.DType || len(part.slices) > 0 || part.size != resolved.elements()*int64(size):
			return nil, b.damaged(b.indexPath(), e.Name, "slice %d is no part of it: %s%v", i, part.DType, part.Shape)
		}
		for _, other := range parts {
			if resolved.overlaps(other) {
				return nil, b.damaged(b.indexPath(), e.Name, "slice %d overlaps another", i)
			}
		}
		part.Name = e.Name
		parts, entries, total = append(parts, resolved), append(entries, part), total+resolved.elements()
	}
	if total != e.Elements() {
		return nil, b.damaged(b.indexPath(), e.Name, "its slices hold %d of its %d values", total, e.Elements())
	}
	var out []byte
	for i, part := range entries {
		data, err := b.verified(part)
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = make([]byte, total*int64(size))
		}
		parts[i].place(out, data, e.Shape, size)
	}
	return out, nil
}

// Floats is a tensor of floats of any width, as float32.
func (b *Bundle) Floats(name string) ([]float32, error) {
	raw, err := b.Bytes(name)
	if err != nil {
		return nil, err
	}
	e := b.entries[name]
	read, ok := map[DType]func(i int) float32{
		Float32:  func(i int) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])) },
		Float64:  func(i int) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))) },
		BFloat16: func(i int) float32 { return math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*i:])) << 16) },
		Float16:  func(i int) float32 { return float16.Frombits(binary.LittleEndian.Uint16(raw[2*i:])).Float32() },
	}[e.DType]
	if !ok {
		return nil, &VersionError{Path: b.indexPath(), Tensor: name, Cause: fmt.Sprintf("its type is %s; want floats", e.DType)}
	}
	values := make([]float32, e.Elements())
	for i := range values {
		values[i] = read(i)
	}
	return values, nil
}

// Int is a scalar of int32 or int64.
func (b *Bundle) Int(name string) (int64, error) {
	raw, err := b.Bytes(name)
	if err != nil {
		return 0, err
	}
	e := b.entries[name]
	switch {
	case e.DType == Int64 && len(raw) == 8:
		return int64(binary.LittleEndian.Uint64(raw)), nil
	case e.DType == Int32 && len(raw) == 4:
		return int64(int32(binary.LittleEndian.Uint32(raw))), nil
	}
	return 0, &VersionError{Path: b.indexPath(), Tensor: name, Cause: fmt.Sprintf("it is %s%v; want a single integer", e.DType, e.Shape)}
}
