package cpu

import (
	"math/bits"
	"unsafe"

	"github.com/gomlx/compute"
)

// unaryInt: U is the unsigned type of T's width.
func unaryInt[T, U integer](op compute.OpType) stripFn {
	width := int(unsafe.Sizeof(T(0)) * 8)
	switch op {
	case compute.OpTypeAbs:
		return map1(func(a T) T {
			if a < 0 {
				return -a
			}
			return a
		})
	case compute.OpTypeNeg:
		return map1(func(a T) T { return -a })
	case compute.OpTypeSign:
		return map1(func(a T) T {
			switch {
			case a > 0:
				return 1
			case a < 0:
				return T(0) - 1
			}
			return 0
		})
	case compute.OpTypeBitwiseNot:
		return map1(func(a T) T { return ^a })
	case compute.OpTypeBitCount:
		return map1(func(a T) T { return T(bits.OnesCount64(uint64(U(a)))) })
	case compute.OpTypeClz:
		return map1(func(a T) T { return T(bits.LeadingZeros64(uint64(U(a))) - (64 - width)) })
	}
	return nil
}

func binaryInt[T, U integer](op compute.OpType) stripFn {
	width := uint64(unsafe.Sizeof(T(0)) * 8)
	switch op {
	case compute.OpTypeAdd:
		return map2(func(a, b T) T { return a + b })
	case compute.OpTypeSub:
		return map2(func(a, b T) T { return a - b })
	case compute.OpTypeMul:
		return map2(func(a, b T) T { return a * b })
	case compute.OpTypeDiv:
		return map2(divInt[T])
	case compute.OpTypeRem:
		return map2(remInt[T])
	case compute.OpTypePow:
		return map2(powInt[T])
	case compute.OpTypeMax:
		return map2(func(a, b T) T { return max(a, b) })
	case compute.OpTypeMin:
		return map2(func(a, b T) T { return min(a, b) })
	case compute.OpTypeBitwiseAnd:
		return map2(func(a, b T) T { return a & b })
	case compute.OpTypeBitwiseOr:
		return map2(func(a, b T) T { return a | b })
	case compute.OpTypeBitwiseXor:
		return map2(func(a, b T) T { return a ^ b })
	case compute.OpTypeShiftLeft:
		return map2(func(a, b T) T { return T(U(a) << uint64(U(b))) })
	case compute.OpTypeShiftRightLogical:
		return map2(func(a, b T) T { return T(U(a) >> uint64(U(b))) })
	case compute.OpTypeShiftRightArithmetic:
		return map2(func(a, b T) T { return a >> min(uint64(U(b)), width-1) })
	}
	if k := compareStrip[T](op); k != nil {
		return k
	}
	return compareStrip[T](withoutTotalOrder[op])
}

// withoutTotalOrder maps comparisons by total order to the plain ones, which
// are the same for integers.
var withoutTotalOrder = map[compute.OpType]compute.OpType{
	compute.OpTypeEqualTotalOrder:          compute.OpTypeEqual,
	compute.OpTypeNotEqualTotalOrder:       compute.OpTypeNotEqual,
	compute.OpTypeGreaterThanTotalOrder:    compute.OpTypeGreaterThan,
	compute.OpTypeGreaterOrEqualTotalOrder: compute.OpTypeGreaterOrEqual,
	compute.OpTypeLessThanTotalOrder:       compute.OpTypeLessThan,
	compute.OpTypeLessOrEqualTotalOrder:    compute.OpTypeLessOrEqual,
}

// divInt rounds towards zero; as in XLA, x/0 has all bits set.
func divInt[T integer](a, b T) T {
	if b == 0 {
		return ^T(0)
	}
	return a / b
}

// remInt has the sign of a; as in XLA, x%0 is x.
func remInt[T integer](a, b T) T {
	if b == 0 {
		return a
	}
	return a % b
}

// powInt wraps around on overflow; a negative power is rounded towards zero.
func powInt[T integer](a, b T) T {
	if b < 0 {
		switch {
		case a == 1 || a == ^T(0) && b&1 == 0:
			return 1
		case a == ^T(0):
			return a
		}
		return 0
	}
	r := T(1)
	for ; b > 0; b >>= 1 {
		if b&1 == 1 {
			r *= a
		}
		a *= a
	}
	return r
}

func binaryBool(op compute.OpType) stripFn {
	b := func(v bool) int {
		if v {
			return 1
		}
		return 0
	}
	switch op {
	case compute.OpTypeLogicalAnd, compute.OpTypeMin, compute.OpTypeMul, compute.OpTypeBitwiseAnd:
		return map2(func(x, y bool) bool { return x && y })
	case compute.OpTypeLogicalOr, compute.OpTypeMax, compute.OpTypeAdd, compute.OpTypeBitwiseOr:
		return map2(func(x, y bool) bool { return x || y })
	case compute.OpTypeLogicalXor, compute.OpTypeNotEqual, compute.OpTypeBitwiseXor:
		return map2(func(x, y bool) bool { return x != y })
	case compute.OpTypeEqual:
		return map2(func(x, y bool) bool { return x == y })
	case compute.OpTypeGreaterThan:
		return map2(func(x, y bool) bool { return b(x) > b(y) })
	case compute.OpTypeGreaterOrEqual:
		return map2(func(x, y bool) bool { return b(x) >= b(y) })
	case compute.OpTypeLessThan:
		return map2(func(x, y bool) bool { return b(x) < b(y) })
	case compute.OpTypeLessOrEqual:
		return map2(func(x, y bool) bool { return b(x) <= b(y) })
	}
	return nil
}
