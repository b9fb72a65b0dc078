package kernels

import (
	"math"

	"github.com/retort-ml/retort/internal/workpool"
)

var negInf = math.Inf(-1)

// reduceStrip is the elements that a float32 accumulator sums before its
// partial sum goes on in float64, and a piece of work.
const reduceStrip = 1 << 13

// SumAll is the sum of x.
func SumAll(x []float32) float32 {
	strips := (len(x) + reduceStrip - 1) / reduceStrip
	if strips <= 1 {
		return float32(sumStrip(x))
	}
	partial := floats.get(strips)
	defer floats.put(partial)
	workpool.For(strips, func(i int) {
		partial.data[i] = float32(sumStrip(x[i*reduceStrip : min((i+1)*reduceStrip, len(x))]))
	})
	sum := 0.0
	for _, v := range partial.data {
		sum += float64(v)
	}
	return float32(sum)
}

// SumRows sets dst[r] to the sum of row r of x [rows, cols].
func SumRows(dst, x []float32, rows, cols int) {
	eachRow("SumRows", dst, x, rows, cols, func(row []float32) float32 {
		sum := 0.0
		for from := 0; from < len(row); from += reduceStrip {
			sum += sumStrip(row[from:min(from+reduceStrip, len(row))])
		}
		return float32(sum)
	})
}

// MaxRows sets dst[r] to the maximum of row r of x [rows, cols]; NaN if the
// row holds one, -Inf if it is empty.
func MaxRows(dst, x []float32, rows, cols int) {
	eachRow("MaxRows", dst, x, rows, cols, maxStrip)
}

// eachRow spreads rows over the pool, several small ones to an item.
func eachRow(op string, dst, x []float32, rows, cols int, f func(row []float32) float32) {
	wantLen(op, "x", x, rows*cols)
	wantLen(op, "dst", dst, rows)
	each := max(1, 2*reduceStrip/max(cols, 1))
	workpool.For((rows+each-1)/each, func(i int) {
		for r := i * each; r < min((i+1)*each, rows); r++ {
			dst[r] = f(x[r*cols:][:cols])
		}
	})
}

// sumStrip adds the whole vectors of x in lanes, then lanes and the rest in
// order.
func sumStrip(x []float32) float64 {
	var lanes [16]float32
	n := active.Lanes
	whole := len(x) / n * n
	sum := 0.0
	if whole > 0 {
		active.strips.sumStrip(&lanes[0], &x[0], whole)
		for _, v := range lanes[:n] {
			sum += float64(v)
		}
	}
	for _, v := range x[whole:] {
		sum += float64(v)
	}
	return sum
}

func maxStrip(x []float32) float32 {
	var lanes [16]float32
	n := active.Lanes
	whole := len(x) / n * n
	m := float32(negInf)
	if whole > 0 {
		active.strips.maxStrip(&lanes[0], &x[0], whole)
		for _, v := range lanes[:n] {
			m = max(m, v)
		}
	}
	for _, v := range x[whole:] {
		m = max(m, v)
	}
	return m
}

// SumCols sets dst[c] to the sum of column c of x [rows, cols]. This is the
// sum over every axis but the last, such as a bias gradient.
func SumCols(dst, x []float32, rows, cols int) {
	wantLen("SumCols", "x", x, rows*cols)
	wantLen("SumCols", "dst", dst, cols)
	f := fold{rows: rows, cols: cols}.cut()
	partials := doubles.get(f.blocks * cols)
	defer doubles.put(partials)
	f.each(func(b block) {
		acc := floats.get(f.width)
		defer floats.put(acc)
		clear(acc.data)
		b.run(func(at, n, rows int) { active.strips.sumRowsInto(&acc.data[0], &x[at], n, rows) })
		f.narrow(partials.data[b.index*cols:][:cols], acc.data)
	})
	total := doubles.get(cols)
	defer doubles.put(total)
	f.combine(total.data, partials.data)
	for c, v := range total.data {
		dst[c] = float32(v)
	}
}

// MaxCols sets dst[c] to the maximum of column c of x [rows, cols]; NaN if the
// column holds one, -Inf if it is empty.
func MaxCols(dst, x []float32, rows, cols int) {
	wantLen("MaxCols", "x", x, rows*cols)
	wantLen("MaxCols", "dst", dst, cols)
	Fill(dst[:cols], float32(negInf))
	f := fold{rows: rows, cols: cols}.cut()
	partials := floats.get(f.blocks * f.width)
	defer floats.put(partials)
	f.each(func(b block) {
		acc := partials.data[b.index*f.width:][:f.width]
		Fill(acc, float32(negInf))
		b.run(func(at, n, rows int) { active.strips.maxRowsInto(&acc[0], &x[at], n, rows) })
	})
	for i := 0; i < f.blocks*f.width; i += max(cols, 1) {
		Max(dst[:cols], dst[:cols], partials.data[i:][:cols])
	}
}
