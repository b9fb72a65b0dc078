package nn

import (
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Conv is a square convolution without bias: x [B, H, W, C] -> [B, H', W',
// filters]. With stride 1 padding is SAME; with more, (size-1) rows and columns
// are padded, symmetrically whatever the image's size, and H' = (H-1)/stride+1
// (the reference's conv2d_fixed_padding).
func (b *Builder) Conv(x Map, filters, size, stride int) Map {
	h, w, c := x.Dims[0], x.Dims[1], x.Dims[2]
	kernel := b.variable(b.layer("conv2d"), Kernel, VarianceScaling(size*size*c), size, size, c, filters)
	dims := []int{(h-1)/stride + 1, (w-1)/stride + 1, filters}
	b.flops += 2 * int64(dims[0]) * int64(dims[1]) * int64(filters) * int64(size*size*c)
	return b.apply(dims, func() *Node {
		in, kernel := b.narrow(x.Node), b.narrow(kernel)
		if b.Matmul {
			return matmulConv(in, kernel, stride)
		}
		pad := [2]int{(size - 1) / 2, size / 2}
		return Convolve(in, kernel).Strides(stride).PaddingPerDim([][2]int{pad, pad}).Done()
	})
}

// patchChannels is the number of input channels up to which gathering patches
// into one matrix beats a sum of products of shifted images.
const patchChannels = 32

// matmulConv is the convolution as matrix products over shifted images.
func matmulConv(x, kernel *Node, stride int) *Node {
	size, in, out := kernel.Shape().Dim(0), kernel.Shape().Dim(2), kernel.Shape().Dim(3)
	batch, h, w := x.Shape().Dim(0), (x.Shape().Dim(1)-1)/stride+1, (x.Shape().Dim(2)-1)/stride+1
	padded := padZeros(padZeros(x, 1, (size-1)/2, size/2), 2, (size-1)/2, size/2)
	var patches []*Node
	for i := range size {
		for j := range size {
			patches = append(patches, Slice(padded, AxisRange(), window(i, h, stride), window(j, w, stride), AxisRange()))
		}
	}
	var y *Node
	if in <= patchChannels {
		y = patches[0]
		if len(patches) > 1 {
			y = Concatenate(patches, -1)
		}
		y = MatMul(Reshape(y, batch*h*w, size*size*in), Reshape(kernel, size*size*in, out))
	} else {
		for k, patch := range patches {
			weights := Reshape(Slice(kernel, AxisElem(k/size), AxisElem(k%size), AxisRange(), AxisRange()), in, out)
			term := MatMul(Reshape(patch, batch*h*w, in), weights)
			if y == nil {
				y = term
			} else {
				y = Add(y, term)
			}
		}
	}
	return Reshape(y, batch, h, w, out)
}

// window selects n positions from start on, stride apart.
func window(start, n, stride int) SliceAxisSpec {
	return AxisRange(start, start+(n-1)*stride+1).Stride(stride)
}

// padZeros adds rows of zeros before and after along an axis (by concatenation,
// which has a gradient).
func padZeros(x *Node, axis, before, after int) *Node {
	parts := []*Node{}
	zeros := func(n int) *Node {
		shape := x.Shape().Clone()
		shape.Dimensions[axis] = n
		return Zeros(x.Graph(), shapes.Make(x.DType(), shape.Dimensions...))
	}
	if before > 0 {
		parts = append(parts, zeros(before))
	}
	parts = append(parts, x)
	if after > 0 {
		parts = append(parts, zeros(after))
	}
	if len(parts) == 1 {
		return x
	}
	return Concatenate(parts, axis)
}
