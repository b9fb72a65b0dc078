package cpu

import (
	"runtime"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	mappedBytes = 1 << 20 // the size from which an arena is mapped
	freshBytes  = 1 << 28 // what may be mapped before the collector is asked for dead arenas
)

// arenas counts what is mapped, which the collector knows nothing of.
var arenas struct {
	mu            sync.Mutex
	mapped, fresh int // now, and since the last collection that was asked for
}

// newArena is zeroed memory for the values of one execution, which nothing
// outside the program points into. A large one does not lie in the Go heap: it
// would count as live there, and the collector lets garbage grow to as much
// again. Its pages are large ones where the system has them.
func newArena(size int) *block {
	if size < mappedBytes {
		return newBlock(size)
	}
	collectArenas(size)
	mem, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return newBlock(size)
	}
	_ = unix.Madvise(mem, unix.MADV_HUGEPAGE) // a system without them says no
	b := &block{p: unsafe.Pointer(unsafe.SliceData(mem)), size: size}
	countArena(size)
	runtime.AddCleanup(b, func(mem []byte) {
		countArena(-len(mem))
		_ = unix.Munmap(mem) // it was mapped: there is nothing that could go wrong
	}, mem)
	return b
}

// collectArenas has dead arenas unmapped before as much as is mapped, or
// freshBytes, comes to it: in proportion, as the collector does in its heap.
func collectArenas(size int) {
	arenas.mu.Lock()
	due := arenas.fresh > 0 && arenas.fresh+size > max(freshBytes, arenas.mapped)
	if due {
		arenas.fresh = 0
	}
	arenas.fresh += size
	arenas.mu.Unlock()
	if due {
		runtime.GC()
	}
}

func countArena(bytes int) {
	arenas.mu.Lock()
	arenas.mapped += bytes
	arenas.mu.Unlock()
}
