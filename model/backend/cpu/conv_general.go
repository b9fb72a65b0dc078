package cpu

import (
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/pkg/errors"

	"github.com/retort-ml/retort/internal/workpool"
)

// convPlan is a convolution of any rank and layout, by strides into the three
// tensors. It is the plain definition.
type convPlan struct {
	convAttr
	in, kernel, out       []int // dimensions
	inStride, kStride, os []int
}

func lowerConvGeneral(c *compiler, n *node) error {
	p := &convPlan{convAttr: n.attr.(convAttr), in: n.inputs[0].shape.Dimensions, kernel: n.inputs[1].shape.Dimensions, out: n.shape.Dimensions}
	p.inStride, p.kStride, p.os = rowMajor(p.in), rowMajor(p.kernel), rowMajor(p.out)
	fn := byNumber(n.shape.DType, convOf[int8, int8](p), convOf[int16, int16](p), convOf[int32, int32](p), convOf[int64, int64](p),
		convOf[uint8, uint8](p), convOf[uint16, uint16](p), convOf[uint32, uint32](p), convOf[uint64, uint64](p),
		convOf[float32, float64](p), convOf[float64, float64](p))
	if fn == nil {
		return errors.Wrapf(compute.ErrNotImplemented, "ConvGeneral of %s", n.shape.DType)
	}
	a, b, out, count := c.slot(n.inputs[0]), c.slot(n.inputs[1]), c.newSlot(n), n.shape.Size()
	const per = 64
	c.emit(step{op: "ConvGeneral (general)", reads: []int{a, b}, writes: []int{out}, bind: func(fr *frame) func() {
		body := func(i int) { fn(fr.ptr[out], fr.ptr[a], fr.ptr[b], i*per, min(count, (i+1)*per)) }
		return func() { workpool.For((count+per-1)/per, body) }
	}})
	return nil
}

// convOf computes outputs [from, to), summing in A.
func convOf[T, A number](p *convPlan) func(out, in, kernel unsafe.Pointer, from, to int) {
	return func(out, in, kernel unsafe.Pointer, from, to int) {
		y := view[T](out, to)
		x, w := view[T](in, size(p.in)), view[T](kernel, size(p.kernel))
		channels := p.kernel[p.axes.KernelInputChannels]
		xc, wc := p.inStride[p.axes.InputChannels], p.kStride[p.axes.KernelInputChannels]
		for i := from; i < to; i++ {
			var sum A
			p.taps(i, func(xAt, wAt int) {
				for c := range channels {
					sum += A(x[xAt+c*xc]) * A(w[wAt+c*wc])
				}
			})
			y[i] = T(sum)
		}
	}
}

// taps calls fn with where the channels of input and kernel start, for every
// position of the kernel that meets the input of output i.
func (p *convPlan) taps(i int, fn func(x, w int)) {
	at := func(axis int) int { return i / p.os[axis] % p.out[axis] }
	o := at(p.axes.OutputChannels)
	batches := p.in[p.axes.InputBatch] / p.batchGroups
	b := at(p.axes.OutputBatch) + o/max(1, p.out[p.axes.OutputChannels]/p.batchGroups)*batches
	group := o / max(1, p.out[p.axes.OutputChannels]/p.channelGroups)
	x := b*p.inStride[p.axes.InputBatch] + group*p.kernel[p.axes.KernelInputChannels]*p.inStride[p.axes.InputChannels]
	w := o * p.kStride[p.axes.KernelOutputChannels]
	p.spatial(0, at, x, w, fn)
}

func (p *convPlan) spatial(k int, at func(int) int, x, w int, fn func(x, w int)) {
	if k == len(p.strides) {
		fn(x, w)
		return
	}
	ia, ka := p.axes.InputSpatial[k], p.axes.KernelSpatial[k]
	first := at(p.axes.OutputSpatial[k])*p.strides[k] - p.padding[k][0]
	for t := range p.kernel[ka] {
		pos := first + t*p.dilation[k]
		if pos < 0 || pos%p.inputDilation[k] != 0 || pos/p.inputDilation[k] >= p.in[ia] {
			continue
		}
		p.spatial(k+1, at, x+pos/p.inputDilation[k]*p.inStride[ia], w+t*p.kStride[ka], fn)
	}
}
