package cpu

import (
	"sync"
	"time"
	"unsafe"

	"github.com/gomlx/compute/shapes"
)

// program is a compiled function: steps in the order in which they run, and
// the place of every value.
type program struct {
	backend     *backend
	fn          *function
	steps       []step
	slots       []slot
	inputs      []shapes.Shape
	inputSlots  []int
	outputs     []shapes.Shape
	outputSlots []int
	donor       []int // by output: the input whose memory it may take, or -1
	offset      []int // by slot: its place in the arena, or -1
	arenaBytes  int

	mu   sync.Mutex
	idle []*frame
}

// frame is what one execution of a program needs: where each slot lies, and
// the steps bound to it. Executions at the same time have a frame each.
type frame struct {
	ptr   []unsafe.Pointer // by slot
	arena *block
	runs  []func()
	steps []step // what each of runs is
}

// acquire returns a frame that nobody uses.
func (p *program) acquire() *frame {
	p.mu.Lock()
	if k := len(p.idle); k > 0 {
		fr := p.idle[k-1]
		p.idle = p.idle[:k-1]
		p.mu.Unlock()
		return fr
	}
	p.mu.Unlock()
	return p.newFrame()
}

// release gives a frame back; it drops the pointers to what is not its own.
func (p *program) release(fr *frame) {
	for _, s := range p.inputSlots {
		fr.ptr[s] = nil
	}
	for _, s := range p.outputSlots {
		fr.ptr[s] = nil
	}
	p.mu.Lock()
	p.idle = append(p.idle, fr)
	p.mu.Unlock()
}

func (p *program) newFrame() *frame {
	fr := &frame{ptr: make([]unsafe.Pointer, len(p.slots)), arena: newArena(p.arenaBytes), steps: p.steps}
	for i, s := range p.slots {
		switch {
		case s.mem != nil:
			fr.ptr[i] = s.mem.p
		case p.offset[i] >= 0:
			fr.ptr[i] = unsafe.Add(fr.arena.p, p.offset[i])
		}
	}
	for i := range p.steps {
		fr.runs = append(fr.runs, p.steps[i].bind(fr))
	}
	return fr
}

// observe, if set, hears of every step that ran: for profiles.
var observe func(s *step, d time.Duration)

func (fr *frame) run() {
	if observe != nil {
		fr.observed()
		return
	}
	for _, run := range fr.runs {
		run()
	}
}

func (fr *frame) observed() {
	for i, run := range fr.runs {
		start := time.Now()
		run()
		observe(&fr.steps[i], time.Since(start))
	}
}
