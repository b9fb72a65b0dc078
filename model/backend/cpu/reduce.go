package cpu

import (
	"math"
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/pkg/errors"

	"github.com/retort-ml/retort/internal/workpool"
	"github.com/retort-ml/retort/model/backend/cpu/internal/kernels"
)

// reductions lists the operations that lowerReduce knows.
var reductions = map[compute.OpType]bool{
	compute.OpTypeReduceSum: true, compute.OpTypeReduceProduct: true,
	compute.OpTypeReduceMax: true, compute.OpTypeReduceMin: true,
	compute.OpTypeReduceBitwiseAnd: true, compute.OpTypeReduceBitwiseOr: true, compute.OpTypeReduceBitwiseXor: true,
	compute.OpTypeReduceLogicalAnd: true, compute.OpTypeReduceLogicalOr: true, compute.OpTypeReduceLogicalXor: true,
}

// reduceFn reduces outputs [from, to): out[i] = init ∘ x[kept(i)+reduced(j)] …
type reduceFn func(dst, src unsafe.Pointer, kept, reduced pattern, count, from, to int)

// splitAxes are the patterns of the axes that stay and of those that go.
func splitAxes(dims, axes []int) (kept, reduced pattern) {
	gone := map[int]bool{}
	for _, a := range axes {
		gone[a] = true
	}
	for i, s := range rowMajor(dims) {
		p := &kept
		if gone[i] {
			p = &reduced
		}
		p.dims, p.strides = append(p.dims, dims[i]), append(p.strides, s)
	}
	return kept.merged(), reduced.merged()
}

