package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

// gatherAttr is what Gather documents.
type gatherAttr struct {
	vectorAxis                                int
	offsetOutput, collapsed, startMap, sizing []int
}

func (f *function) Gather(operand, starts compute.Value, indexVectorAxis int,
	offsetOutputAxes, collapsedSliceAxes, startIndexMap, sliceSizes []int, sorted bool) (compute.Value, error) {
	in, err := f.operands(compute.OpTypeGather, operand, starts)
	if err != nil {
		return nil, err
	}
	shape, err := shapeinference.Gather(in[0].shape, in[1].shape, indexVectorAxis,
		offsetOutputAxes, collapsedSliceAxes, startIndexMap, sliceSizes, sorted)
	if err != nil {
		return nil, err
	}
	if in[1], err = f.convert(in[1], dtypes.Int64); err != nil {
		return nil, err
	}
	a := gatherAttr{indexVectorAxis, slices.Clone(offsetOutputAxes), slices.Clone(collapsedSliceAxes),
		slices.Clone(startIndexMap), slices.Clone(sliceSizes)}
	return f.add(compute.OpTypeGather, shape, a, in...)
}

// scatterAttr is what the scatter operations document.
type scatterAttr struct {
	reduce                          compute.OpType
	vectorAxis                      int
	updateWindow, inserted, axesMap []int
}

func (f *function) scatter(op, reduce compute.OpType, operand, indices, updates compute.Value, indexVectorAxis int,
	updateWindowAxes, insertedWindowAxes, scatterAxesToOperandAxes []int) (compute.Value, error) {
	in, err := f.operands(op, operand, indices, updates)
	if err != nil {
		return nil, err
	}
	shape, err := shapeinference.Scatter(in[0].shape, in[1].shape, in[2].shape, indexVectorAxis,
		updateWindowAxes, insertedWindowAxes, scatterAxesToOperandAxes)
	if err != nil {
		return nil, err
	}
	if in[1], err = f.convert(in[1], dtypes.Int64); err != nil {
		return nil, err
	}
	a := scatterAttr{reduce, indexVectorAxis, slices.Clone(updateWindowAxes), slices.Clone(insertedWindowAxes),
		slices.Clone(scatterAxesToOperandAxes)}
	return f.addWide(op, shape, a, in...)
}

func (f *function) ScatterSum(operand, indices, updates compute.Value, vectorAxis int, window, inserted, axes []int, _, _ bool) (compute.Value, error) {
	return f.scatter(compute.OpTypeScatterSum, compute.OpTypeAdd, operand, indices, updates, vectorAxis, window, inserted, axes)
}

func (f *function) ScatterMax(operand, indices, updates compute.Value, vectorAxis int, window, inserted, axes []int, _, _ bool) (compute.Value, error) {
	return f.scatter(compute.OpTypeScatterMax, compute.OpTypeMax, operand, indices, updates, vectorAxis, window, inserted, axes)
}

func (f *function) ScatterMin(operand, indices, updates compute.Value, vectorAxis int, window, inserted, axes []int, _, _ bool) (compute.Value, error) {
	return f.scatter(compute.OpTypeScatterMin, compute.OpTypeMin, operand, indices, updates, vectorAxis, window, inserted, axes)
}

// startNodes converts start indices to int64.
func (f *function) startNodes(op compute.OpType, rank int, starts []compute.Value) ([]*node, error) {
	in, err := f.operands(op, starts...)
	if err != nil {
		return nil, err
	}
	if len(in) != rank {
		return nil, f.builder.errorf("%s: %d start indices; want one for each of %d axes", op, len(in), rank)
	}
	for i, n := range in {
		if n.shape.Size() != 1 || !n.shape.DType.IsInt() {
			return nil, f.builder.errorf("%s: start index %d is %s; want an integer scalar", op, i, n.shape)
		}
		if in[i], err = f.convert(n, dtypes.Int64); err != nil {
			return nil, err
		}
	}
	return in, nil
}

func (f *function) DynamicSlice(operand compute.Value, starts []compute.Value, sizes []int) (compute.Value, error) {
	in, err := f.operands(compute.OpTypeDynamicSlice, operand)
	if err != nil {
		return nil, err
	}
	shape, err := shapeinference.DynamicSlice(in[0].shape, sizes)
	if err != nil {
		return nil, err
	}
	at, err := f.startNodes(compute.OpTypeDynamicSlice, in[0].shape.Rank(), starts)
	if err != nil {
		return nil, err
	}
	return f.add(compute.OpTypeDynamicSlice, shape, nil, append(in, at...)...)
}

func (f *function) DynamicUpdateSlice(operand, update compute.Value, starts []compute.Value) (compute.Value, error) {
	in, err := f.operands(compute.OpTypeDynamicUpdateSlice, operand, update)
	if err != nil {
		return nil, err
	}
	shape, err := shapeinference.DynamicUpdateSlice(in[0].shape, in[1].shape)
	if err != nil {
		return nil, err
	}
	at, err := f.startNodes(compute.OpTypeDynamicUpdateSlice, in[0].shape.Rank(), starts)
	if err != nil {
		return nil, err
	}
	return f.add(compute.OpTypeDynamicUpdateSlice, shape, nil, append(in, at...)...)
}

func (f *function) RNGBitGenerator(state compute.Value, shape shapes.Shape) (newState, values compute.Value, err error) {
	in, err := f.operands(compute.OpTypeRNGBitGenerator, state)
	if err != nil {
		return nil, nil, err
	}
	if !sameShape(in[0].shape, compute.RNGStateShape) {
		return nil, nil, f.builder.errorf("RNGBitGenerator: state is %s; want %s", in[0].shape, compute.RNGStateShape)
	}
	if !shape.DType.IsInt() {
		return nil, nil, f.builder.errorf("RNGBitGenerator: random bits as %s; want integers", shape)
	}
	out, err := f.addMany(compute.OpTypeRNGBitGenerator, []shapes.Shape{in[0].shape, shape.Clone()}, nil, in...)
	if err != nil {
		return nil, nil, err
	}
	return out[0], out[1], nil
}
