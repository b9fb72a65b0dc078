package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

// convAttr is a convolution with one entry for each spatial axis.
type convAttr struct {
	axes                       compute.ConvolveAxesConfig
	strides                    []int
	padding                    [][2]int
	inputDilation, dilation    []int
	channelGroups, batchGroups int
}

// orOnes is list, or n ones where it is empty.
func orOnes(list []int, n int) []int {
	out := slices.Clone(list)
	for i := len(out); i < n; i++ {
		out = append(out, 1)
	}
	for i := range out {
		out[i] = max(out[i], 1)
	}
	return out
}

func (f *function) ConvGeneral(input, kernel compute.Value, axes compute.ConvolveAxesConfig, strides []int,
	paddings [][2]int, inputDilations, kernelDilations []int, channelGroups, batchGroups int) (compute.Value, error) {
	in, err := f.operands(compute.OpTypeConvGeneral, input, kernel)
	if err != nil {
		return nil, err
	}
	n := len(axes.InputSpatial)
	channelGroups, batchGroups = max(1, channelGroups), max(1, batchGroups)
	shape, err := shapeinference.ConvGeneral(in[0].shape, in[1].shape, axes, strides, paddings,
		inputDilations, kernelDilations, channelGroups, batchGroups)
	if err != nil {
		return nil, err
	}
	attr := convAttr{axes.Clone(), orOnes(strides, n), slices.Clone(paddings), orOnes(inputDilations, n),
		orOnes(kernelDilations, n), channelGroups, batchGroups}
	for len(attr.padding) < n {
		attr.padding = append(attr.padding, [2]int{})
	}
	return f.addWide(compute.OpTypeConvGeneral, shape, attr, in...)
}

// windowAttr is a window that slides over every axis.
type windowAttr struct {
	reduce                      compute.OpType
	window, strides             []int
	padding                     [][2]int
	inputDilation, windowStride []int
}

func (f *function) ReduceWindow(input compute.Value, kind compute.ReduceOpType,
	window, strides, inputDilations, windowDilations []int, paddings [][2]int) (compute.Value, error) {
	in, err := f.operands(compute.OpTypeReduceWindow, input)
	if err != nil {
		return nil, err
	}
	ops := map[compute.ReduceOpType]compute.OpType{
		compute.ReduceOpSum: compute.OpTypeReduceSum, compute.ReduceOpProduct: compute.OpTypeReduceProduct,
		compute.ReduceOpMax: compute.OpTypeReduceMax, compute.ReduceOpMin: compute.OpTypeReduceMin,
	}
	op, ok := ops[kind]
	if !ok || in[0].shape.DType == dtypes.Bool {
		return nil, f.builder.errorf("ReduceWindow %s of %s", kind, in[0].shape)
	}
	shape, err := shapeinference.ReduceWindow(in[0].shape, window, strides, inputDilations, windowDilations, paddings)
	if err != nil {
		return nil, err
	}
	rank := in[0].shape.Rank()
	if len(strides) == 0 { // as shape inference has it: windows do not overlap
		strides = window
	}
	attr := windowAttr{op, orOnes(window, rank), orOnes(strides, rank), slices.Clone(paddings),
		orOnes(inputDilations, rank), orOnes(windowDilations, rank)}
	for len(attr.padding) < rank {
		attr.padding = append(attr.padding, [2]int{})
	}
	return f.addWide(compute.OpTypeReduceWindow, shape, attr, in...)
}

func (f *function) SelectAndScatterMax(operand, source compute.Value, window, strides []int, paddings [][2]int) (compute.Value, error) {
	return f.selectAndScatter(compute.OpTypeSelectAndScatterMax, compute.OpTypeReduceMax, operand, source, window, strides, paddings)
}

func (f *function) SelectAndScatterMin(operand, source compute.Value, window, strides []int, paddings [][2]int) (compute.Value, error) {
	return f.selectAndScatter(compute.OpTypeSelectAndScatterMin, compute.OpTypeReduceMin, operand, source, window, strides, paddings)
}

func (f *function) selectAndScatter(op, reduce compute.OpType, operand, source compute.Value,
	window, strides []int, paddings [][2]int) (compute.Value, error) {
	in, err := f.operands(op, operand, source)
	if err != nil {
		return nil, err
	}
	shape, err := shapeinference.SelectAndScatter(in[0].shape, in[1].shape, window, strides, paddings)
	if err != nil {
		return nil, err
	}
	rank := in[0].shape.Rank()
	if len(strides) == 0 {
		strides = window
	}
	attr := windowAttr{reduce, orOnes(window, rank), orOnes(strides, rank), slices.Clone(paddings), orOnes(nil, rank), orOnes(nil, rank)}
	for len(attr.padding) < rank {
		attr.padding = append(attr.padding, [2]int{})
	}
	return f.addWide(op, shape, attr, in...)
}

