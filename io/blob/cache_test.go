package blob

import (
	"bytes"
	"sync"
	"testing"
)

func TestCache(t *testing.T) {
	defer func(most int64) { scratchMost = most }(scratchMost)
	before := scratchUsed.Load()
	scratchMost = 2 * (before + 100)
	c := NewCache()
	part := func(n byte) []byte { return bytes.Repeat([]byte{n}, 30) }
	var all sync.WaitGroup
	for n := range byte(3) {
		all.Go(func() { c.Put("a", int64(n), part(n)); c.Put("a", int64(n), part(n)) })
	}
	all.Wait()
	for n := range byte(3) {
		got := make([]byte, 30)
		if !c.Get("a", int64(n), got) || !bytes.Equal(got, part(n)) {
			t.Errorf("part %d: %v", n, got)
		}
	}
	c.Put("b", 0, part(9)) // beyond the bound
	for _, miss := range []span{{"b", 0, 30}, {"a", 5, 30}, {"a", 0, 29}} {
		if c.Get(miss.name, miss.at, make([]byte, miss.n)) {
			t.Errorf("%v is not kept", miss)
		}
	}
	c.Drop("a", 1, 30)
	if c.Get("a", 1, make([]byte, 30)) {
		t.Error("it was dropped")
	}
	if used := scratchUsed.Load() - before; used != 90 {
		t.Errorf("%d bytes counted", used)
	}
	c.Close()
	if used := scratchUsed.Load() - before; used != 0 {
		t.Errorf("%d bytes counted at the end", used)
	}
	var none *Cache
	none.Put("a", 0, part(1))
	if none.Get("a", 0, part(1)) {
		t.Error("nil keeps nothing")
	}
	none.Close()
}
