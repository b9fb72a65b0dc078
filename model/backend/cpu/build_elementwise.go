package cpu

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
	"github.com/pkg/errors"
)

// isHalf says whether arithmetic on dtype is done in float32 and rounded back
// after each operation.
func isHalf(dtype dtypes.DType) bool { return dtype == dtypes.Float16 || dtype == dtypes.BFloat16 }

// convert is ConvertDType for nodes.
func (f *function) convert(n *node, dtype dtypes.DType) (*node, error) {
	if n.shape.DType == dtype {
		return n, nil
	}
	v, err := f.add(compute.OpTypeConvertDType, shapes.Make(dtype, n.shape.Dimensions...), nil, n)
	if err != nil {
		return nil, err
	}
	return v.(*node), nil
}

// widened converts half-precision operands to float32 and says whether it did.
func (f *function) widened(nodes []*node) (wide []*node, half dtypes.DType, err error) {
	half = dtypes.InvalidDType
	wide = make([]*node, len(nodes))
	for i, n := range nodes {
		wide[i] = n
		if isHalf(n.shape.DType) {
			half = n.shape.DType
			if wide[i], err = f.convert(n, dtypes.Float32); err != nil {
				return nil, half, err
			}
		}
	}
	return wide, half, nil
}

// addWide adds an arithmetic operation: in float32 when the operands are of
// half precision, its result rounded back to shape's data type.
func (f *function) addWide(op compute.OpType, shape shapes.Shape, attr any, inputs ...*node) (compute.Value, error) {
	wide, half, err := f.widened(inputs)
	if err != nil {
		return nil, err
	}
	if half == dtypes.InvalidDType || !isHalf(shape.DType) {
		return f.add(op, shape, attr, wide...)
	}
	v, err := f.add(op, shapes.Make(dtypes.Float32, shape.Dimensions...), attr, wide...)
	if err != nil {
		return nil, err
	}
	return f.narrow(v, shape.DType)
}

func (f *function) narrow(v compute.Value, dtype dtypes.DType) (compute.Value, error) {
	n, err := f.convert(v.(*node), dtype)
	if err != nil {
		return nil, err
	}
	return n, nil
}

// expand broadcasts n to dims: dimensions of 1 and missing ones (of a scalar).
func (f *function) expand(n *node, dims []int) (*node, error) {
	if equalDims(n.shape.Dimensions, dims) {
		return n, nil
	}
	axes := make([]int, n.shape.Rank())
	for i := range axes {
		axes[i] = i
	}
	v, err := f.add(compute.OpTypeBroadcastInDim, shapes.Make(n.shape.DType, dims...), axes, n)
	if err != nil {
		return nil, err
	}
	return v.(*node), nil
}

func equalDims(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// unary adds an elementwise operation of one operand.
func (f *function) unary(op compute.OpType, x compute.Value) (compute.Value, error) {
	in, err := f.operands(op, x)
	if err != nil {
		return nil, err
	}
	shape, err := shapeinference.UnaryOp(op, in[0].shape)
	if err != nil {
		return nil, err
	}
	return f.addWide(op, shape, nil, in...)
}

// binary adds an elementwise operation of two operands, after broadcasting.
func (f *function) binary(op compute.OpType, lhs, rhs compute.Value) (compute.Value, error) {
	in, err := f.operands(op, lhs, rhs)
	if err != nil {
		return nil, err
	}
	infer, as := shapeinference.BinaryOp, op
	if op == compute.OpTypeNotEqualTotalOrder { // shape inference does not list it
		as = compute.OpTypeEqualTotalOrder
	}
	if shapeinference.ComparisonOperations.Has(as) {
		infer = shapeinference.ComparisonOp
	}
	shape, err := infer(as, in[0].shape, in[1].shape)
	if err != nil {
		return nil, err
	}
	shape = emptied(shape, in)
	for i := range in {
		if in[i], err = f.expand(in[i], shape.Dimensions); err != nil {
			return nil, err
		}
	}
	return f.addWide(op, shape, nil, in...)
}

// emptied is shape with every axis empty along which an operand is: shape
// inference takes 0 and 1 to be 1.
func emptied(shape shapes.Shape, operands []*node) shapes.Shape {
	shape = shape.Clone()
	for _, n := range operands {
		for i, d := range n.shape.Dimensions {
			if d == 0 {
				shape.Dimensions[i] = 0
			}
		}
	}
	return shape
}

func (f *function) Clamp(low, x, high compute.Value) (compute.Value, error) {
	v, err := f.Max(x, low)
	if err != nil {
		return nil, errors.WithMessage(err, "Clamp")
	}
	return f.Min(v, high)
}

func (f *function) IsFinite(x compute.Value) (compute.Value, error) {
	return f.predicate(compute.OpTypeIsFinite, x)
}

// IsNaN is false for every integer.
func (f *function) IsNaN(x compute.Value) (compute.Value, error) {
	if n, ok := x.(*node); ok && n != nil && n.shape.DType.IsInt() {
		return f.NotEqual(x, x)
	}
	return f.predicate(compute.OpTypeIsNaN, x)
}

func (f *function) predicate(op compute.OpType, x compute.Value) (compute.Value, error) {
	in, err := f.operands(op, x)
	if err != nil {
		return nil, err
	}
	if d := in[0].shape.DType; !d.IsFloat() {
		return nil, f.builder.errorf("%s of %s; want floating-point values", op, in[0].shape)
	}
	return f.addWide(op, shapes.Make(dtypes.Bool, in[0].shape.Dimensions...), nil, in...)
}

func (f *function) Where(condition, onTrue, onFalse compute.Value) (compute.Value, error) {
	in, err := f.operands(compute.OpTypeWhere, condition, onTrue, onFalse)
	if err != nil {
		return nil, err
	}
	shape, err := shapeinference.Where(in[0].shape, in[1].shape, in[2].shape)
	if err != nil {
		return nil, err
	}
	shape = emptied(shape, in)
	for i := range in {
		if in[i], err = f.expand(in[i], shape.Dimensions); err != nil {
			return nil, err
		}
	}
	return f.add(compute.OpTypeWhere, shape, nil, in...)
}

func (f *function) ConvertDType(x compute.Value, dtype dtypes.DType) (compute.Value, error) {
	in, err := f.operands(compute.OpTypeConvertDType, x)
	if err != nil {
		return nil, err
	}
	n, err := f.convert(in[0], dtype)
	if err != nil {
		return nil, err
	}
	return n, nil
}

func (f *function) Identity(x compute.Value) (compute.Value, error) {
	in, err := f.operands(compute.OpTypeIdentity, x)
	if err != nil {
		return nil, err
	}
	return in[0], nil
}
