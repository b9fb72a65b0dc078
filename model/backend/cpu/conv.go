package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"github.com/retort-ml/retort/model/backend/cpu/internal/kernels"
)

// convForm is which of the three passes of training a convolution is.
type convForm int

const (
	formOther convForm = iota
	formForward
	formInputGrad  // of a convolution with the un-reversed kernel
	formKernelGrad // x and dy being the operands
)

func (f convForm) String() string {
	return [...]string{"Conv", "ConvForward", "ConvInputGrad", "ConvKernelGrad"}[f]
}

// recognise maps a float32 convolution of images to a pass of training, and
// gives the kernel that an input gradient multiplies with.
func recognise(n *node) (convForm, kernels.Conv, *node) {
	a := n.attr.(convAttr)
	if n.shape.DType != dtypes.Float32 || len(a.strides) != 2 || a.batchGroups != 1 || n.shape.Size() == 0 ||
		n.inputs[0].shape.Size() == 0 || n.inputs[1].shape.Size() == 0 {
		return formOther, kernels.Conv{}, nil
	}
	form, g := formOther, kernels.Conv{}
	kernel := n.inputs[1]
	switch {
	case isForward(a):
		form, g = formForward, forwardGeometry(n, a)
	case isInputGrad(n, a):
		form, g = formInputGrad, inputGradGeometry(n, a)
		kernel = root(n.inputs[1]).inputs[0]
	case isKernelGrad(a):
		form, g = formKernelGrad, kernelGradGeometry(n, a)
	}
	if form != formOther && g.Err() != nil {
		form = formOther
	}
	return form, g, kernel
}

// layout compares the axes of a convolution with what a form wants: batch,
// channels and spatial axes of the input, kernel and output.
func layout(a convAttr, in, kernel, out [4]int) bool {
	x := a.axes
	return x.InputBatch == in[0] && slices.Equal(x.InputSpatial, in[1:3]) && x.InputChannels == in[3] &&
		slices.Equal(x.KernelSpatial, kernel[0:2]) && x.KernelInputChannels == kernel[2] && x.KernelOutputChannels == kernel[3] &&
		x.OutputBatch == out[0] && slices.Equal(x.OutputSpatial, out[1:3]) && x.OutputChannels == out[3]
}

func ones(list []int) bool {
	for _, v := range list {
		if v != 1 {
			return false
		}
	}
	return true
}

// isForward: NHWC · HWIO -> NHWC.
func isForward(a convAttr) bool {
	return ones(a.inputDilation) && layout(a, [4]int{0, 1, 2, 3}, [4]int{0, 1, 2, 3}, [4]int{0, 1, 2, 3})
}

// isInputGrad: dy [N, OH, OW, Co] · reversed kernel with input and output
// channels swapped -> dx [N, H, W, Ci]. What was the stride dilates dy.
func isInputGrad(n *node, a convAttr) bool {
	r := root(n.inputs[1])
	return ones(a.strides) && a.channelGroups == 1 && r.op == compute.OpTypeReverse &&
		slices.Equal(r.attr.([]int), []int{0, 1}) && sameShape(r.shape, n.inputs[1].shape) &&
		layout(a, [4]int{0, 1, 2, 3}, [4]int{0, 1, 3, 2}, [4]int{0, 1, 2, 3})
}

// isKernelGrad: x with batch as channels · dy with batch as input channels ->
// dw [KH, KW, Ci, Co]. What was the stride dilates dy; what was the dilation is
// the stride.
func isKernelGrad(a convAttr) bool {
	return ones(a.inputDilation) && a.channelGroups == 1 &&
		layout(a, [4]int{3, 1, 2, 0}, [4]int{1, 2, 0, 3}, [4]int{2, 0, 1, 3})
}

func forwardGeometry(n *node, a convAttr) kernels.Conv {
	x, w, y := n.inputs[0].shape.Dimensions, n.inputs[1].shape.Dimensions, n.shape.Dimensions
	return kernels.Conv{N: x[0], H: x[1], W: x[2], Ci: x[3], KH: w[0], KW: w[1], Co: y[3], OH: y[1], OW: y[2],
		StrideH: a.strides[0], StrideW: a.strides[1], PadT: a.padding[0][0], PadL: a.padding[1][0],
		DilH: a.dilation[0], DilW: a.dilation[1], Groups: a.channelGroups}
}

// inputGradGeometry is that of the forward convolution: its padding at the top
// is what the reversed one lacks to the kernel's extent.
func inputGradGeometry(n *node, a convAttr) kernels.Conv {
	dy, w, dx := n.inputs[0].shape.Dimensions, n.inputs[1].shape.Dimensions, n.shape.Dimensions
	return kernels.Conv{N: dx[0], H: dx[1], W: dx[2], Ci: dx[3], KH: w[0], KW: w[1], Co: dy[3], OH: dy[1], OW: dy[2],
		StrideH: a.inputDilation[0], StrideW: a.inputDilation[1],
		PadT: (w[0]-1)*a.dilation[0] - a.padding[0][0], PadL: (w[1]-1)*a.dilation[1] - a.padding[1][0],
		DilH: a.dilation[0], DilW: a.dilation[1], Groups: 1}
}

func kernelGradGeometry(n *node, a convAttr) kernels.Conv {
	x, dy, dw := n.inputs[0].shape.Dimensions, n.inputs[1].shape.Dimensions, n.shape.Dimensions
	return kernels.Conv{N: x[0], H: x[1], W: x[2], Ci: x[3], KH: dw[0], KW: dw[1], Co: dw[3], OH: dy[1], OW: dy[2],
		StrideH: a.dilation[0], StrideW: a.dilation[1], PadT: a.padding[0][0], PadL: a.padding[1][0],
		DilH: a.strides[0], DilW: a.strides[1], Groups: 1}
}
