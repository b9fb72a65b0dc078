package tensorboard

import (
	"encoding/binary"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Histogram adds the distribution of values at a step, in TensorFlow's own
// buckets: their limits grow by a factor of 1.1 from 1e-12, on both sides of 0.
// Values that are not finite are left out.
func (w *Writer) Histogram(step int64, tag string, values []float32) {
	limits, counts := make([]float64, 0), make([]float64, 0)
	var n, sum, squares float64
	low, high := math.Inf(1), math.Inf(-1)
	bins := make([]float64, len(bucketLimits))
	for _, v32 := range values {
		v := float64(v32)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		i, _ := slices.BinarySearch(bucketLimits, math.Nextafter(v, math.Inf(1))) // limits are exclusive
		bins[min(i, len(bins)-1)]++
		n, sum, squares = n+1, sum+v, squares+v*v
		low, high = min(low, v), max(high, v)
	}
	if n == 0 {
		return
	}
	for i, count := range bins { // runs of empty buckets become one
		if count == 0 && len(counts) > 0 && counts[len(counts)-1] == 0 {
			limits[len(limits)-1] = bucketLimits[i]
			continue
		}
		limits, counts = append(limits, bucketLimits[i]), append(counts, count)
	}
	var h []byte
	for i, v := range []float64{low, high, n, sum, squares} {
		h = protowire.AppendTag(h, protowire.Number(i+1), protowire.Fixed64Type)
		h = binary.LittleEndian.AppendUint64(h, math.Float64bits(v))
	}
	h = appendDoubles(h, 6, limits)
	h = appendDoubles(h, 7, counts)
	v := appendString(nil, 1, tag)
	v = protowire.AppendBytes(protowire.AppendTag(v, 5, protowire.BytesType), h)
	w.summary(step, v)
}

func appendDoubles(b []byte, number protowire.Number, values []float64) []byte {
	b = protowire.AppendTag(b, number, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(8*len(values)))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return b
}

var bucketLimits = func() (limits []float64) {
	var positive []float64
	for v := 1e-12; v < 1e20; v *= 1.1 {
		positive = append(positive, v)
	}
	positive = append(positive, math.MaxFloat64)
	for i := len(positive) - 1; i >= 0; i-- {
		limits = append(limits, -positive[i])
	}
	return append(append(limits, 0), positive...)
}()
