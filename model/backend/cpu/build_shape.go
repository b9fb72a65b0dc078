package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

// Operations that move values and do not compute.

func (f *function) Reshape(x compute.Value, dimensions ...int) (compute.Value, error) {
	in, err := f.operands(compute.OpTypeReshape, x)
	if err != nil {
		return nil, err
	}
	shape, err := shapeinference.Reshape(in[0].shape, dimensions)
	if err != nil {
		return nil, err
	}
	if shape.Equal(in[0].shape) {
		return in[0], nil
	}
	return f.add(compute.OpTypeReshape, shape, nil, in...)
}

func (f *function) Bitcast(x compute.Value, dtype dtypes.DType) (compute.Value, error) {
	in, err := f.operands(compute.OpTypeBitcast, x)
	if err != nil {
		return nil, err
	}
	shape, err := shapeinference.Bitcast(in[0].shape, dtype)
	if err != nil {
		return nil, err
	}
	return f.add(compute.OpTypeBitcast, shape, nil, in...)
}

func (f *function) BroadcastInDim(x compute.Value, output shapes.Shape, axes []int) (compute.Value, error) {
	in, err := f.operands(compute.OpTypeBroadcastInDim, x)
	if err != nil {
		return nil, err
	}
	if err := checkShape(output); err != nil {
		return nil, err
	}
	shape := output.Clone()
	if err := shapeinference.BroadcastInDim(in[0].shape, output, axes, nil); err != nil {
		return nil, err
	}
	if shape.Equal(in[0].shape) {
		return in[0], nil
	}
	return f.add(compute.OpTypeBroadcastInDim, shape, slices.Clone(axes), in...)
}

func (f *function) Transpose(x compute.Value, permutation ...int) (compute.Value, error) {
	in, err := f.operands(compute.OpTypeTranspose, x)
	if err != nil {
		return nil, err
	}
	shape, err := shapeinference.Transpose(in[0].shape, permutation)
	if err != nil {
		return nil, err
	}
	return f.add(compute.OpTypeTranspose, shape, slices.Clone(permutation), in...)
}

// sliceAttr is where a slice starts and how far its elements lie apart.
type sliceAttr struct{ starts, strides []int }

func (f *function) Slice(x compute.Value, starts, limits, strides []int) (compute.Value, error) {
	in, err := f.operands(compute.OpTypeSlice, x)
	if err != nil {
		return nil, err
	}
	shape, err := shapeinference.Slice(in[0].shape, starts, limits, strides)
	if err != nil {
		return nil, err
	}
	a := sliceAttr{slices.Clone(starts), slices.Clone(strides)}
	for len(a.strides) < len(starts) {
		a.strides = append(a.strides, 1)
	}
	return f.add(compute.OpTypeSlice, shape, a, in...)
}

func (f *function) Reverse(x compute.Value, axes ...int) (compute.Value, error) {
	in, err := f.operands(compute.OpTypeReverse, x)
	if err != nil {
		return nil, err
	}
	axes = slices.Clone(axes)
	for _, a := range axes {
		if a < 0 || a >= in[0].shape.Rank() {
			return nil, f.builder.errorf("Reverse: axis %d of %s", a, in[0].shape)
		}
	}
	slices.Sort(axes)
	return f.add(compute.OpTypeReverse, in[0].shape, axes, in...)
}

func (f *function) Pad(x, fill compute.Value, axes ...compute.PadAxis) (compute.Value, error) {
	in, err := f.operands(compute.OpTypePad, x, fill)
	if err != nil {
		return nil, err
	}
	shape, err := shapeinference.Pad(in[0].shape, axes...)
	if err != nil {
		return nil, err
	}
	if in[1].shape.DType != in[0].shape.DType || in[1].shape.Size() != 1 {
		return nil, f.builder.errorf("Pad of %s with fill value %s; want a scalar of the same data type", in[0].shape, in[1].shape)
	}
	a := slices.Clone(axes)
	for len(a) < in[0].shape.Rank() {
		a = append(a, compute.PadAxis{})
	}
	return f.add(compute.OpTypePad, shape, a, in...)
}

func (f *function) Concatenate(axis int, operands ...compute.Value) (compute.Value, error) {
	in, err := f.operands(compute.OpTypeConcatenate, operands...)
	if err != nil {
		return nil, err
	}
	if len(in) == 0 {
		return nil, f.builder.errorf("Concatenate of nothing")
	}
	if len(in) == 1 {
		return in[0], nil
	}
	list := make([]shapes.Shape, len(in))
	for i, n := range in {
		list[i] = n.shape
	}
	shape, err := shapeinference.Concatenate(list, axis)
	if err != nil {
		return nil, err
	}
	return f.add(compute.OpTypeConcatenate, shape, axis, in...)
}

func (f *function) Iota(shape shapes.Shape, axis int) (compute.Value, error) {
	if _, err := f.operands(compute.OpTypeIota); err != nil {
		return nil, err
	}
	if axis < 0 || axis >= shape.Rank() {
		return nil, f.builder.errorf("Iota: axis %d of %s", axis, shape)
	}
	if isHalf(shape.DType) {
		v, err := f.add(compute.OpTypeIota, shapes.Make(dtypes.Float32, shape.Dimensions...), axis)
		if err != nil {
			return nil, err
		}
		return f.narrow(v, shape.DType)
	}
	return f.add(compute.OpTypeIota, shape.Clone(), axis)
}
