package kernels

import "github.com/retort-ml/retort/internal/workpool"

// ToBytes makes z of x [N, size], which has no negative values: what is less than 0
// becomes 0. size is a multiple of 16.
func ToBytes(z Bytes, x []float32, images, size int) {
	wantLen("ToBytes", "x", x, images*size)
	checkBytes("ToBytes", "z", z, images*size, images)
	if size%byteCols != 0 {
		panic("kernels: ToBytes: the size of an image is no multiple of 16")
	}
	if size == 0 {
		return
	}
	set := active.byteKernels()
	workpool.For(images, func(i int) {
		top := floats.get(byteCols)
		defer floats.put(top)
		clear(top.data)
		from := x[i*size:][:size]
		set.largest(&top.data[0], &from[0], size)
		largest := float32(0)
		for _, v := range top.data {
			largest = max(largest, v) // NaN where one is
		}
		scale, factor := scaleOf(largest, byteLevels)
		z.Scale[i] = scale
		set.bytes(&z.Data[i*size], &from[0], size, factor)
	})
}
