package cpu

import (
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/pkg/errors"

	"github.com/retort-ml/retort/internal/workpool"
	"github.com/retort-ml/retort/model/backend/cpu/internal/kernels"
)

// stripFn computes n elements: dst[i] from a[i], b[i] and c[i], of which an
// operation uses as many as it has operands.
type stripFn func(dst, a, b, c unsafe.Pointer, n int)

// strip is the number of elements that a fused kernel computes at a time: its
// registers stay in the first-level cache.
const strip = 2048

// chunk is the number of elements of a task.
const chunk = 16 * strip

// operand is a tensor read by a fused kernel.
type operand struct {
	slot    int
	size    int // bytes of an element
	pattern pattern
	direct  bool // dense: no copy is needed
	reg     int
	hoisted bool // the same for every strip: filled once a task
}

// microOp is one operation of a fused kernel on registers.
type microOp struct {
	fn           stripFn
	dst, a, b, c int
}

// fused is a chain of elementwise operations, computed strip by strip.
type fused struct {
	n        int
	strip    int
	operands []operand
	ops      []microOp
	scratch  []int // registers that need memory, one strip each
	regs     int
	out      int // slot
	outReg   int
	outSize  int
}

// fuser builds a fused kernel from an expression.
type fuser struct {
	c    *compiler
	k    *fused
	regs map[*node]int
}

func lowerElementwise(c *compiler, n *node) error {
	k := &fused{n: n.shape.Size(), strip: strip}
	f := &fuser{c: c, k: k, regs: map[*node]int{}}
	reg, err := f.compute(n)
	if err != nil {
		return err
	}
	k.outReg, k.outSize = reg, n.shape.DType.Size()
	f.finish()
	k.out = c.newSlot(n)
	st := step{op: n.op.String(), writes: []int{k.out}, bind: k.bind}
	for _, o := range k.operands {
		st.reads = append(st.reads, o.slot)
	}
	st.reuse = k.reusable()
	c.emit(st)
	return nil
}

// reusable are the operands that are read directly, and only so.
func (k *fused) reusable() []int {
	var list []int
	for _, o := range k.operands {
		ok := o.direct && o.size == k.outSize
		for _, other := range k.operands {
			ok = ok && (other.slot != o.slot || other.direct)
		}
		if ok {
			list = append(list, o.slot)
		}
	}
	return list
}

// value returns the register that holds n.
func (f *fuser) value(n *node) (int, error) {
	n = root(n)
	if r, ok := f.regs[n]; ok {
		return r, nil
	}
	r, err := 0, error(nil)
	switch {
	case !f.c.inlined[n.id]:
		r = f.read(f.c.slot(n), n.shape.DType.Size(), pattern{dims: []int{f.k.n}, strides: []int{1}})
	case n.op == compute.OpTypeBroadcastInDim:
		r = f.broadcast(n)
	default:
		r, err = f.compute(n)
	}
	f.regs[n] = r
	return r, err
}

// broadcast reads the operand of a broadcast.
func (f *fuser) broadcast(n *node) int {
	return f.read(f.c.slot(n.inputs[0]), n.shape.DType.Size(), broadcastPattern(n))
}

func broadcastPattern(n *node) pattern {
	in := n.inputs[0].shape.Dimensions
	p := pattern{dims: n.shape.Dimensions, strides: make([]int, n.shape.Rank())}
	for i, s := range rowMajor(in) {
		if in[i] != 1 {
			p.strides[n.attr.([]int)[i]] = s
		}
	}
	return p
}

func (f *fuser) read(slot, size int, p pattern) int {
	p = p.merged()
	for _, o := range f.k.operands {
		if o.slot == slot && o.size == size && equalDims(o.pattern.dims, p.dims) &&
			equalDims(o.pattern.strides, p.strides) && o.pattern.start == p.start {
			return o.reg
		}
	}
	r := f.newReg()
	f.k.operands = append(f.k.operands, operand{slot: slot, size: size, pattern: p, direct: p.dense(), reg: r})
	return r
}

func (f *fuser) newReg() int {
	f.k.regs++
	return f.k.regs - 1
}

