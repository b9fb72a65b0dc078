package blob

import (
	"os"
	"sync"
)

// Cache keeps ranges of objects on a disk of this machine, for those who read them
// again and again, until they take half of the process's scratch space or the disk
// is full. What came first stays: who reads everything in turn gains most from a
// part that is always there. Its memory is some 100 bytes a range. It is safe for
// concurrent use; nil keeps nothing.
type Cache struct {
	mu   sync.Mutex
	file *os.File
	at   map[span]int64
	end  int64
	full bool
}

// span is a range of an object.
type span struct {
	name string
	at   int64
	n    int
}

// NewCache keeps nothing yet.
func NewCache() *Cache { return &Cache{at: map[span]int64{}} }

// Get fills p with what is kept of the object from at on; false is that it is not.
func (c *Cache) Get(name string, at int64, p []byte) bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	from, ok := c.at[span{name, at, len(p)}]
	file := c.file
	c.mu.Unlock()
	if !ok {
		return false
	}
	n, _ := file.ReadAt(p, from)
	return n == len(p)
}

// Put keeps what the object has from at on, if there is room.
func (c *Cache) Put(name string, at int64, p []byte) {
	if c == nil || len(p) == 0 {
		return
	}
	key := span{name, at, len(p)}
	from, ok := c.reserve(key)
	if !ok {
		return
	}
	_, err := c.file.WriteAt(p, from)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.full = true
		return
	}
	c.at[key] = from
}

// reserve makes room for a range; false is that there is none.
func (c *Cache) reserve(key span) (from int64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.at[key]; known || c.full {
		return 0, false
	}
	if c.file == nil {
		f, err := os.CreateTemp("", "retort-cache-*")
		if err != nil {
			c.full = true
			return 0, false
		}
		_ = os.Remove(f.Name()) // so that it goes with the process, where the system can do that
		c.file = f
	}
	if !tryScratch(int64(key.n)) {
		c.full = true
		return 0, false
	}
	from = c.end
	c.end += int64(key.n)
	return from, true
}

// tryScratch takes n bytes for something that can do without.
func tryScratch(n int64) bool {
	for {
		used := scratchUsed.Load()
		if used+n > scratchMost/2 {
			return false
		}
		if scratchUsed.CompareAndSwap(used, used+n) {
			return true
		}
	}
}

// Drop forgets a range, for one that was damaged.
func (c *Cache) Drop(name string, at int64, n int) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.at, span{name, at, n})
}

// Close gives the space back. Nobody may read meanwhile.
func (c *Cache) Close() {
	if c == nil || c.file == nil {
		return
	}
	c.file.Close()
	_ = os.Remove(c.file.Name())
	scratchUsed.Add(-c.end)
	c.file, c.at, c.full = nil, nil, true
}
