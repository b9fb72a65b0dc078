package cpu

import (
	"unsafe"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
)

func whereStrip(size int) stripFn {
	switch size {
	case 1:
		return where[uint8]
	case 2:
		return where[uint16]
	case 4:
		return where[uint32]
	}
	return where[uint64]
}

func where[T any](dst, a, b, c unsafe.Pointer, n int) {
	d, cond, x, y := view[T](dst, n), view[bool](a, n), view[T](b, n), view[T](c, n)
	for i := range d {
		v := y[i]
		if cond[i] {
			v = x[i]
		}
		d[i] = v
	}
}

// convertStrip converts element by element. Floating-point values become
// integers by truncation, saturating, NaN becoming 0; numbers become booleans
// by comparison with 0.
func convertStrip(from, to dtypes.DType) stripFn {
	switch from {
	case dtypes.Bool:
		return convertFrom[uint8](to)
	case dtypes.Int8:
		return convertFrom[int8](to)
	case dtypes.Int16:
		return convertFrom[int16](to)
	case dtypes.Int32:
		return convertFrom[int32](to)
	case dtypes.Int64:
		return convertFrom[int64](to)
	case dtypes.Uint8:
		return convertFrom[uint8](to)
	case dtypes.Uint16:
		return convertFrom[uint16](to)
	case dtypes.Uint32:
		return convertFrom[uint32](to)
	case dtypes.Uint64:
		return convertFrom[uint64](to)
	case dtypes.Float32:
		return convertFromFloat[float32](to)
	case dtypes.Float64:
		return convertFromFloat[float64](to)
	case dtypes.BFloat16:
		return convertFromHalf(bfloat16.BFloat16.Float32, to)
	case dtypes.Float16:
		return convertFromHalf(float16.Float16.Float32, to)
	}
	return nil
}

func convertFrom[T number](to dtypes.DType) stripFn {
	switch to {
	case dtypes.Bool:
		return map1(func(a T) bool { return a != 0 })
	case dtypes.Int8:
		return map1(func(a T) int8 { return int8(a) })
	case dtypes.Int16:
		return map1(func(a T) int16 { return int16(a) })
	case dtypes.Int32:
		return map1(func(a T) int32 { return int32(a) })
	case dtypes.Int64:
		return map1(func(a T) int64 { return int64(a) })
	case dtypes.Uint8:
		return map1(func(a T) uint8 { return uint8(a) })
	case dtypes.Uint16:
		return map1(func(a T) uint16 { return uint16(a) })
	case dtypes.Uint32:
		return map1(func(a T) uint32 { return uint32(a) })
	case dtypes.Uint64:
		return map1(func(a T) uint64 { return uint64(a) })
	case dtypes.Float32:
		return map1(func(a T) float32 { return float32(a) })
	case dtypes.Float64:
		return map1(func(a T) float64 { return float64(a) })
	case dtypes.BFloat16:
		return map1(func(a T) bfloat16.BFloat16 { return bfloat16.FromFloat32(float32(a)) })
	case dtypes.Float16:
		return map1(func(a T) float16.Float16 { return float16.FromFloat32(float32(a)) })
	}
	return nil
}

func convertFromFloat[T floating](to dtypes.DType) stripFn {
	switch to {
	case dtypes.Int8:
		return map1(saturate[T, int8](-1<<7, 1<<7-1))
	case dtypes.Int16:
		return map1(saturate[T, int16](-1<<15, 1<<15-1))
	case dtypes.Int32:
		return map1(saturate[T, int32](-1<<31, 1<<31-1))
	case dtypes.Int64:
		return map1(saturate[T, int64](-1<<63, 1<<63-1))
	case dtypes.Uint8:
		return map1(saturate[T, uint8](0, 1<<8-1))
	case dtypes.Uint16:
		return map1(saturate[T, uint16](0, 1<<16-1))
	case dtypes.Uint32:
		return map1(saturate[T, uint32](0, 1<<32-1))
	case dtypes.Uint64:
		return map1(saturate[T, uint64](0, 1<<64-1))
	}
	return convertFrom[T](to)
}

func saturate[T floating, R integer](low, high R) func(T) R {
	lowest, highest := float64(low), float64(high)
	return func(a T) R {
		v := float64(a)
		switch {
		case v != v:
			return 0
		case v <= lowest:
			return low
		case v >= highest:
			return high
		}
		return R(v)
	}
}

func convertFromHalf[T any](widen func(T) float32, to dtypes.DType) stripFn {
	if to == dtypes.Float32 {
		return map1(widen)
	}
	narrow := convertFromFloat[float32](to)
	if narrow == nil {
		return nil
	}
	return func(dst, a, _, _ unsafe.Pointer, n int) {
		var wide [256]float32
		x, size := view[T](a, n), to.Size()
		for at := 0; at < n; at += len(wide) {
			m := min(len(wide), n-at)
			for i := range m {
				wide[i] = widen(x[at+i])
			}
			narrow(unsafe.Add(dst, at*size), unsafe.Pointer(&wide[0]), nil, nil, m)
		}
	}
}
