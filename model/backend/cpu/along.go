package cpu

import (
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/pkg/errors"

	"github.com/retort-ml/retort/internal/workpool"
)

// alongFn works on one line of n elements, stride elements apart.
type alongFn func(dst, src unsafe.Pointer, n, stride int)

// lines are all the lines of a tensor along one axis.
type lines struct{ outer, n, inner int }

func linesOf(dims []int, axis int) lines {
	return lines{size(dims[:axis]), dims[axis], size(dims[axis+1:])}
}

// lowerArgMinMax: the first extremum wins; a NaN wins over all.
func lowerArgMinMax(c *compiler, n *node) error {
	a, in := n.attr.(argAttr), n.inputs[0].shape
	l, es := linesOf(in.Dimensions, a.axis), in.DType.Size()
	fn := byNumber(in.DType, argOf[int8](a.min), argOf[int16](a.min), argOf[int32](a.min), argOf[int64](a.min),
		argOf[uint8](a.min), argOf[uint16](a.min), argOf[uint32](a.min), argOf[uint64](a.min),
		argOf[float32](a.min), argOf[float64](a.min))
	if fn == nil {
		return errors.Wrapf(compute.ErrNotImplemented, "ArgMinMax of %s", in.DType)
	}
	src, dst := c.slot(n.inputs[0]), c.newSlot(n)
	c.emit(step{op: "ArgMinMax", reads: []int{src}, writes: []int{dst}, bind: func(fr *frame) func() {
		body := func(o int) {
			for i := range l.inner {
				fn(unsafe.Add(fr.ptr[dst], (o*l.inner+i)*8), unsafe.Add(fr.ptr[src], (o*l.n*l.inner+i)*es), l.n, l.inner)
			}
		}
		return func() { workpool.For(l.outer, body) }
	}})
	return nil
}

// byNumber picks the variant for a data type; nil where there is none.
func byNumber[F any](dtype dtypes.DType, i8, i16, i32, i64, u8, u16, u32, u64, f32, f64 F) F {
	switch dtype {
	case dtypes.Int8:
		return i8
	case dtypes.Int16:
		return i16
	case dtypes.Int32:
		return i32
	case dtypes.Int64:
		return i64
	case dtypes.Uint8:
		return u8
	case dtypes.Uint16:
		return u16
	case dtypes.Uint32:
		return u32
	case dtypes.Uint64:
		return u64
	case dtypes.Float32:
		return f32
	case dtypes.Float64:
		return f64
	}
	var none F
	return none
}

func argOf[T number](isMin bool) alongFn {
	return func(dst, src unsafe.Pointer, n, stride int) {
		x := view[T](src, (n-1)*stride+1)
		best, at := x[0], 0
		for i := range n {
			v := x[i*stride]
			if best != best {
				break
			}
			if v != v || isMin && v < best || !isMin && v > best {
				best, at = v, i
			}
		}
		*(*int64)(dst) = int64(at)
	}
}

func lowerCumSum(c *compiler, n *node) error {
	a, in := n.attr.(cumAttr), n.inputs[0].shape
	l, es := linesOf(in.Dimensions, a.axis), in.DType.Size()
	fn := byNumber(in.DType, cumOf[int8, int8](a), cumOf[int16, int16](a), cumOf[int32, int32](a), cumOf[int64, int64](a),
		cumOf[uint8, uint8](a), cumOf[uint16, uint16](a), cumOf[uint32, uint32](a), cumOf[uint64, uint64](a),
		cumOf[float32, float64](a), cumOf[float64, float64](a))
	if fn == nil {
		return errors.Wrapf(compute.ErrNotImplemented, "CumSum of %s", in.DType)
	}
	src, dst := c.slot(n.inputs[0]), c.newSlot(n)
	c.emit(step{op: "CumSum", reads: []int{src}, writes: []int{dst}, reuse: []int{src}, bind: func(fr *frame) func() {
		body := func(o int) {
			for i := range l.inner {
				at := (o*l.n*l.inner + i) * es
				fn(unsafe.Add(fr.ptr[dst], at), unsafe.Add(fr.ptr[src], at), l.n, l.inner)
			}
		}
		return func() { workpool.For(l.outer, body) }
	}})
	return nil
}

func cumOf[T, A number](a cumAttr) alongFn {
	return func(dst, src unsafe.Pointer, n, stride int) {
		if n == 0 {
			return
		}
		d, x := view[T](dst, (n-1)*stride+1), view[T](src, (n-1)*stride+1)
		var sum A
		for i := range n {
			at := i * stride
			if a.Reverse {
				at = (n - 1 - i) * stride
			}
			v := A(x[at])
			if a.Exclusive {
				d[at] = T(sum)
			}
			sum += v
			if !a.Exclusive {
				d[at] = T(sum)
			}
		}
	}
}
