package kernels

import (
	"math/bits"
	"sync"
	"unsafe"
)

// scratch is working memory that outlives one call: buffers are kept by size
// class, so that steady calls allocate nothing.
type buffer[T any] struct{ data []T }

type scratch[T any] struct{ classes [48]sync.Pool }

var (
	floats  scratch[float32]
	offsets scratch[int]
)

// get returns a buffer of n elements with undefined contents, its first
// element on a cache line.
func (s *scratch[T]) get(n int) *buffer[T] {
	class := bits.Len(uint(max(n, 64) - 1))
	b, _ := s.classes[class].Get().(*buffer[T])
	if b == nil {
		b = &buffer[T]{data: aligned[T](1 << class)}
	}
	b.data = b.data[:n]
	return b
}

func (s *scratch[T]) put(b *buffer[T]) {
	b.data = b.data[:cap(b.data)]
	s.classes[bits.Len(uint(cap(b.data)-1))].Put(b)
}

// aligned returns n elements that start on a cache line.
func aligned[T any](n int) []T {
	const line = 64
	var zero T
	size := int(unsafe.Sizeof(zero))
	all := make([]T, n+line/size)
	skip := 0
	if r := int(uintptr(unsafe.Pointer(&all[0])) % line); r != 0 {
		skip = (line - r) / size
	}
	return all[skip : skip+n : skip+n]
}
