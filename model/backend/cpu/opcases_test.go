package cpu

import (
	"math"
	"reflect"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/compute/support/testutil"
)

type (
	fn     = compute.Function
	value  = compute.Value
	values = []compute.Value
)

// opCase is an operation on concrete operands.
type opCase struct {
	op     compute.OpType
	inputs []any
	build  func(f fn, p values) (values, error)
	want   []any
}

func one(v value, err error) (values, error) { return values{v}, err }

func binaryCase(op compute.OpType, build func(f fn, a, b value) (value, error), a, b, want any) opCase {
	return opCase{op, []any{a, b}, func(f fn, p values) (values, error) { return one(build(f, p[0], p[1])) }, []any{want}}
}

var (
	nan     = float32(math.NaN())
	inf     = float32(math.Inf(1))
	minus0  = float32(math.Copysign(0, -1))
	ordered = []float32{-inf, -1, minus0, 0, 1, inf, nan}
)

// orderCase compares every pair of ordered, least first.
func orderCase(op compute.OpType, build func(f fn, a, b value) (value, error), want func(i, j int) bool) opCase {
	var a, b []float32
	var out []bool
	for i, x := range ordered {
		for j, y := range ordered {
			a, b, out = append(a, x), append(b, y), append(out, want(i, j))
		}
	}
	return binaryCase(op, build, a, b, out)
}

