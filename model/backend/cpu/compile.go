package cpu

import (
	"fmt"
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/pkg/errors"
)

// step is one kernel of a program.
type step struct {
	op    string
	reads []int // slots
	// writes are the slots that the step fills.
	writes []int
	// reuse are slots read by the step whose memory writes[0] may take over:
	// the step reads element i of them before it writes element i.
	reuse []int
	// bind returns the work of the step on a frame.
	bind  func(fr *frame) func()
	what  string  // operands' shapes, for profiles
	flops float64 // of a convolution or a product
}

// slot is one value that has memory.
type slot struct {
	bytes int
	mem   *block // of a constant
	input int    // index of the input, or -1
}

// compiler turns a graph into a program.
type compiler struct {
	backend *backend
	g       *graph
	uses    map[*node][]*node // of each root
	inlined []bool
	slotOf  []int // by node id; -1 while there is none
	slots   []slot
	steps   []step
	results map[*node][]int // slots of operations with several results
}

// isView says whether an operation's result is its operand's memory.
func isView(op compute.OpType) bool {
	switch op {
	case compute.OpTypeReshape, compute.OpTypeBitcast, compute.OpTypeIdentity,
		compute.OpTypeOptimizationBarrier, compute.OpTypeSchedulingBarrier:
		return true
	}
	return false
}

// root follows views to the value that has the memory.
func root(n *node) *node {
	for isView(n.op) {
		n = n.inputs[0]
	}
	return n
}

func compileFunction(b *backend, f *function) (*program, error) {
	g := importGraph(f)
	g.foldConstants(b)
	g.order()
	if b.unfused {
		return compileGraph(b, g)
	}
	for _, rewrite := range []func(){g.recogniseConvs, g.fuseNorms, g.computeNormsAgain, g.takeMomentsInConvs} {
		rewrite()
		g.order()
	}
	if b.bytes {
		if used := g.useBytes(); used.Convolutions > 0 {
			b.int8Use.Store(&used)
		}
	}
	return compileGraph(b, g)
}

func compileGraph(b *backend, g *graph) (*program, error) {
	c := &compiler{backend: b, g: g, uses: g.uses(), results: map[*node][]int{}}
	c.inlined = make([]bool, len(g.nodes))
	if !b.unfused {
		c.decideInlining()
	}
	c.slotOf = make([]int, len(g.nodes))
	for i := range c.slotOf {
		c.slotOf[i] = -1
	}
	for i, n := range g.inputs {
		c.slotOf[n.id] = c.addSlot(slot{bytes: byteSize(n.shape), input: i})
	}
	for _, n := range g.nodes {
		if !c.inlined[n.id] && !isView(n.op) {
			if err := c.lower(n); err != nil {
				return nil, err
			}
		}
	}
	return c.finish()
}

func (c *compiler) addSlot(s slot) int {
	c.slots = append(c.slots, s)
	return len(c.slots) - 1
}

// slot is where the value of n lies; n is lowered already.
func (c *compiler) slot(n *node) int {
	r := root(n)
	if c.slotOf[r.id] < 0 {
		panic(errors.Errorf("%s (%s) is used before it is computed", r.op, r.shape))
	}
	return c.slotOf[r.id]
}

// newSlot gives n memory.
func (c *compiler) newSlot(n *node) int {
	c.slotOf[n.id] = c.temporary(byteSize(n.shape))
	return c.slotOf[n.id]
}

// temporary is memory that a step needs beside its results.
func (c *compiler) temporary(bytes int) int { return c.addSlot(slot{bytes: bytes, input: -1}) }

func (c *compiler) emit(s step) { c.steps = append(c.steps, s) }

// describe says what the step last emitted is about.
func (c *compiler) describe(n *node, flops float64) {
	s := &c.steps[len(c.steps)-1]
	s.flops = flops
	for i, in := range n.inputs {
		if i > 0 {
			s.what += " "
		}
		s.what += fmt.Sprint(in.shape.Dimensions)
	}
	s.what += fmt.Sprint(" -> ", n.shape.Dimensions)
}

func (c *compiler) lower(n *node) error {
	switch n.op {
	case compute.OpTypeParameter, compute.OpTypeCapturedValue:
		return nil
	case compute.OpTypeConstant:
		c.slotOf[n.id] = c.addSlot(slot{bytes: byteSize(n.shape), mem: n.attr.(*literal).mem, input: -1})
		return nil
	case opResult:
		c.slotOf[n.id] = c.results[n.inputs[0]][n.attr.(int)]
		return nil
	}
	def, ok := operations[n.op]
	if !ok || def.lower == nil {
		return errors.Wrapf(compute.ErrNotImplemented, "operation %s", n.op)
	}
	if err := def.lower(c, n); err != nil {
		return errors.WithMessagef(err, "%s -> %s", n.op, n.shape)
	}
	if len(c.steps) > 0 {
		c.describe(n, flopsOf(n))
	}
	return nil
}

// flopsOf counts the additions and multiplications of what has many.
func flopsOf(n *node) float64 {
	switch a := n.attr.(type) {
	case convStep:
		return a.geometry.FLOPs()
	case byteStep:
		return a.geometry.FLOPs()
	case dotAttr:
		return 2 * float64(a.batch*a.m) * float64(a.n) * float64(a.k)
	}
	return 0
}

// resultSlots gives each result of n memory.
func (c *compiler) resultSlots(n *node) []int {
	list := make([]int, len(n.results))
	for i, s := range n.results {
		list[i] = c.temporary(byteSize(s))
	}
	c.results[n] = list
	return list
}

// finish gives outputs memory of their own and plans the rest.
func (c *compiler) finish() (*program, error) {
	p := &program{backend: c.backend, fn: c.g.fn, steps: c.steps, slots: c.slots}
	for _, n := range c.g.inputs {
		p.inputs = append(p.inputs, n.shape)
		p.inputSlots = append(p.inputSlots, c.slotOf[n.id])
	}
	taken := map[int]bool{}
	for _, n := range c.g.outputs {
		s := c.slot(n)
		if c.slots[s].input >= 0 || c.slots[s].mem != nil || taken[s] {
			s = c.copyOf(s)
		}
		taken[s] = true
		p.outputs = append(p.outputs, n.shape)
		p.outputSlots = append(p.outputSlots, s)
	}
	p.steps, p.slots = c.steps, c.slots
	p.plan()
	return p, nil
}

// copyOf adds a step that copies a slot.
func (c *compiler) copyOf(src int) int {
	n := c.slots[src].bytes
	dst := c.temporary(n)
	c.emit(step{op: "copy", reads: []int{src}, writes: []int{dst}, reuse: []int{src}, bind: func(fr *frame) func() {
		return func() { copyBytes(fr.ptr[dst], fr.ptr[src], n) }
	}})
	return dst
}

// f32 is the tensor in slot s as float32 values.
func (fr *frame) f32(s, n int) []float32 { return view[float32](fr.ptr[s], n) }

// copyBytes copies n bytes, in this goroutine: memory is the limit, not a core.
func copyBytes(dst, src unsafe.Pointer, n int) {
	if dst != src {
		copy(view[byte](dst, n), view[byte](src, n))
	}
}
