package cpu

import (
	"runtime"
	"testing"
	"time"
)

// TestArenasLieOutsideTheHeap: they are zeroed, do not count as heap, and are
// unmapped when nobody needs them, also where the heap alone gives the
// collector no reason to run.
func TestArenasLieOutsideTheHeap(t *testing.T) {
	const size = 64 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	a := newArena(size)
	runtime.ReadMemStats(&after)
	if grown := after.HeapSys - before.HeapSys; after.TotalAlloc-before.TotalAlloc > size/2 {
		t.Errorf("an arena of %d bytes lies in the heap, which grew by %d", size, grown)
	}
	for i, v := range view[byte](a.p, size) {
		if v != 0 {
			t.Fatalf("byte %d of a new arena is %d", i, v)
		}
	}
	runtime.KeepAlive(a)
	for range 40 {
		clear(view[byte](newArena(size).p, 4096))
	}
	for wait := time.Now(); ; time.Sleep(time.Millisecond) {
		arenas.mu.Lock()
		mapped := arenas.mapped
		arenas.mu.Unlock()
		if mapped <= 20*size {
			return
		}
		if time.Since(wait) > 10*time.Second {
			t.Fatalf("%d bytes of dead arenas are still mapped", mapped)
		}
	}
}