// opCases are the operations that the public suite leaves out; the expected
// values are worked out by hand.
var opCases = []opCase{
	orderCase(compute.OpTypeEqualTotalOrder, fn.EqualTotalOrder, func(i, j int) bool { return i == j }),
	orderCase(compute.OpTypeNotEqualTotalOrder, fn.NotEqualTotalOrder, func(i, j int) bool { return i != j }),
	orderCase(compute.OpTypeLessThanTotalOrder, fn.LessThanTotalOrder, func(i, j int) bool { return i < j }),
	orderCase(compute.OpTypeLessOrEqualTotalOrder, fn.LessOrEqualTotalOrder, func(i, j int) bool { return i <= j }),
	orderCase(compute.OpTypeGreaterThanTotalOrder, fn.GreaterThanTotalOrder, func(i, j int) bool { return i > j }),
	orderCase(compute.OpTypeGreaterOrEqualTotalOrder, fn.GreaterOrEqualTotalOrder, func(i, j int) bool { return i >= j }),
	orderCase(compute.OpTypeNotEqual, fn.NotEqual, func(i, j int) bool { return ordered[i] != ordered[j] }),
	binaryCase(compute.OpTypeAtan2, fn.Atan2, []float32{1, -1, 0, minus0}, []float32{0, 0, -1, -1},
		[]float32{math.Pi / 2, -math.Pi / 2, math.Pi, -math.Pi}),
	binaryCase(compute.OpTypeShiftLeft, fn.ShiftLeft, []int32{1, -3, 1, 1}, []int32{4, 1, 31, 32}, []int32{16, -6, math.MinInt32, 0}),
	binaryCase(compute.OpTypeShiftRightArithmetic, fn.ShiftRightArithmetic, []int32{16, -16, -1}, []int32{2, 2, 40}, []int32{4, -4, -1}),
	binaryCase(compute.OpTypeShiftRightLogical, fn.ShiftRightLogical, []int32{16, -1, -1}, []int32{2, 28, 40}, []int32{4, 15, 0}),
	{compute.OpTypeIsNaN, []any{[]float32{nan, inf, 0}}, func(f fn, p values) (values, error) { return one(f.IsNaN(p[0])) },
		[]any{[]bool{true, false, false}}},
	{compute.OpTypeClamp, []any{float32(-1), []float32{-5, 0.5, 9, nan}, float32(1)},
		func(f fn, p values) (values, error) { return one(f.Clamp(p[0], p[1], p[2])) }, []any{[]float32{-1, 0.5, 1, nan}}},
	{compute.OpTypeIdentity, []any{[]int8{3, 4}}, func(f fn, p values) (values, error) { return one(f.Identity(p[0])) }, []any{[]int8{3, 4}}},
	{compute.OpTypeDot, []any{[][]float32{{1, 2}, {3, 4}}, []float32{10, 1}},
		func(f fn, p values) (values, error) {
			return one(f.DotGeneral(p[0], []int{1}, nil, p[1], []int{0}, nil, compute.DotGeneralConfig{}))
		}, []any{[]float32{12, 34}}},
	{compute.OpTypePad, []any{[]int32{1, 2, 3}, int32(9)}, func(f fn, p values) (values, error) {
		return one(f.Pad(p[0], p[1], compute.PadAxis{Start: 1, End: -1, Interior: 1}))
	}, []any{[]int32{9, 1, 9, 2, 9}}},
	{compute.OpTypeDynamicSlice, []any{[][]int32{{1, 2, 3}, {4, 5, 6}}, int32(7), int32(1)}, func(f fn, p values) (values, error) {
		return one(f.DynamicSlice(p[0], p[1:], []int{1, 2}))
	}, []any{[][]int32{{5, 6}}}},
	{compute.OpTypeDynamicUpdateSlice, []any{[][]int32{{1, 2, 3}, {4, 5, 6}}, [][]int32{{8, 9}}, int32(0), int32(7)}, func(f fn, p values) (values, error) {
		return one(f.DynamicUpdateSlice(p[0], p[1], p[2:]))
	}, []any{[][]int32{{1, 8, 9}, {4, 5, 6}}}},
	{compute.OpTypeScatterMin, []any{[]float32{5, 5, 5}, [][]int32{{0}, {2}, {2}, {9}}, []float32{7, 3, 4, 0}}, func(f fn, p values) (values, error) {
		return one(f.ScatterMin(p[0], p[1], p[2], 1, nil, []int{0}, []int{0}, false, false))
	}, []any{[]float32{5, 5, 3}}},
	{compute.OpTypeBatchNormForInference, []any{[][]float32{{1, 10}, {3, 20}}, []float32{2, 1}, []float32{0, 5}, []float32{1, 10}, []float32{4, 25}},
		func(f fn, p values) (values, error) {
			return one(f.BatchNormForInference(p[0], p[1], p[2], p[3], p[4], 0, 1))
		}, []any{[][]float32{{0, 5}, {2, 7}}}},
	{compute.OpTypeBatchNormForTraining, []any{[][]float32{{1, 10}, {3, 20}}, []float32{2, 1}, []float32{0, 5}},
		func(f fn, p values) (values, error) {
			y, mean, variance, err := f.BatchNormForTraining(p[0], p[1], p[2], 0, 1)
			return values{y, mean, variance}, err
		}, []any{[][]float32{{-2, 4}, {2, 6}}, []float32{2, 15}, []float32{1, 25}}},
	{compute.OpTypeBatchNormGradient, []any{[][]float32{{1}, {3}, {5}, {7}}, []float32{2}, []float32{4}, []float32{4}, [][]float32{{1}, {0}, {0}, {0}}},
		// x̂ = (-1.5, -.5, .5, 1.5), its variance 1.25 not being the one given
		func(f fn, p values) (values, error) {
			dx, dscale, doffset, err := f.BatchNormGradient(p[0], p[1], p[2], p[3], p[4], 0, 1)
			return values{dx, dscale, doffset}, err
		}, []any{[][]float32{{0.1875}, {-0.4375}, {-0.0625}, {0.3125}}, []float32{-1.5}, []float32{1}}},
	{compute.OpTypeCall, []any{float32(3), float32(4)}, func(f fn, p values) (values, error) {
		g, err := f.Builder().(*builder).NewFunction("product")
		if err != nil {
			return nil, err
		}
		a, _ := g.Parameter("a", shapes.Make(dtypes.Float32), nil)
		b, _ := g.Parameter("b", shapes.Make(dtypes.Float32), nil)
		c, err := g.Mul(a, b)
		if err != nil {
			return nil, err
		}
		if err := g.Return(values{c}, nil); err != nil {
			return nil, err
		}
		return f.Call(g, p...)
	}, []any{float32(12)}},
	ifCase(true, 7), ifCase(false, -7),
	{compute.OpTypeWhile, []any{int32(0), int32(1)}, func(f fn, p values) (values, error) {
		// while i < 10 { i++; x += x }, 10 being captured
		ten, err := f.Constant([]int32{10})
		if err != nil {
			return nil, err
		}
		state := func(g fn) (i, x value) {
			i, _ = g.Parameter("i", shapes.Make(dtypes.Int32), nil)
			x, _ = g.Parameter("x", shapes.Make(dtypes.Int32), nil)
			return i, x
		}
		cond, err := closure(f, func(g fn) (values, error) { i, _ := state(g); return one(g.LessThan(i, ten)) })
		if err != nil {
			return nil, err
		}
		body, err := closure(f, func(g fn) (values, error) {
			i, x := state(g)
			step, err := g.Constant([]int32{1})
			if err != nil {
				return nil, err
			}
			if i, err = g.Add(i, step); err != nil {
				return nil, err
			}
			x, err = g.Add(x, x)
			return values{i, x}, err
		})
		if err != nil {
			return nil, err
		}
		return f.While(cond, body, p...)
	}, []any{int32(10), int32(1024)}},
	{compute.OpTypeSort, []any{[]float32{2, 1, 2, 0}, []int32{0, 1, 2, 3}}, func(f fn, p values) (values, error) {
		less, err := closure(f, func(g fn) (values, error) {
			var in values
			for i, d := range []dtypes.DType{dtypes.Float32, dtypes.Int32, dtypes.Float32, dtypes.Int32} {
				v, err := g.Parameter(string(rune('a'+i)), shapes.Make(d), nil)
				if err != nil {
					return nil, err
				}
				in = append(in, v)
			}
			return one(g.LessThan(in[0], in[2]))
		})
		if err != nil {
			return nil, err
		}
		return f.Sort(less, 0, true, p...)
	}, []any{[]float32{0, 1, 2, 2}, []int32{3, 1, 0, 2}}},
}

