package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

// reduce adds a reduction over axes: over all of them if none is given.
func (f *function) reduce(op compute.OpType, x compute.Value, axes []int) (compute.Value, error) {
	in, err := f.operands(op, x)
	if err != nil {
		return nil, err
	}
	if err := f.checkReduction(op, in[0].shape); err != nil {
		return nil, err
	}
	axes = slices.Clone(axes)
	if len(axes) == 0 {
		for a := range in[0].shape.Rank() {
			axes = append(axes, a)
		}
	}
	slices.Sort(axes)
	shape, err := shapeinference.Reduce(in[0].shape, axes)
	if err != nil {
		return nil, err
	}
	if len(axes) == 0 {
		return in[0], nil
	}
	return f.addWide(op, shape, axes, in...)
}

func (f *function) checkReduction(op compute.OpType, s shapes.Shape) error {
	ok, want := true, ""
	switch op {
	case compute.OpTypeReduceLogicalAnd, compute.OpTypeReduceLogicalOr, compute.OpTypeReduceLogicalXor:
		ok, want = s.DType == dtypes.Bool, "booleans"
	case compute.OpTypeReduceBitwiseAnd, compute.OpTypeReduceBitwiseOr, compute.OpTypeReduceBitwiseXor:
		ok, want = s.DType.IsInt(), "integers"
	default:
		ok, want = s.DType != dtypes.Bool, "numbers"
	}
	if !ok {
		return f.builder.errorf("%s of %s; want %s", op, s, want)
	}
	return nil
}

func (f *function) ReduceSum(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceSum, x, axes)
}

func (f *function) ReduceProduct(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceProduct, x, axes)
}

func (f *function) ReduceMax(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceMax, x, axes)
}

func (f *function) ReduceMin(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceMin, x, axes)
}

func (f *function) ReduceBitwiseAnd(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceBitwiseAnd, x, axes)
}

func (f *function) ReduceBitwiseOr(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceBitwiseOr, x, axes)
}

func (f *function) ReduceBitwiseXor(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceBitwiseXor, x, axes)
}

func (f *function) ReduceLogicalAnd(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceLogicalAnd, x, axes)
}

func (f *function) ReduceLogicalOr(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceLogicalOr, x, axes)
}

func (f *function) ReduceLogicalXor(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReduceLogicalXor, x, axes)
}

// argAttr says along which axis the extremum is sought.
type argAttr struct {
	axis int
	min  bool
}

func (f *function) ArgMinMax(x compute.Value, axis int, output dtypes.DType, isMin bool) (compute.Value, error) {
	in, err := f.operands(compute.OpTypeArgMinMax, x)
	if err != nil {
		return nil, err
	}
	shape, err := shapeinference.ArgMinMax(in[0].shape, axis, output)
	if err != nil {
		return nil, err
	}
	if axis < 0 {
		axis += in[0].shape.Rank()
	}
	if in, _, err = f.widened(in); err != nil {
		return nil, err
	}
	v, err := f.add(compute.OpTypeArgMinMax, shapes.Make(dtypes.Int64, shape.Dimensions...), argAttr{axis, isMin}, in...)
	if err != nil {
		return nil, err
	}
	return f.narrow(v, output)
}

// cumAttr says how to sum up along an axis.
type cumAttr struct {
	axis int
	compute.CumSumOptions
}

func (f *function) CumSum(x compute.Value, axis int, options compute.CumSumOptions) (compute.Value, error) {
	in, err := f.operands(compute.OpTypeCumSum, x)
	if err != nil {
		return nil, err
	}
	shape, err := shapeinference.CumSum(in[0].shape, axis)
	if err != nil {
		return nil, err
	}
	return f.addWide(compute.OpTypeCumSum, shape, cumAttr{axis, options}, in...)
}
