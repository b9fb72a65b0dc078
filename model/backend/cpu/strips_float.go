package cpu

import (
	"math"

	"github.com/gomlx/compute"
)

// via64 computes in float64 and rounds once.
func via64[T floating](f func(float64) float64) stripFn {
	return map1(func(a T) T { return T(f(float64(a))) })
}

func unaryFloat[T floating](op compute.OpType) stripFn {
	switch op {
	case compute.OpTypeAbs:
		return via64[T](math.Abs)
	case compute.OpTypeCeil:
		return via64[T](math.Ceil)
	case compute.OpTypeCos:
		return via64[T](math.Cos)
	case compute.OpTypeErf:
		return via64[T](math.Erf)
	case compute.OpTypeExp:
		return via64[T](math.Exp)
	case compute.OpTypeExpm1:
		return via64[T](math.Expm1)
	case compute.OpTypeFloor:
		return via64[T](math.Floor)
	case compute.OpTypeLog:
		return via64[T](math.Log)
	case compute.OpTypeLog1p:
		return via64[T](math.Log1p)
	case compute.OpTypeLogistic:
		return via64[T](func(a float64) float64 { return 1 / (1 + math.Exp(-a)) })
	case compute.OpTypeNeg:
		return map1(func(a T) T { return -a })
	case compute.OpTypeRound:
		return via64[T](math.RoundToEven)
	case compute.OpTypeRsqrt:
		return via64[T](func(a float64) float64 { return 1 / math.Sqrt(a) })
	case compute.OpTypeSign:
		return map1(signFloat[T])
	case compute.OpTypeSin:
		return via64[T](math.Sin)
	case compute.OpTypeSqrt:
		return via64[T](math.Sqrt)
	case compute.OpTypeTanh:
		return via64[T](math.Tanh)
	case compute.OpTypeIsFinite:
		return map1(func(a T) bool { return a-a == 0 })
	case compute.OpTypeIsNaN:
		return map1(func(a T) bool { return a != a })
	}
	return nil
}

// signFloat keeps zeros and NaN as they are.
func signFloat[T floating](a T) T {
	switch {
	case a > 0:
		return 1
	case a < 0:
		return -1
	}
	return a
}

func binaryFloat[T floating](op compute.OpType) stripFn {
	switch op {
	case compute.OpTypeAdd:
		return map2(func(a, b T) T { return a + b })
	case compute.OpTypeSub:
		return map2(func(a, b T) T { return a - b })
	case compute.OpTypeMul:
		return map2(func(a, b T) T { return a * b })
	case compute.OpTypeDiv:
		return map2(func(a, b T) T { return a / b })
	case compute.OpTypeMax:
		return map2(func(a, b T) T { return max(a, b) })
	case compute.OpTypeMin:
		return map2(func(a, b T) T { return min(a, b) })
	case compute.OpTypePow:
		return map2(func(a, b T) T { return T(math.Pow(float64(a), float64(b))) })
	case compute.OpTypeRem:
		return map2(func(a, b T) T { return T(math.Mod(float64(a), float64(b))) })
	case compute.OpTypeAtan2:
		return map2(func(a, b T) T { return T(math.Atan2(float64(a), float64(b))) })
	}
	if k := compareStrip[T](op); k != nil {
		return k
	}
	return totalOrderStrip[T](op)
}

// compareStrip compares as IEEE says: NaN is unequal to everything.
func compareStrip[T number](op compute.OpType) stripFn {
	switch op {
	case compute.OpTypeEqual:
		return map2(func(a, b T) bool { return a == b })
	case compute.OpTypeNotEqual:
		return map2(func(a, b T) bool { return a != b })
	case compute.OpTypeGreaterThan:
		return map2(func(a, b T) bool { return a > b })
	case compute.OpTypeGreaterOrEqual:
		return map2(func(a, b T) bool { return a >= b })
	case compute.OpTypeLessThan:
		return map2(func(a, b T) bool { return a < b })
	case compute.OpTypeLessOrEqual:
		return map2(func(a, b T) bool { return a <= b })
	}
	return nil
}

// orderKey is increasing in the order -NaN < -Inf < … < -0 < +0 < … < NaN.
func orderKey[T floating](a T) int64 {
	k := int64(math.Float64bits(float64(a)))
	if k < 0 {
		k = math.MinInt64 - k - 1
	}
	return k
}

func totalOrderStrip[T floating](op compute.OpType) stripFn {
	switch op {
	case compute.OpTypeEqualTotalOrder:
		return map2(func(a, b T) bool { return orderKey(a) == orderKey(b) })
	case compute.OpTypeNotEqualTotalOrder:
		return map2(func(a, b T) bool { return orderKey(a) != orderKey(b) })
	case compute.OpTypeGreaterThanTotalOrder:
		return map2(func(a, b T) bool { return orderKey(a) > orderKey(b) })
	case compute.OpTypeGreaterOrEqualTotalOrder:
		return map2(func(a, b T) bool { return orderKey(a) >= orderKey(b) })
	case compute.OpTypeLessThanTotalOrder:
		return map2(func(a, b T) bool { return orderKey(a) < orderKey(b) })
	case compute.OpTypeLessOrEqualTotalOrder:
		return map2(func(a, b T) bool { return orderKey(a) <= orderKey(b) })
	}
	return nil
}