// compute adds n's own operation.
func (f *fuser) compute(n *node) (int, error) {
	if n.op == compute.OpTypeBroadcastInDim {
		return f.broadcast(n), nil
	}
	args := [3]int{}
	for i, in := range n.inputs {
		r, err := f.value(in)
		if err != nil {
			return 0, err
		}
		args[i] = r
	}
	fn := stripOf(n)
	if fn == nil {
		return 0, errors.Wrapf(compute.ErrNotImplemented, "%s of %s", n.op, n.inputs[0].shape.DType)
	}
	r := f.newReg()
	f.k.ops = append(f.k.ops, microOp{fn, r, args[0], args[1], args[2]})
	return r, nil
}

// stripOf is the kernel of an elementwise operation.
func stripOf(n *node) stripFn {
	in := n.inputs[0].shape.DType
	switch n.op {
	case opReLU:
		return positive
	case opReLUGrad:
		return kernel2(kernels.ReLUGrad)
	case compute.OpTypeWhere:
		return whereStrip(n.shape.DType.Size())
	case compute.OpTypeConvertDType:
		return convertStrip(in, n.shape.DType)
	}
	if len(n.inputs) == 1 {
		return unaryStrip(n.op, in)
	}
	return binaryStrip(n.op, in)
}

// finish chooses the strip's length, hoists what does not change from strip to
// strip, and gives registers their memory.
func (f *fuser) finish() {
	k := f.k
	for _, o := range k.operands {
		if p := o.pattern.period(); p > 0 && p <= strip {
			k.strip = strip / p * p
			break
		}
	}
	for i := range k.operands {
		o := &k.operands[i]
		p := o.pattern.period()
		o.hoisted = o.pattern.scalar() || p > 0 && k.strip%p == 0
		if !o.direct {
			k.scratch = append(k.scratch, o.reg)
		}
	}
	for _, op := range k.ops {
		if op.dst != k.outReg {
			k.scratch = append(k.scratch, op.dst)
		}
	}
}

// maxElem is the widest element, in bytes.
const maxElem = 8

func (k *fused) bind(fr *frame) func() {
	perTask := max(1, chunk/k.strip) * k.strip
	tasks := (k.n + perTask - 1) / perTask
	body := func(i int) { k.task(fr, i*perTask, min(perTask, k.n-i*perTask)) }
	return func() { workpool.For(tasks, body) }
}

// task computes the elements [from, from+n).
func (k *fused) task(fr *frame, from, n int) {
	mem := scratchMemory.get(k.strip*maxElem*len(k.scratch) + len(k.scratch)*align)
	defer scratchMemory.put(mem)
	var regs []unsafe.Pointer
	var fixed [32]unsafe.Pointer
	if k.regs <= len(fixed) {
		regs = fixed[:k.regs]
	} else {
		regs = make([]unsafe.Pointer, k.regs)
	}
	for i, r := range k.scratch {
		regs[r] = unsafe.Add(mem.p, i*(k.strip*maxElem+align))
	}
	for first, at := true, from; at < from+n; first, at = false, at+k.strip {
		m := min(k.strip, from+n-at)
		for i := range k.operands {
			o := &k.operands[i]
			switch {
			case o.direct:
				regs[o.reg] = unsafe.Add(fr.ptr[o.slot], at*o.size)
			case !o.hoisted || first:
				o.pattern.gather(regs[o.reg], fr.ptr[o.slot], at, m, o.size)
			}
		}
		out := unsafe.Add(fr.ptr[k.out], at*k.outSize)
		if len(k.ops) == 0 {
			copy(view[byte](out, m*k.outSize), view[byte](regs[k.outReg], m*k.outSize))
			continue
		}
		regs[k.outReg] = out
		for i := range k.ops {
			op := &k.ops[i]
			op.fn(regs[op.dst], regs[op.a], regs[op.b], regs[op.c], m)
		}
	}
}

// scratchMemory is the memory that tasks work in.
var scratchMemory = newMemoryPool()

// positive is Where(a > 0, a, 0): NaN gives 0, unlike max(a, 0).
func positive(dst, a, _, _ unsafe.Pointer, n int) {
	x := view[float32](a, n)
	kernels.ReLUGrad(view[float32](dst, n), x, x)
}
