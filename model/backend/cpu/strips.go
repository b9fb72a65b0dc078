package cpu

import (
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"github.com/retort-ml/retort/model/backend/cpu/internal/kernels"
)

type integer interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

type floating interface{ ~float32 | ~float64 }

type number interface{ integer | floating }

// map1 and map2 make strips of functions of one element.
func map1[T, R any](f func(a T) R) stripFn {
	return func(dst, a, _, _ unsafe.Pointer, n int) {
		d, x := view[R](dst, n), view[T](a, n)
		for i := range d {
			d[i] = f(x[i])
		}
	}
}

func map2[T, R any](f func(a, b T) R) stripFn {
	return func(dst, a, b, _ unsafe.Pointer, n int) {
		d, x, y := view[R](dst, n), view[T](a, n), view[T](b, n)
		for i := range d {
			d[i] = f(x[i], y[i])
		}
	}
}

// kernel1 and kernel2 make strips of float32 kernels.
func kernel1(f func(dst, a []float32)) stripFn {
	return func(dst, a, _, _ unsafe.Pointer, n int) { f(view[float32](dst, n), view[float32](a, n)) }
}

func kernel2(f func(dst, a, b []float32)) stripFn {
	return func(dst, a, b, _ unsafe.Pointer, n int) {
		f(view[float32](dst, n), view[float32](a, n), view[float32](b, n))
	}
}

var unaryFloat32 = map[compute.OpType]stripFn{
	compute.OpTypeAbs:      kernel1(kernels.Abs),
	compute.OpTypeExp:      kernel1(kernels.Exp),
	compute.OpTypeLog:      kernel1(kernels.Log),
	compute.OpTypeLogistic: kernel1(kernels.Logistic),
	compute.OpTypeNeg:      kernel1(kernels.Neg),
	compute.OpTypeRsqrt:    kernel1(kernels.Rsqrt),
	compute.OpTypeSqrt:     kernel1(kernels.Sqrt),
	compute.OpTypeTanh:     kernel1(kernels.Tanh),
}

var binaryFloat32 = map[compute.OpType]stripFn{
	compute.OpTypeAdd: kernel2(kernels.Add),
	compute.OpTypeDiv: kernel2(kernels.Div),
	compute.OpTypeMax: kernel2(kernels.Max),
	compute.OpTypeMin: kernel2(kernels.Min),
	compute.OpTypeMul: kernel2(kernels.Mul),
	compute.OpTypeSub: kernel2(kernels.Sub),
}

func unaryStrip(op compute.OpType, dtype dtypes.DType) stripFn {
	switch dtype {
	case dtypes.Float32:
		if k := unaryFloat32[op]; k != nil {
			return k
		}
		return unaryFloat[float32](op)
	case dtypes.Float64:
		return unaryFloat[float64](op)
	case dtypes.Bool:
		if op == compute.OpTypeLogicalNot {
			return map1(func(a bool) bool { return !a })
		}
		return nil
	case dtypes.Int8:
		return unaryInt[int8, uint8](op)
	case dtypes.Int16:
		return unaryInt[int16, uint16](op)
	case dtypes.Int32:
		return unaryInt[int32, uint32](op)
	case dtypes.Int64:
		return unaryInt[int64, uint64](op)
	case dtypes.Uint8:
		return unaryInt[uint8, uint8](op)
	case dtypes.Uint16:
		return unaryInt[uint16, uint16](op)
	case dtypes.Uint32:
		return unaryInt[uint32, uint32](op)
	case dtypes.Uint64:
		return unaryInt[uint64, uint64](op)
	}
	return nil
}

func binaryStrip(op compute.OpType, dtype dtypes.DType) stripFn {
	switch dtype {
	case dtypes.Float32:
		if k := binaryFloat32[op]; k != nil {
			return k
		}
		return binaryFloat[float32](op)
	case dtypes.Float64:
		return binaryFloat[float64](op)
	case dtypes.Bool:
		return binaryBool(op)
	case dtypes.Int8:
		return binaryInt[int8, uint8](op)
	case dtypes.Int16:
		return binaryInt[int16, uint16](op)
	case dtypes.Int32:
		return binaryInt[int32, uint32](op)
	case dtypes.Int64:
		return binaryInt[int64, uint64](op)
	case dtypes.Uint8:
		return binaryInt[uint8, uint8](op)
	case dtypes.Uint16:
		return binaryInt[uint16, uint16](op)
	case dtypes.Uint32:
		return binaryInt[uint32, uint32](op)
	case dtypes.Uint64:
		return binaryInt[uint64, uint64](op)
	}
	return nil
}
