package views

import (
	"slices"
	"sync"

	"github.com/retort-ml/retort/internal/workpool"
	"github.com/retort-ml/retort/io/tfrecord"
)

// turns writes the records of a file one at a time. A file system lets only one
// core write a file; a core that finds another one writing leaves its record to
// it, and makes the next one meanwhile.
type turns struct {
	file  *tfrecord.Placed
	write sync.Mutex // held by the one who writes

	mu   sync.Mutex
	made []frame // and not yet written
}

// frame is a record with room for its frame.
type frame struct {
	place int
	bytes []byte
}

// put takes a record, and returns memory for the next one. An error is that of
// any record.
func (t *turns) put(f frame) (spare []byte, err error) {
	if t.push(f) {
		t.write.Lock()
	} else if !t.write.TryLock() {
		return take(), nil
	}
	for {
		spare, err = t.writeAll(spare, err)
		// whoever came between the last pop and now relies on us
		if t.empty() || !t.write.TryLock() {
			return spare, err
		}
	}
}

// writeAll writes what waits, unless there was an error, and lets go of write, also
// when it panics: others may be waiting for it.
func (t *turns) writeAll(spare []byte, err error) ([]byte, error) {
	defer t.write.Unlock()
	for f, ok := t.pop(); ok; f, ok = t.pop() {
		if err == nil {
			err = t.file.Write(f.place, f.bytes)
		}
		give(spare)
		spare = f.bytes
	}
	return spare, err
}

// push reports whether so many records wait that the caller should, too.
func (t *turns) push(f frame) (many bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.made = append(t.made, f)
	return len(t.made) > workpool.Size()
}

func (t *turns) pop() (f frame, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.made) == 0 {
		return f, false
	}
	f = t.made[0]
	t.made = slices.Delete(t.made, 0, 1)
	return f, true
}

func (t *turns) empty() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.made) == 0
}

// buffers are the memory of records, from shard to shard.
var buffers sync.Pool

func take() []byte {
	if b, ok := buffers.Get().(*[]byte); ok {
		return *b
	}
	return nil
}

func give(b []byte) {
	if b != nil {
		buffers.Put(&b)
	}
}