// closure makes a function in f that returns what build returns.
func closure(f fn, build func(g fn) (values, error)) (fn, error) {
	g, err := f.Closure()
	if err != nil {
		return nil, err
	}
	out, err := build(g)
	if err != nil {
		return nil, err
	}
	return g, g.Return(out, nil)
}

// ifCase negates a captured value, or not.
func ifCase(pred bool, want float32) opCase {
	return opCase{compute.OpTypeIf, []any{pred, float32(7)}, func(f fn, p values) (values, error) {
		same, err := closure(f, func(g fn) (values, error) { return one(g.Identity(p[1])) })
		if err != nil {
			return nil, err
		}
		negated, err := closure(f, func(g fn) (values, error) { return one(g.Neg(p[1])) })
		if err != nil {
			return nil, err
		}
		return f.If(p[0], same, negated)
	}, []any{want}}
}

func (c opCase) check(t *testing.T, b compute.Backend) {
	got, err := testutil.Exec(b, c.inputs, c.build)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range c.want {
		if !alike(testutil.FlattenSlice(want), testutil.FlattenSlice(got[i]), 1e-6) {
			t.Errorf("result %d is %v; want %v", i, got[i], want)
		}
	}
}

// alike compares flat slices: floating-point values within a tolerance
// relative to the larger, NaN being like NaN.
func alike(want, got any, tolerance float64) bool {
	a, b := reflect.ValueOf(want), reflect.ValueOf(got)
	if a.Type() != b.Type() || a.Len() != b.Len() {
		return false
	}
	for i := range a.Len() {
		x, y := a.Index(i), b.Index(i)
		if !x.CanFloat() {
			if !x.Equal(y) {
				return false
			}
			continue
		}
		v, w := x.Float(), y.Float()
		if v != w && !(v != v && w != w) && !(math.Abs(v-w) <= tolerance*max(1, math.Abs(v))) {
			return false
		}
	}
	return true
}
