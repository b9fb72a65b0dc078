package cpu

import (
	"math/bits"
	"sync"
	"unsafe"
)

// align is the alignment of every tensor: a cache line, and the widest vector.
const align = 64

func alignUp(n int) int { return (n + align - 1) &^ (align - 1) }

// block is a piece of aligned memory that may be reused.
type block struct {
	p    unsafe.Pointer // aligned; keeps the allocation alive
	size int            // usable bytes
}

// newBlock allocates zeroed memory without pointers.
func newBlock(size int) *block {
	words := make([]uint64, (size+align)/8+1)
	p := unsafe.Pointer(unsafe.SliceData(words))
	shift := -uintptr(p) & (align - 1)
	return &block{p: unsafe.Add(p, shift), size: size}
}

// keptBytes bounds what a pool keeps for reuse.
const keptBytes = 1 << 30

// memoryPool keeps finalised blocks by size class, so that a training step that
// returns fresh outputs allocates none in the steady state.
type memoryPool struct {
	mu   sync.Mutex
	free map[int][]*block
	held int
}

func newMemoryPool() *memoryPool { return &memoryPool{free: map[int][]*block{}} }

// classOf rounds a size up so that at most an eighth of a block is wasted.
func classOf(size int) int {
	if size <= align {
		return align
	}
	step := max(align, 1<<(bits.Len(uint(size-1))-4))
	return (size + step - 1) / step * step
}

// get returns a block of at least size bytes with unspecified contents.
func (m *memoryPool) get(size int) *block {
	class := classOf(size)
	m.mu.Lock()
	if list := m.free[class]; len(list) > 0 {
		b := list[len(list)-1]
		m.free[class] = list[:len(list)-1]
		m.held -= class
		m.mu.Unlock()
		return b
	}
	m.mu.Unlock()
	return newBlock(class)
}

// put gives a block back.
func (m *memoryPool) put(b *block) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held+b.size > keptBytes {
		return
	}
	m.held += b.size
	m.free[b.size] = append(m.free[b.size], b)
}

func (m *memoryPool) drop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.free)
	m.held = 0
}

// view is the n elements at p.
func view[T any](p unsafe.Pointer, n int) []T { return unsafe.Slice((*T)(p), n) }