// normAttr is a batch normalisation over all axes but one.
type normAttr struct {
	epsilon        float32
	axis           int
	relu, residual bool // set by the compiler: see fuseNorms
	again          bool // a gradient's mask is computed again, by the offset
}

// normOperands checks the operands: the first is the tensor, and the others
// have one value for each feature, but for those listed as alike.
func (f *function) normOperands(op compute.OpType, axis int, alike map[int]bool, values ...compute.Value) ([]*node, int, error) {
	in, err := f.operands(op, values...)
	if err != nil {
		return nil, 0, err
	}
	x := in[0].shape
	if axis < 0 {
		axis += x.Rank()
	}
	if axis < 0 || axis >= x.Rank() || !x.DType.IsFloat() {
		return nil, 0, f.builder.errorf("%s of %s over feature axis %d", op, x, axis)
	}
	for i, n := range in {
		want := shapes.Make(x.DType, x.Dimensions[axis])
		if i == 0 || alike[i] {
			want = x
		}
		if !sameShape(n.shape, want) {
			return nil, 0, f.builder.errorf("%s: operand %d is %s; want %s", op, i, n.shape, want)
		}
	}
	return in, axis, nil
}

// last moves an axis to the end, if it is not there.
func (f *function) last(n *node, axis int) (*node, error) {
	return f.permuted(n, axis, func(perm []int, k int) []int { return append(slices.Delete(perm, k, k+1), k) })
}

// unlast undoes last.
func (f *function) unlast(n *node, axis int) (*node, error) {
	return f.permuted(n, axis, func(perm []int, k int) []int {
		end := len(perm) - 1
		return slices.Insert(perm[:end], k, end)
	})
}

func (f *function) permuted(n *node, axis int, order func([]int, int) []int) (*node, error) {
	if axis == n.shape.Rank()-1 {
		return n, nil
	}
	perm := make([]int, n.shape.Rank())
	for i := range perm {
		perm[i] = i
	}
	v, err := f.Transpose(n, order(perm, axis)...)
	if err != nil {
		return nil, err
	}
	return v.(*node), nil
}

func (f *function) BatchNormForInference(x, scale, offset, mean, variance compute.Value, epsilon float32, axis int) (compute.Value, error) {
	out, err := f.norm(compute.OpTypeBatchNormForInference, epsilon, axis, nil, 1, x, scale, offset, mean, variance)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

func (f *function) BatchNormForTraining(x, scale, offset compute.Value, epsilon float32, axis int) (
	normalized, mean, variance compute.Value, err error) {
	out, err := f.norm(compute.OpTypeBatchNormForTraining, epsilon, axis, nil, 3, x, scale, offset)
	if err != nil {
		return nil, nil, nil, err
	}
	return out[0], out[1], out[2], nil
}

func (f *function) BatchNormGradient(x, scale, mean, variance, grad compute.Value, epsilon float32, axis int) (
	dx, dscale, doffset compute.Value, err error) {
	out, err := f.norm(compute.OpTypeBatchNormGradient, epsilon, axis, map[int]bool{4: true}, 3, x, scale, mean, variance, grad)
	if err != nil {
		return nil, nil, nil, err
	}
	return out[0], out[1], out[2], nil
}

// norm adds a batch normalisation with the feature axis last, in float32 or
// float64. Its first result is like x, the others are by feature.
func (f *function) norm(op compute.OpType, epsilon float32, axis int, alike map[int]bool, results int, values ...compute.Value) ([]compute.Value, error) {
	in, axis, err := f.normOperands(op, axis, alike, values...)
	if err != nil {
		return nil, err
	}
	dtype := in[0].shape.DType
	wide, _, err := f.widened(in)
	if err != nil {
		return nil, err
	}
	for i := range wide {
		if i == 0 || alike[i] {
			if wide[i], err = f.last(wide[i], axis); err != nil {
				return nil, err
			}
		}
	}
	list := []shapes.Shape{wide[0].shape}
	for range results - 1 {
		list = append(list, wide[1].shape)
	}
	out, err := f.addMany(op, list, normAttr{epsilon: epsilon, axis: axis}, wide...)
	if err != nil {
		return nil, err
	}
	first, err := f.unlast(out[0].(*node), axis)
	if err != nil {
		return nil, err
	}
	out[0] = first
	for i := range out {
		if out[i], err = f.narrow(out[i], dtype); err != nil {
			return nil, err
		}
	}
	return out, nil
}