func size(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

func lowerReduce(c *compiler, n *node) error {
	in := n.inputs[0].shape
	kept, reduced := splitAxes(in.Dimensions, n.attr.([]int))
	src, dst := c.slot(n.inputs[0]), c.newSlot(n)
	outputs, count := n.shape.Size(), size(reduced.dims)
	st := step{op: n.op.String(), reads: []int{src}, writes: []int{dst}}
	if fast := fastReduce(n.op, in.DType, kept, reduced); fast != nil && outputs > 0 && count > 0 {
		st.bind = func(fr *frame) func() {
			return func() { fast(fr.f32(dst, outputs), fr.f32(src, outputs*count)) }
		}
		c.emit(st)
		return nil
	}
	fn := reducerOf(n.op, in.DType)
	if fn == nil {
		return errors.Wrapf(compute.ErrNotImplemented, "%s of %s", n.op, in.DType)
	}
	per := max(1, chunk/max(1, count))
	st.bind = func(fr *frame) func() {
		body := func(i int) {
			fn(fr.ptr[dst], fr.ptr[src], kept, reduced, count, i*per, min(outputs, (i+1)*per))
		}
		return func() { workpool.For((outputs+per-1)/per, body) }
	}
	c.emit(st)
	return nil
}

// fastReduce knows the layouts that occur in networks: rows, columns, and
// columns of each of a batch of matrices.
func fastReduce(op compute.OpType, dtype dtypes.DType, kept, reduced pattern) func(dst, src []float32) {
	if dtype != dtypes.Float32 {
		return nil
	}
	rows, cols := kernels.SumRows, kernels.SumCols
	switch op {
	case compute.OpTypeReduceSum:
	case compute.OpTypeReduceMax:
		rows, cols = kernels.MaxRows, kernels.MaxCols
	default:
		return nil
	}
	k, r := size(kept.dims), size(reduced.dims)
	switch {
	case reduced.dense() && len(kept.dims) <= 1:
		return func(dst, src []float32) { rows(dst, src, k, r) }
	case kept.dense() && len(reduced.dims) == 1:
		return func(dst, src []float32) { cols(dst, src, r, k) }
	case len(kept.dims) == 2 && len(reduced.dims) == 1 && kept.strides[1] == 1 && reduced.strides[0] == kept.dims[1]:
		width := kept.dims[1]
		return func(dst, src []float32) {
			workpool.For(kept.dims[0], func(i int) {
				cols(dst[i*width:][:width], src[i*r*width:][:r*width], r, width)
			})
		}
	}
	return nil
}

// fold makes a reducer of a function of two elements, computed in A.
func fold[T, A any](init A, f func(acc A, x T) A, done func(A) T) reduceFn {
	return func(dst, src unsafe.Pointer, kept, reduced pattern, count, from, to int) {
		size := int(unsafe.Sizeof(*new(T)))
		out := view[T](dst, to)
		var buf [256]T
		for i := from; i < to; i++ {
			base := unsafe.Add(src, kept.at(i)*size)
			acc := init
			for at := 0; at < count; at += len(buf) {
				m := min(len(buf), count-at)
				gather(reduced, buf[:m], base, at)
				for _, x := range buf[:m] {
					acc = f(acc, x)
				}
			}
			out[i] = done(acc)
		}
	}
}

// at is the position of element i of the pattern.
func (p pattern) at(i int) int {
	pos := p.start
	for k := len(p.dims) - 1; k >= 0; k-- {
		pos += i % p.dims[k] * p.strides[k]
		i /= p.dims[k]
	}
	return pos
}

func same[T any](a T) T { return a }

func reducerOf(op compute.OpType, dtype dtypes.DType) reduceFn {
	switch dtype {
	case dtypes.Float32:
		return reduceFloat[float32](op)
	case dtypes.Float64:
		return reduceFloat[float64](op)
	case dtypes.Bool:
		return reduceBool(op)
	case dtypes.Int8:
		return reduceInt[int8](op, math.MinInt8, math.MaxInt8)
	case dtypes.Int16:
		return reduceInt[int16](op, math.MinInt16, math.MaxInt16)
	case dtypes.Int32:
		return reduceInt[int32](op, math.MinInt32, math.MaxInt32)
	case dtypes.Int64:
		return reduceInt[int64](op, math.MinInt64, math.MaxInt64)
	case dtypes.Uint8:
		return reduceInt[uint8](op, 0, math.MaxUint8)
	case dtypes.Uint16:
		return reduceInt[uint16](op, 0, math.MaxUint16)
	case dtypes.Uint32:
		return reduceInt[uint32](op, 0, math.MaxUint32)
	case dtypes.Uint64:
		return reduceInt[uint64](op, 0, math.MaxUint64)
	}
	return nil
}

// reduceFloat sums and multiplies in float64.
func reduceFloat[T floating](op compute.OpType) reduceFn {
	narrow := func(a float64) T { return T(a) }
	switch op {
	case compute.OpTypeReduceSum:
		return fold(0, func(a float64, x T) float64 { return a + float64(x) }, narrow)
	case compute.OpTypeReduceProduct:
		return fold(1, func(a float64, x T) float64 { return a * float64(x) }, narrow)
	case compute.OpTypeReduceMax:
		return fold(T(math.Inf(-1)), func(a, x T) T { return max(a, x) }, same[T])
	case compute.OpTypeReduceMin:
		return fold(T(math.Inf(1)), func(a, x T) T { return min(a, x) }, same[T])
	}
	return nil
}

func reduceInt[T integer](op compute.OpType, lowest, highest T) reduceFn {
	switch op {
	case compute.OpTypeReduceSum:
		return fold(0, func(a, x T) T { return a + x }, same[T])
	case compute.OpTypeReduceProduct:
		return fold(1, func(a, x T) T { return a * x }, same[T])
	case compute.OpTypeReduceMax:
		return fold(lowest, func(a, x T) T { return max(a, x) }, same[T])
	case compute.OpTypeReduceMin:
		return fold(highest, func(a, x T) T { return min(a, x) }, same[T])
	case compute.OpTypeReduceBitwiseAnd:
		return fold(^T(0), func(a, x T) T { return a & x }, same[T])
	case compute.OpTypeReduceBitwiseOr:
		return fold(0, func(a, x T) T { return a | x }, same[T])
	case compute.OpTypeReduceBitwiseXor:
		return fold(0, func(a, x T) T { return a ^ x }, same[T])
	}
	return nil
}

func reduceBool(op compute.OpType) reduceFn {
	switch op {
	case compute.OpTypeReduceLogicalAnd:
		return fold(true, func(a, x bool) bool { return a && x }, same[bool])
	case compute.OpTypeReduceLogicalOr:
		return fold(false, func(a, x bool) bool { return a || x }, same[bool])
	case compute.OpTypeReduceLogicalXor:
		return fold(false, func(a, x bool) bool { return a != x }, same[bool])
	}
	return nil
}
