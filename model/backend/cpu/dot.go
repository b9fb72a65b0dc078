package cpu

import (
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/pkg/errors"

	"github.com/retort-ml/retort/internal/workpool"
	"github.com/retort-ml/retort/model/backend/cpu/internal/kernels"
)

func lowerDot(c *compiler, n *node) error {
	d, dtype := n.attr.(dotAttr), n.shape.DType
	a, b := c.slot(n.inputs[0]), c.slot(n.inputs[1])
	out := c.newSlot(n)
	st := step{op: "DotGeneral", reads: []int{a, b}, writes: []int{out}}
	if dtype == dtypes.Float32 {
		st.bind = func(fr *frame) func() { return func() { d.float32(fr, out, a, b) } }
		c.emit(st)
		return nil
	}
	fn := byNumber(dtype, dotOf[int8](d), dotOf[int16](d), dotOf[int32](d), dotOf[int64](d),
		dotOf[uint8](d), dotOf[uint16](d), dotOf[uint32](d), dotOf[uint64](d), nil, dotOf[float64](d))
	if fn == nil {
		return errors.Wrapf(compute.ErrNotImplemented, "DotGeneral of %s", dtype)
	}
	st.bind = func(fr *frame) func() {
		body := func(row int) { fn(fr.ptr[out], fr.ptr[a], fr.ptr[b], row) }
		return func() { workpool.For(d.batch*d.m, body) }
	}
	c.emit(st)
	return nil
}

func (d dotAttr) float32(fr *frame, out, a, b int) {
	if d.batch*d.m*d.n == 0 {
		return
	}
	lda, ldb := d.k, d.n
	if d.transA {
		lda = d.m
	}
	if d.transB {
		ldb = d.k
	}
	x, y, z := fr.f32(a, d.batch*d.m*d.k), fr.f32(b, d.batch*d.n*d.k), fr.f32(out, d.batch*d.m*d.n)
	kernels.Gemm(kernels.Matrix{Data: z, LD: d.n, Stride: d.m * d.n},
		kernels.Matrix{Data: x, LD: max(1, lda), Stride: d.m * d.k, Trans: d.transA},
		kernels.Matrix{Data: y, LD: max(1, ldb), Stride: d.n * d.k, Trans: d.transB},
		kernels.Product{M: d.m, N: d.n, K: d.k, Batch: d.batch})
}

// dotOf computes one row of the product.
func dotOf[T number](d dotAttr) func(out, a, b unsafe.Pointer, row int) {
	aRow, aCol := d.k, 1
	if d.transA {
		aRow, aCol = 1, d.m
	}
	return func(out, a, b unsafe.Pointer, row int) {
		batch, i := row/d.m, row%d.m
		x := view[T](a, d.batch*d.m*d.k)[batch*d.m*d.k:]
		y := view[T](b, d.batch*d.n*d.k)[batch*d.n*d.k:]
		z := view[T](out, d.batch*d.m*d.n)[row*d.n:][:d.n]
		clear(z)
		for k := range d.k {
			v := x[i*aRow+k*aCol]
			if d.transB {
				for j := range z {
					z[j] += v * y[j*d.k+k]
				}
				continue
			}
			for j, w := range y[k*d.n:][:d.n] {
				z[j] += v * w
			}
		}
	}
}
