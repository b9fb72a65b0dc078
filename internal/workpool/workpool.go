// Package workpool is the one pool of workers of a Retort process.
//
// Every stage and the CPU engine spread their work through it, so that several
// Beam bundles in one process never run more compute goroutines than there are
// cores. A caller always works on its own items; pool workers only help. No
// goroutine ever waits for an item that nobody has started, so calls may nest
// to any depth without deadlock.
package workpool

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Panic is what For panics with when an item panicked on any goroutine: the
// item's value and the stack where it happened.
type Panic struct {
	Value any
	Stack []byte
}

func (p *Panic) Error() string { return fmt.Sprintf("workpool: %v\n%s", p.Value, p.Stack) }

// region is one call of For. Workers enter it while somebody is inside; the
// last one out tells the caller.
type region struct {
	next    atomic.Int64 // items handed out
	inside  atomic.Int64 // goroutines working on it, the caller among them
	holders atomic.Int64 // tickets still in the channel, plus the caller
	n       int64
	fn      func(i int)
	done    chan struct{}
	failure atomic.Pointer[Panic]
}

// maxWorkers bounds the pool whatever GOMAXPROCS is raised to.
const maxWorkers = 1024

var (
	tickets = make(chan *region, maxWorkers)
	workers atomic.Int64
	regions = sync.Pool{New: func() any { return &region{done: make(chan struct{}, 1)} }}
)

// Size is the number of goroutines that work at once: GOMAXPROCS at the time
// of the call.
func Size() int { return runtime.GOMAXPROCS(0) }

// For calls fn(0) … fn(n-1), spread over the pool, and returns when all have
// returned. Items start in order; on one core they also run in order. If an
// item panics, no further item starts and For panics with a *Panic.
func For(n int, fn func(i int)) {
	if n <= 0 {
		return
	}
	if n == 1 || Size() == 1 {
		for i := range n {
			fn(i)
		}
		return
	}
	grow()
	r := regions.Get().(*region)
	r.n, r.fn = int64(n), fn
	r.next.Store(0)
	r.inside.Store(1)
	r.holders.Store(1)
	r.failure.Store(nil)
	r.invite(min(n, Size()) - 1)
	r.help()
	r.wait()
	p := r.failure.Load()
	r.release()
	if p != nil {
		panic(p)
	}
}

// Each is For over items that can fail: it returns the error of the lowest
// item that failed. No item starts after a failure was seen.
func Each(n int, fn func(i int) error) error {
	var mu sync.Mutex
	var first error
	at := n
	var failed atomic.Bool
	For(n, func(i int) {
		if failed.Load() {
			return
		}
		if err := fn(i); err != nil {
			failed.Store(true)
			mu.Lock()
			defer mu.Unlock()
			if i < at {
				first, at = err, i
			}
		}
	})
	return first
}

// grow starts the workers that Size asks for; the caller of For is one more.
func grow() {
	want := int64(min(Size()-1, maxWorkers))
	for have := workers.Load(); have < want; have = workers.Load() {
		if workers.CompareAndSwap(have, have+1) {
			go work()
		}
	}
}

// patience is how often a goroutine with nothing to do looks for work, or for
// the end of what others do, before it sleeps: some hundred microseconds. The
// operations of a network follow each other faster than the operating system
// wakes a thread.
const patience = 1000

// spins is patience where threads have a core each, else 0: looking would take
// the core from those who work.
func spins() int {
	if Size() > runtime.NumCPU() {
		return 0
	}
	return patience
}

// work is the life of a worker.
func work() {
	for {
		r := next()
		if r.enter() {
			r.help()
		}
		r.release()
	}
}

// next is the next region that wants help.
func next() *region {
	for range spins() {
		select {
		case r := <-tickets:
			return r
		default:
			runtime.Gosched()
		}
	}
	return <-tickets
}

// wait returns when everybody has left the region.
func (r *region) wait() {
	for range spins() {
		if len(r.done) > 0 {
			break
		}
		runtime.Gosched()
	}
	<-r.done
}

// invite offers up to k tickets; when the channel is full, all workers are
// busy anyway and the caller does the work itself.
func (r *region) invite(k int) {
	for range k {
		r.holders.Add(1)
		select {
		case tickets <- r:
		default:
			r.holders.Add(-1)
			return
		}
	}
}

// enter joins the region unless everybody has already left it.
func (r *region) enter() bool {
	for {
		k := r.inside.Load()
		if k == 0 {
			return false
		}
		if r.inside.CompareAndSwap(k, k+1) {
			return true
		}
	}
}

// help runs items until none is left to start, then leaves.
func (r *region) help() {
	for {
		i := r.next.Add(1) - 1
		if i >= r.n {
			break
		}
		r.run(int(i))
	}
	if r.inside.Add(-1) == 0 {
		r.done <- struct{}{}
	}
}

func (r *region) run(i int) {
	defer r.recover()
	if r.failure.Load() == nil {
		r.fn(i)
	}
}

func (r *region) recover() {
	v := recover()
	if v == nil {
		return
	}
	p, ok := v.(*Panic)
	if !ok {
		p = &Panic{Value: v, Stack: debug.Stack()}
	}
	r.failure.CompareAndSwap(nil, p)
}

// release gives the region back once no ticket for it can turn up any more.
func (r *region) release() {
	if r.holders.Add(-1) == 0 {
		r.fn = nil
		regions.Put(r)
	}
}
