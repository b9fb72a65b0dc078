package cpu

import (
	"sort"
	"unsafe"
)

// callee is a compiled function and where its operands lie in the caller.
type callee struct {
	program  *program
	captured []int // slots of the caller
}

// callees compiles the functions that n calls.
func (c *compiler) callees(n *node) ([]callee, []int, error) {
	attr := n.attr.(callAttr)
	slots := c.slotsOf(n.inputs)
	rest := slots[attr.args:]
	var list []callee
	for _, g := range attr.fns {
		p, err := compileFunction(c.backend, g)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, callee{p, rest[:len(g.captured)]})
		rest = rest[len(g.captured):]
	}
	return list, slots, nil
}

// call runs the function with its operands and results at the given places.
func (e callee) call(fr, inner *frame, args, results []unsafe.Pointer) {
	p := e.program
	for i, a := range args {
		inner.ptr[p.inputSlots[i]] = a
	}
	for i, s := range e.captured {
		inner.ptr[p.inputSlots[len(args)+i]] = fr.ptr[s]
	}
	for i, r := range results {
		inner.ptr[p.outputSlots[i]] = r
	}
	inner.run()
}

func (fr *frame) pointers(slots []int, into []unsafe.Pointer) []unsafe.Pointer {
	into = into[:0]
	for _, s := range slots {
		into = append(into, fr.ptr[s])
	}
	return into
}

func lowerCall(c *compiler, n *node) error {
	fns, slots, err := c.callees(n)
	if err != nil {
		return err
	}
	args := slots[:n.attr.(callAttr).args]
	out := c.resultSlots(n)
	c.emit(step{op: "Call", reads: slots, writes: out, bind: func(fr *frame) func() {
		inner := fns[0].program.newFrame()
		return func() { fns[0].call(fr, inner, fr.pointers(args, nil), fr.pointers(out, nil)) }
	}})
	return nil
}

func lowerIf(c *compiler, n *node) error {
	fns, slots, err := c.callees(n)
	if err != nil {
		return err
	}
	out := c.resultSlots(n)
	c.emit(step{op: "If", reads: slots, writes: out, bind: func(fr *frame) func() {
		inner := []*frame{fns[0].program.newFrame(), fns[1].program.newFrame()}
		return func() {
			branch := 1
			if *(*bool)(fr.ptr[slots[0]]) {
				branch = 0
			}
			fns[branch].call(fr, inner[branch], nil, fr.pointers(out, nil))
		}
	}})
	return nil
}

// lowerWhile keeps the state in the results, and the next one beside it.
func lowerWhile(c *compiler, n *node) error {
	fns, slots, err := c.callees(n)
	if err != nil {
		return err
	}
	state := slots[:n.attr.(callAttr).args]
	out := c.resultSlots(n)
	flag := c.temporary(1)
	next := make([]int, len(out))
	for i, s := range n.results {
		next[i] = c.temporary(byteSize(s))
	}
	writes := append(append(append([]int{}, out...), next...), flag)
	c.emit(step{op: "While", reads: slots, writes: writes, bind: func(fr *frame) func() {
		cond, body := fns[0].program.newFrame(), fns[1].program.newFrame()
		return func() {
			move := func(dst, src []int) {
				for i := range dst {
					copyBytes(fr.ptr[dst[i]], fr.ptr[src[i]], byteSize(n.results[i]))
				}
			}
			move(out, state)
			test := []unsafe.Pointer{fr.ptr[flag]}
			for {
				fns[0].call(fr, cond, fr.pointers(out, nil), test)
				if !*(*bool)(fr.ptr[flag]) {
					return
				}
				fns[1].call(fr, body, fr.pointers(out, nil), fr.pointers(next, nil))
				move(out, next)
			}
		}
	}})
	return nil
}

// lowerSort sorts the positions of each line, then moves the elements.
func lowerSort(c *compiler, n *node) error {
	fns, slots, err := c.callees(n)
	if err != nil {
		return err
	}
	attr := n.attr.(callAttr)
	in, out := slots[:attr.args], c.resultSlots(n)
	l := linesOf(n.results[0].Dimensions, attr.sort.axis)
	flag := c.temporary(1)
	c.emit(step{op: "Sort", reads: slots, writes: append(append([]int{}, out...), flag), bind: func(fr *frame) func() {
		s := &sorter{fr: fr, fn: fns[0], inner: fns[0].program.newFrame(), in: in, flag: flag, order: make([]int, l.n)}
		for _, shape := range n.results {
			s.sizes = append(s.sizes, shape.DType.Size())
		}
		return func() {
			for o := range l.outer {
				for i := range l.inner {
					s.line(o*l.n*l.inner+i, l.inner)
					s.move(out)
				}
			}
		}
	}})
	return nil
}

// sorter sorts lines with a comparator.
type sorter struct {
	fr           *frame
	fn           callee
	inner        *frame
	in           []int
	sizes        []int
	flag         int
	order        []int
	base, stride int
	args         []unsafe.Pointer
}

func (s *sorter) at(tensor, i int) unsafe.Pointer {
	return unsafe.Add(s.fr.ptr[s.in[tensor]], (s.base+i*s.stride)*s.sizes[tensor])
}

func (s *sorter) line(base, stride int) {
	s.base, s.stride = base, stride
	for i := range s.order {
		s.order[i] = i
	}
	sort.SliceStable(s.order, func(a, b int) bool {
		s.args = s.args[:0]
		for _, i := range []int{s.order[a], s.order[b]} {
			for t := range s.in {
				s.args = append(s.args, s.at(t, i))
			}
		}
		s.fn.call(s.fr, s.inner, s.args, []unsafe.Pointer{s.fr.ptr[s.flag]})
		return *(*bool)(s.fr.ptr[s.flag])
	})
}

func (s *sorter) move(out []int) {
	for t, dst := range out {
		for i, from := range s.order {
			to := unsafe.Add(s.fr.ptr[dst], (s.base+i*s.stride)*s.sizes[t])
			copy(view[byte](to, s.sizes[t]), view[byte](s.at(t, from), s.sizes[t]))
		}
	}
}
