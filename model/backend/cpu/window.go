package cpu

import (
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/pkg/errors"

	"github.com/retort-ml/retort/internal/workpool"
	"github.com/retort-ml/retort/model/backend/cpu/internal/kernels"
)

// windowPlan slides a window over a tensor of any rank.
type windowPlan struct {
	windowAttr
	in, out    []int
	inStrides  []int
	outStrides []int
}

func planWindow(a windowAttr, in, out []int) *windowPlan {
	return &windowPlan{a, in, out, rowMajor(in), rowMajor(out)}
}

// visit calls fn with the position of every input element in window o, in
// row-major order.
func (p *windowPlan) visit(o int, fn func(at int)) { p.visitAxis(0, o, 0, fn) }

func (p *windowPlan) visitAxis(k, o, base int, fn func(at int)) {
	if k == len(p.in) {
		fn(base)
		return
	}
	first := o/p.outStrides[k]%p.out[k]*p.strides[k] - p.padding[k][0]
	for t := range p.window[k] {
		pos := first + t*p.windowStride[k]
		if pos < 0 || pos%p.inputDilation[k] != 0 || pos/p.inputDilation[k] >= p.in[k] {
			continue
		}
		p.visitAxis(k+1, o, base+pos/p.inputDilation[k]*p.inStrides[k], fn)
	}
}

// pooling is the window as pooling over NHWC images, if it is that.
func (p *windowPlan) pooling() (kernels.Pool, bool) {
	if len(p.in) != 4 || !ones(p.inputDilation) || !ones(p.windowStride) || size(p.in) == 0 || size(p.out) == 0 {
		return kernels.Pool{}, false
	}
	for _, k := range []int{0, 3} {
		if p.window[k] != 1 || p.strides[k] != 1 || p.padding[k] != [2]int{} {
			return kernels.Pool{}, false
		}
	}
	return kernels.Pool{N: p.in[0], H: p.in[1], W: p.in[2], C: p.in[3], KH: p.window[1], KW: p.window[2],
		OH: p.out[1], OW: p.out[2], StrideH: p.strides[1], StrideW: p.strides[2],
		PadT: p.padding[1][0], PadL: p.padding[2][0]}, true
}

func lowerReduceWindow(c *compiler, n *node) error {
	a, dtype := n.attr.(windowAttr), n.shape.DType
	p := planWindow(a, n.inputs[0].shape.Dimensions, n.shape.Dimensions)
	src, dst := c.slot(n.inputs[0]), c.newSlot(n)
	st := step{op: "ReduceWindow", reads: []int{src}, writes: []int{dst}}
	ins, outs := size(p.in), size(p.out)
	pool, isPool := p.pooling()
	if isPool && dtype == dtypes.Float32 && (a.reduce == compute.OpTypeReduceMax || a.reduce == compute.OpTypeReduceSum) {
		st.bind = func(fr *frame) func() {
			return func() {
				if a.reduce == compute.OpTypeReduceMax {
					kernels.MaxPoolForward(fr.f32(dst, outs), fr.f32(src, ins), pool)
					return
				}
				kernels.SumPoolForward(fr.f32(dst, outs), fr.f32(src, ins), pool, 1)
			}
		}
		c.emit(st)
		return nil
	}
	fn := windowReducer(a.reduce, dtype)
	if fn == nil {
		return errors.Wrapf(compute.ErrNotImplemented, "ReduceWindow of %s", dtype)
	}
	const per = 256
	st.bind = func(fr *frame) func() {
		body := func(i int) { fn(p, fr.ptr[dst], fr.ptr[src], i*per, min(outs, (i+1)*per)) }
		return func() { workpool.For((outs+per-1)/per, body) }
	}
	c.emit(st)
	return nil
}

// windowFn computes outputs [from, to).
type windowFn func(p *windowPlan, dst, src unsafe.Pointer, from, to int)

func windowReducer(op compute.OpType, dtype dtypes.DType) windowFn {
	return byNumber(dtype, windowOf[int8](op, dtype), windowOf[int16](op, dtype), windowOf[int32](op, dtype), windowOf[int64](op, dtype),
		windowOf[uint8](op, dtype), windowOf[uint16](op, dtype), windowOf[uint32](op, dtype), windowOf[uint64](op, dtype),
		windowOf[float32](op, dtype), windowOf[float64](op, dtype))
}

// windowOf reduces the elements of each window with the reducer of whole
// tensors; an empty window gives that of nothing.
func windowOf[T number](op compute.OpType, dtype dtypes.DType) windowFn {
	return func(p *windowPlan, dst, src unsafe.Pointer, from, to int) {
		reduce := reducerOf(op, dtype)
		x, y := view[T](src, size(p.in)), view[T](dst, to)
		values := make([]T, 0, size(p.window))
		for o := from; o < to; o++ {
			values = values[:0]
			p.visit(o, func(at int) { values = append(values, x[at]) })
			all := pattern{dims: []int{len(values)}, strides: []int{1}}
			reduce(unsafe.Pointer(&y[o]), unsafe.Pointer(unsafe.SliceData(values)), pattern{}, all, len(values), 0, 1)
		}
	}
}

func lowerSelectAndScatter(c *compiler, n *node) error {
	a, dtype := n.attr.(windowAttr), n.shape.DType
	p := planWindow(a, n.inputs[0].shape.Dimensions, n.inputs[1].shape.Dimensions)
	x, dy, dx := c.slot(n.inputs[0]), c.slot(n.inputs[1]), c.newSlot(n)
	ins, outs := size(p.in), size(p.out)
	st := step{op: n.op.String(), reads: []int{x, dy}, writes: []int{dx}}
	pool, isPool := p.pooling()
	if isPool && dtype == dtypes.Float32 && a.reduce == compute.OpTypeReduceMax {
		st.bind = func(fr *frame) func() {
			return func() { kernels.MaxPoolGrad(fr.f32(dx, ins), fr.f32(dy, outs), fr.f32(x, ins), pool) }
		}
		c.emit(st)
		return nil
	}
	isMin := a.reduce == compute.OpTypeReduceMin
	fn := byNumber(dtype, selectOf[int8](p, isMin), selectOf[int16](p, isMin), selectOf[int32](p, isMin), selectOf[int64](p, isMin),
		selectOf[uint8](p, isMin), selectOf[uint16](p, isMin), selectOf[uint32](p, isMin), selectOf[uint64](p, isMin),
		selectOf[float32](p, isMin), selectOf[float64](p, isMin))
	if fn == nil {
		return errors.Wrapf(compute.ErrNotImplemented, "%s of %s", n.op, dtype)
	}
	st.bind = func(fr *frame) func() { return func() { fn(fr.ptr[dx], fr.ptr[x], fr.ptr[dy]) } }
	c.emit(st)
	return nil
}

// selectOf adds each element of dy to where the first extremum of its window
// lies. It is serial: windows may overlap.
func selectOf[T number](p *windowPlan, isMin bool) func(dx, x, dy unsafe.Pointer) {
	return func(dx, x, dy unsafe.Pointer) {
		d, v, g := view[T](dx, size(p.in)), view[T](x, size(p.in)), view[T](dy, size(p.out))
		clear(d)
		for o := range g {
			best := -1
			p.visit(o, func(at int) {
				if best < 0 || isMin && v[at] < v[best] || !isMin && v[at] > v[best] || v[at] != v[at] && v[best] == v[best] {
					best = at
				}
			})
			if best >= 0 {
				d[best] += g[o]
			}
		}
	}
}
