package tensorbundle

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/retort-ml/retort/internal/crc32c"
)

// Strings is a tensor of strings, in C order, verified. They are stored as
// lengths (varints), the masked sum of the lengths, and all bytes; the entry's
// sum is that of the lengths as fixed numbers, of the stored sum, and of the bytes.
func (b *Bundle) Strings(name string) ([][]byte, error) {
	e, err := b.entry(name)
	if err != nil {
		return nil, err
	}
	if e.DType != String || len(e.slices) > 0 {
		return nil, &VersionError{Path: b.indexPath(), Tensor: name, Cause: fmt.Sprintf("it is %s%v in %d slices; want whole strings", e.DType, e.Shape, len(e.slices))}
	}
	if e.Elements() > e.size { // each has a byte of length at least
		return nil, b.damaged(b.indexPath(), name, "its shape %v does not fit its %d bytes", e.Shape, e.size)
	}
	raw, err := b.raw(e)
	if err != nil {
		return nil, err
	}
	path := b.dataPath(e.shard)
	lengths, sum, at, ok := stringLengths(raw, int(e.Elements()))
	if !ok || len(raw)-at < 4 {
		return nil, b.damaged(path, name, "the lengths of its strings do not parse")
	}
	stored := raw[at : at+4]
	if got := masked(sum); got != binary.LittleEndian.Uint32(stored) {
		return nil, b.damaged(path, name, "the checksum of its strings' lengths differs: %08x is written, they give %08x", binary.LittleEndian.Uint32(stored), got)
	}
	rest := raw[at+4:]
	out := make([][]byte, len(lengths))
	left := rest
	for i, n := range lengths {
		if n > uint64(len(left)) {
			return nil, b.damaged(path, name, "string %d is said to have %d bytes; %d are left", i, n, len(left))
		}
		out[i], left = left[:n:n], left[n:]
	}
	if len(left) > 0 {
		return nil, b.damaged(path, name, "%d bytes follow its last string", len(left))
	}
	return out, b.check(e, crc32c.Update(crc32c.Update(sum, stored), rest))
}

// stringLengths reads n lengths: these, their sum, and where they end.
func stringLengths(raw []byte, n int) (lengths []uint64, sum uint32, at int, ok bool) {
	lengths = make([]uint64, n)
	for i := range lengths {
		length, k := binary.Uvarint(raw[at:])
		if k <= 0 {
			return nil, 0, 0, false
		}
		at += k
		lengths[i] = length
		fixed := binary.LittleEndian.AppendUint32(nil, uint32(length))
		if length > math.MaxUint32 {
			fixed = binary.LittleEndian.AppendUint64(nil, length)
		}
		sum = crc32c.Update(sum, fixed)
	}
	return lengths, sum, at, true
}
