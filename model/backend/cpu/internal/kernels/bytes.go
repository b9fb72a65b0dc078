package kernels

import (
	"math"
	"os"
	"unsafe"
)

// Bytes is a tensor [N, H, W, C] of values that are not negative, in 8 bits:
// element i of image n is Data[i] · Scale[n]. An image's scale is its largest
// value / 255, so that nothing is cut and no image depends on its neighbours; it
// is NaN, and so are all values, where an image has no finite values.
type Bytes struct {
	Data  []uint8
	Scale []float32 // [N]
}

// byteLevels and weightLevels are the largest 8-bit activation and weight.
const (
	byteLevels   = 255
	weightLevels = 127
)

// deepestBytes is the most products that a sum of 32 bits can hold.
const deepestBytes = math.MaxInt32 / (byteLevels * weightLevels)

// smallest is where a largest value counts as 0: its reciprocal would overflow.
const smallest = 1e-30

// scaleOf is the scale of values up to max, and what they are multiplied with.
func scaleOf(max float32, levels float32) (scale, factor float32) {
	switch {
	case !(max <= math.MaxFloat32):
		return float32(math.NaN()), 0
	case max < smallest:
		return 0, 0
	}
	return max / levels, levels / max
}

// finite says whether a scale is that of finite values.
func finite(scale float32) bool { return scale <= math.MaxFloat32 }

// byteKernels are the kernels for 8 bits. All sets give the same bits: sums are
// whole numbers, and what follows is rounded operation by operation.
type byteKernels struct {
	narrow, wide byteGather // byteCols and 2·byteCols columns
	bytes        bytesFunc
	largest      largestFunc
}

const (
	byteRows = 12
	byteCols = 16
)

// byteGather computes a tile of byteRows rows of c from rows of a that lie anywhere
// and a panel of b. Offsets, taps and depth of a count quads of bytes:
//
//	c[coff[p]+j] = finished Σ_t Σ_i Σ_q a[4·(aoff[p]+taps[t]+i)+q] · b[((t·k+i)·cols+j)·4+q]
//
// a without and b with a sign; fin is a *byteFinish.
type byteGather func(c *float32, coff *int, a *float32, aoff *int, taps *int, ntaps, k int, b *float32, fin *int)

// byteFinish is what becomes of the sum of row p and column j:
//
//	v = sum · scale[j] · rows[p] + offset[j] + floats[coff[p]+j] + bytes[coff[p]+j] · byteRows[p]
//
// from left to right, then its ReLU; max[maxAt[p]...] are raised to it, in 16
// places that together hold the largest. The assembly knows the fields.
type byteFinish struct {
	scale, offset *float32
	rows          *float32
	floats        *float32 // or nil
	bytes         *uint8   // or nil
	byteRows      *float32
	max           *float32 // or nil: only with relu
	maxAt         *int
	relu          int
}

func (f *byteFinish) pointer() *int { return (*int)(unsafe.Pointer(f)) }

// bytesFunc sets dst to src·factor, rounded to even, within 0 to 255; 0 where NaN.
type bytesFunc func(dst *uint8, src *float32, n int, factor float32)

// largestFunc raises 16 values of max to the largest magnitudes of src, each of
// every sixteenth element; NaN is larger than all.
type largestFunc func(max *float32, src *float32, n int)

// ByteWeights are the weights of a convolution in 8 bits with a sign, with a scale
// for each output channel, packed for the kernels.
type ByteWeights struct {
	packed []float32 // quads: panels of 2·byteCols columns, the last may be narrow
	scale  []float32 // [Co]
	rows   int       // quads of depth
}

// BytesAreFast says whether convolutions in 8 bits have kernels of their own here,
// or are asked for without (RETORT_CPU_ISA=portable). They give the same bits.
func BytesAreFast() bool {
	return active.byteKernels() != &portableBytes || os.Getenv(forced) == portable.ISA
}

// FitsBytes says whether ConvBytes can compute a convolution.
func (s Conv) FitsBytes() bool {
	return s.Groups == 1 && s.Ci%4 == 0 && s.Co%byteCols == 0 && s.rows() <= deepestBytes && s.Err() == nil && s.lenX() > 0 && s.lenW() > 0 && s.lenY() > 0
}

// PackBytes rounds and packs w [KH, KW, Ci, Co].
func PackBytes(w []float32, s Conv) *ByteWeights {
	wantLen("PackBytes", "w", w, s.lenW())
	depth := s.rows()
	p := &ByteWeights{packed: aligned[float32](depth / 4 * s.Co), scale: make([]float32, s.Co), rows: depth / 4}
	factor, max := make([]float32, s.Co), make([]float32, s.Co)
	for k := range depth {
		for o, v := range w[k*s.Co:][:s.Co] {
			if a := float32(math.Abs(float64(v))); !(a <= max[o]) && max[o] == max[o] { // a NaN stays
				max[o] = a
			}
		}
	}
	for o := range max {
		p.scale[o], factor[o] = scaleOf(max[o], weightLevels)
	}
	out := view[int8](unsafe.Pointer(unsafe.SliceData(p.packed)), depth*s.Co)
	for col := 0; col < s.Co; col += 2 * byteCols {
		cols := min(2*byteCols, s.Co-col)
		for k := range depth {
			dst := out[col*depth+k/4*4*cols+k%4:]
			for j, v := range w[k*s.Co+col:][:cols] {
				dst[4*j] = toInt8(v, factor[col+j])
			}
		}
	}
	return p
}

// toInt8 rounds a weight; 0 where its channel is not finite.
func toInt8(v, factor float32) int8 {
	if factor == 0 {
		return 0
	}
	return int8(max(-weightLevels, min(weightLevels, math.RoundToEven(float64(float32(v*factor))))))
}

// view is the n elements at p.
func view[T any](p unsafe.Pointer, n int) []T { return unsafe.Slice((*T)(p), n) }

// quads sees bytes as the groups of four that kernels read; the length divides.
func quads(data []uint8) []float32 {
	return view[float32](unsafe.Pointer(unsafe.SliceData(data)), len(data)/4)
}
