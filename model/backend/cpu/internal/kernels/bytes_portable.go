package kernels

import (
	"math"
	"unsafe"
)

var portableBytes = byteKernels{
	narrow: func(c *float32, coff *int, a *float32, aoff *int, taps *int, ntaps, k int, b *float32, fin *int) {
		gatherBytesPortable(byteCols, c, coff, a, aoff, taps, ntaps, k, b, fin)
	},
	wide: func(c *float32, coff *int, a *float32, aoff *int, taps *int, ntaps, k int, b *float32, fin *int) {
		gatherBytesPortable(2*byteCols, c, coff, a, aoff, taps, ntaps, k, b, fin)
	},
	bytes:   bytesPortable,
	largest: largestPortable,
}

func gatherBytesPortable(cols int, c *float32, coff *int, a *float32, aoff *int, taps *int, ntaps, k int, b *float32, fin *int) {
	f := (*byteFinish)(unsafe.Pointer(fin))
	weights := view[int8](unsafe.Pointer(b), 4*cols*ntaps*k)
	for p := range byteRows {
		var sums [2 * byteCols]int32
		for t := range ntaps {
			x := view[uint8](unsafe.Pointer(index(a, *index(aoff, p)+*index(taps, t))), 4*k)
			for i := range k {
				w := weights[4*cols*(t*k+i):][:4*cols]
				x0, x1, x2, x3 := int32(x[4*i]), int32(x[4*i+1]), int32(x[4*i+2]), int32(x[4*i+3])
				for j := range cols {
					sums[j] += x0*int32(w[4*j]) + x1*int32(w[4*j+1]) + x2*int32(w[4*j+2]) + x3*int32(w[4*j+3])
				}
			}
		}
		f.apply(sums[:cols], c, p, *index(coff, p))
	}
}

// apply finishes row p of a tile, which lies at c[at]. Conversions keep a compiler
// from joining a multiplication and an addition.
func (f *byteFinish) apply(sums []int32, c *float32, p, at int) {
	for j, sum := range sums {
		v := float32(float32(sum) * *index(f.scale, j))
		v = float32(v * *index(f.rows, p))
		v = float32(v + *index(f.offset, j))
		if f.floats != nil {
			v = float32(v + *index(f.floats, at+j))
		}
		if f.bytes != nil {
			v = float32(v + float32(float32(*index(f.bytes, at+j))**index(f.byteRows, p)))
		}
		if f.relu != 0 {
			v = wherePositive(v, v)
		}
		if f.max != nil {
			m := index(f.max, *index(f.maxAt, p)+j%byteCols)
			if v > *m {
				*m = v
			}
		}
		*index(c, at+j) = v
	}
}

func bytesPortable(dst *uint8, src *float32, n int, factor float32) {
	out := unsafe.Slice(dst, n)
	for i, v := range unsafe.Slice(src, n) {
		out[i] = 0
		if v = float32(v * factor); v > 0 {
			out[i] = uint8(min(byteLevels, math.RoundToEven(float64(v))))
		}
	}
}

func largestPortable(max *float32, src *float32, n int) {
	top := row(max, 0, byteCols)
	for i, v := range unsafe.Slice(src, n) {
		if bits := math.Float32bits(v) &^ (1 << 31); bits > math.Float32bits(top[i%byteCols]) {
			top[i%byteCols] = math.Float32frombits(bits)
		}
	}
}
