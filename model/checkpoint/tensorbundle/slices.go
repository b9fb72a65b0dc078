package tensorbundle

import (
	"math/bits"
	"strings"
)

// slice is a part of a tensor: an extent for each axis.
type slice []extent

// extent is a range of an axis.
type extent struct{ start, length int64 }

// whole is the length of an extent that is all of its axis.
const whole = -1

// key is the index's key of a slice of a tensor: in TensorFlow's OrderedCode 0,
// the name, the rank, and start and length of each axis.
func (s slice) key(name string) string {
	key := append([]byte{0}, strings.NewReplacer("\x00", "\x00\xff", "\xff", "\xff\x00").Replace(name)...)
	key = append(key, 0, 1)
	key = appendUnsigned(key, uint64(len(s)))
	for _, x := range s {
		key = appendSigned(appendSigned(key, x.start), x.length)
	}
	return string(key)
}

// appendUnsigned: the number of bytes, and these, the highest first.
func appendUnsigned(key []byte, n uint64) []byte {
	count := (bits.Len64(n) + 7) / 8
	key = append(key, byte(count))
	for i := count - 1; i >= 0; i-- {
		key = append(key, byte(n>>(8*i)))
	}
	return key
}

// appendSigned: in as many bytes as it has groups of seven bits with the sign;
// as many leading bits are turned over.
func appendSigned(key []byte, n int64) []byte {
	magnitude := uint64(n)
	if n < 0 {
		magnitude = ^magnitude
	}
	length := bits.Len64(magnitude)/7 + 1
	var full [10]byte
	for i := range full {
		shift := 8 * (len(full) - 1 - i)
		full[i] = byte(n >> min(shift, 63))
	}
	out := full[len(full)-length:]
	for i := range length {
		out[i/8] ^= 0x80 >> (i % 8)
	}
	return append(key, out...)
}

// resolve gives extents of whole axes their lengths, and says whether the slice
// lies within the shape.
func (s slice) resolve(shape []int) (slice, bool) {
	if len(s) != len(shape) {
		return nil, false
	}
	out := make(slice, len(s))
	for i, x := range s {
		if x.length == whole {
			x.length = int64(shape[i])
		}
		if x.start < 0 || x.length < 0 || x.start > int64(shape[i])-x.length {
			return nil, false
		}
		out[i] = x
	}
	return out, true
}

func (s slice) elements() int64 {
	n := int64(1)
	for _, x := range s {
		n *= x.length
	}
	return n
}

// overlaps says whether two slices of a tensor share a value.
func (s slice) overlaps(other slice) bool {
	for i, x := range s {
		o := other[i]
		if x.start >= o.start+o.length || o.start >= x.start+x.length {
			return false
		}
	}
	return s.elements() > 0 && other.elements() > 0
}

// place copies a slice's bytes, values of a size, to where they belong in the
// tensor.
func (s slice) place(to, from []byte, shape []int, size int) {
	if len(from) == 0 {
		return
	}
	if len(s) == 0 {
		copy(to, from)
		return
	}
	run := int(s[len(s)-1].length) * size
	at := make([]int64, len(s))
	for ; len(from) > 0; from = from[run:] {
		offset := int64(0)
		for i, x := range s {
			offset = offset*int64(shape[i]) + x.start + at[i]
		}
		copy(to[offset*int64(size):], from[:run])
		for i := len(s) - 2; i >= 0; i-- {
			if at[i]++; at[i] < s[i].length {
				break
			}
			at[i] = 0
		}
	}
}
