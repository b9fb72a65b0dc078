package kernels

import "math"

// BatchNorm is the geometry of a normalisation over all axes but the last:
// tensors are [Rows, C], parameters and statistics [C].
type BatchNorm struct {
	Rows, C int
	Eps     float32
}

// Moments sets mean and variance (biased: divided by Rows) of each channel of
// x, in one pass over memory: each block that fits the cache is read twice,
// for its mean and for the squares about it, and the blocks are combined as
// Chan, Golub and LeVeque (1983) do. So the variance keeps its accuracy when
// the mean is large. With no rows both are NaN.
func (b BatchNorm) Moments(mean, variance, x []float32) {
	b.check("BatchNorm.Moments", x)
	b.checkChannels("BatchNorm.Moments", mean, variance)
	f := fold{rows: b.Rows, cols: b.C}.cut()
	m := b.parts(&f, f.blocks)
	defer m.release()
	f.each(func(k block) { m.add(k, x) })
	m.combine(mean, variance)
}

// momentParts are the moments of parts of the rows, which are added in any order and
// combined in theirs.
type momentParts struct {
	BatchNorm
	fold          *fold
	rows          *buffer[int] // of each part
	sums, squares *buffer[float64]
}

// parts must be followed by release.
func (b BatchNorm) parts(f *fold, n int) *momentParts {
	return &momentParts{BatchNorm: b, fold: f, rows: offsets.get(n), sums: doubles.get(n * b.C), squares: doubles.get(n * b.C)}
}

func (m *momentParts) release() {
	offsets.put(m.rows)
	doubles.put(m.sums)
	doubles.put(m.squares)
}

// add sets the part of a block's index. Of a block that is longer than those of fold
// such are taken and combined: long sums are less exact.
func (m *momentParts) add(k block, x []float32) {
	m.rows.data[k.index] = k.to - k.from
	sums, squares := m.sums.data[k.index*m.C:][:m.C], m.squares.data[k.index*m.C:][:m.C]
	first := block{fold: k.fold, from: k.from, to: min(k.to, k.from+k.blockRows)}
	first.moments(sums, squares, x)
	if first.to == k.to {
		return
	}
	buf := doubles.get(2 * m.C)
	defer doubles.put(buf)
	sum, square := buf.data[:m.C], buf.data[m.C:]
	for from := first.to; from < k.to; from += k.blockRows {
		next := block{fold: k.fold, from: from, to: min(k.to, from+k.blockRows)}
		next.moments(sum, square, x)
		before, rows := float64(from-k.from), float64(next.to-from)
		for c, v := range sum {
			d := v/rows - sums[c]/before
			squares[c] += square[c] + d*d*rows*before/(rows+before)
			sums[c] += v
		}
	}
}

func (m *momentParts) combine(mean, variance []float32) {
	n := float64(m.Rows)
	for c := range m.C {
		sum, spread := 0.0, 0.0
		for i := range m.rows.data {
			sum += m.sums.data[i*m.C+c]
			spread += m.squares.data[i*m.C+c]
		}
		of := sum / n
		for i, rows := range m.rows.data {
			d := m.sums.data[i*m.C+c]/float64(rows) - of
			spread += d * d * float64(rows)
		}
		mean[c], variance[c] = float32(of), float32(spread/n)
	}
}

// moments sets the sum of a block and its squares about its own mean.
func (k block) moments(sum, squares []float64, x []float32) {
	buf := floats.get(2*k.width + k.cols)
	defer floats.put(buf)
	acc, mean, one := buf.data[:k.width], buf.data[k.width:][:k.width], buf.data[2*k.width:]
	clear(acc)
	k.run(func(at, n, rows int) { active.strips.sumRowsInto(&acc[0], &x[at], n, rows) })
	k.narrow(sum, acc)
	rows := float64(k.to - k.from)
	for c, v := range sum {
		one[c] = float32(v / rows)
	}
	k.widen(mean, one)
	clear(acc)
	k.run(func(at, n, rows int) { active.strips.squaresInto(&acc[0], &mean[0], &x[at], n, rows) })
	k.narrow(squares, acc)
	for c, v := range sum { // the float32 mean is a little off
		d := v/rows - float64(one[c])
		squares[c] -= d * d * rows
	}
}

// Apply sets y = relu(scale·(x-mean)/√(variance+Eps) + offset + residual).
// residual may be nil; relu says whether to keep only what is > 0, which makes
// a NaN 0. y may be x or residual.
func (b BatchNorm) Apply(y, x, scale, offset, mean, variance, residual []float32, relu bool) {
	b.check("BatchNorm.Apply", y, x)
	b.checkChannels("BatchNorm.Apply", scale, offset, mean, variance)
	if residual != nil {
		b.check("BatchNorm.Apply", residual)
	}
	f := fold{rows: b.Rows, cols: b.C}.cut()
	buf := floats.get(3*f.width + b.C)
	defer floats.put(buf)
	factor := buf.data[3*f.width:]
	for c := range factor {
		factor[c] = b.factor(scale[c], variance[c])
	}
	m := f.widen(buf.data[:f.width], mean)
	s := f.widen(buf.data[f.width:][:f.width], factor)
	o := f.widen(buf.data[2*f.width:][:f.width], offset)
	v := active.strips
	plain, more := v.normalize, v.normalizeResidual
	if relu {
		plain, more = v.normalizeReLU, v.normalizeResidualReLU
	}
	f.each(func(k block) {
		k.run(func(at, n, rows int) {
			if residual == nil {
				plain(&y[at], &x[at], &m[0], &s[0], &o[0], n, rows)
			} else {
				more(&y[at], &x[at], &m[0], &s[0], &o[0], &residual[at], n, rows)
			}
		})
	})
}

// Forward is Moments and then Apply: batch normalisation in training.
func (b BatchNorm) Forward(y, x, scale, offset, mean, variance, residual []float32, relu bool) {
	b.Moments(mean, variance, x)
	b.Apply(y, x, scale, offset, mean, variance, residual, relu)
}

// factor is what the distance from the mean is multiplied with.
func (b BatchNorm) factor(scale, variance float32) float32 {
	return float32(float64(scale) * b.invStd(variance))
}

func (b BatchNorm) invStd(variance float32) float64 {
	return 1 / math.Sqrt(float64(variance)+float64(b.Eps))
}

func (b BatchNorm) check(op string, tensors ...[]float32) {
	for _, t := range tensors {
		wantLen(op, "a tensor", t, b.Rows*b.C)
	}
}

func (b BatchNorm) checkChannels(op string, channels ...[]float32) {
	for _, t := range channels {
		wantLen(op, "a per-channel operand", t, b.C)
	}
}
