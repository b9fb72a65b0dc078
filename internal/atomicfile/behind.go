package atomicfile

import (
	"sync"
	"sync/atomic"
)

// behindStep is how much is written before the system is told to bring it to
// the disk.
const behindStep = 8 << 20

// behind brings a file to the disk while it is being written, so that little is
// left for the sync that ends it.
type behind struct {
	written atomic.Int64 // since the last start
	busy    atomic.Bool
	group   sync.WaitGroup
}

// WriteBehind says that n more bytes were written. Now and then it starts to
// bring the file to the disk, in the background. It promises nothing: Commit
// syncs, and reports what went wrong.
func (w *File) WriteBehind(n int64) {
	b := &w.behind
	if w.direct != nil || b.written.Add(n) < behindStep || !b.busy.CompareAndSwap(false, true) {
		return
	}
	b.written.Store(0)
	b.group.Go(func() {
		defer b.busy.Store(false)
		startWriteback(w.f)
	})
}

func (b *behind) wait() { b.group.Wait() }
