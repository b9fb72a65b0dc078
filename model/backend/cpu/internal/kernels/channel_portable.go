package kernels

func sumRowsIntoPortable(acc, x *float32, n, rows int) {
	for r := range rows {
		addPortable(acc, acc, index(x, r*n), n)
	}
}

func maxRowsIntoPortable(acc, x *float32, n, rows int) {
	for r := range rows {
		maxPortable(acc, acc, index(x, r*n), n)
	}
}

func squaresIntoPortable(acc, mean, x *float32, n, rows int) {
	sum, m := span(acc, n), span(mean, n)
	for r := range rows {
		for i, v := range row(x, r*n, n) {
			d := v - m[i]
			sum[i] += d * d
		}
	}
}

func gradSumsPortable(sum, dot, mean, x, g *float32, n, rows int) {
	s, d, m := span(sum, n), span(dot, n), span(mean, n)
	for r := range rows {
		xs := row(x, r*n, n)
		for i, v := range row(g, r*n, n) {
			s[i] += v
			d[i] += v * (xs[i] - m[i])
		}
	}
}

func gradSumsReLUPortable(sum, dot, mean, x, g, y *float32, n, rows int) {
	s, d, m := span(sum, n), span(dot, n), span(mean, n)
	for r := range rows {
		xs, ys := row(x, r*n, n), row(y, r*n, n)
		for i, v := range row(g, r*n, n) {
			v = wherePositive(v, ys[i])
			s[i] += v
			d[i] += v * (xs[i] - m[i])
		}
	}
}

func gradSumsKeepPortable(sum, dot, mean, x, g, y, kept *float32, n, rows int) {
	reluGradPortable(kept, g, y, n*rows)
	gradSumsPortable(sum, dot, mean, x, kept, n, rows)
}

func gradInputPortable(dx, x, g, mean, dot, sum, scale *float32, n, rows int) {
	m, d, s, k := span(mean, n), span(dot, n), span(sum, n), span(scale, n)
	for r := range rows {
		out, xs := row(dx, r*n, n), row(x, r*n, n)
		for i, v := range row(g, r*n, n) {
			out[i] = k[i] * (v - s[i] - (xs[i]-m[i])*d[i])
		}
	}
}

func gradInputReLUPortable(dx, x, g, mean, dot, sum, scale, y *float32, n, rows int) {
	m, d, s, k := span(mean, n), span(dot, n), span(sum, n), span(scale, n)
	for r := range rows {
		out, xs, ys := row(dx, r*n, n), row(x, r*n, n), row(y, r*n, n)
		for i, v := range row(g, r*n, n) {
			out[i] = k[i] * (wherePositive(v, ys[i]) - s[i] - (xs[i]-m[i])*d[i])
		}
	}
}

// affine is what a normalisation computes, before the residual and ReLU.
func affine(x, mean, scale, offset float32) float32 { return (x-mean)*scale + offset }

func gradSumsAgainPortable(sum, dot, mean, x, g, scale, offset *float32, n, rows int) {
	s, d, m, k, o := span(sum, n), span(dot, n), span(mean, n), span(scale, n), span(offset, n)
	for r := range rows {
		xs := row(x, r*n, n)
		for i, v := range row(g, r*n, n) {
			v = wherePositive(v, affine(xs[i], m[i], k[i], o[i]))
			s[i] += v
			d[i] += v * (xs[i] - m[i])
		}
	}
}

func gradInputAgainPortable(dx, x, g, mean, dot, sum, scale, offset *float32, n, rows int) {
	m, d, s, k, o := span(mean, n), span(dot, n), span(sum, n), span(scale, n), span(offset, n)
	for r := range rows {
		out, xs := row(dx, r*n, n), row(x, r*n, n)
		for i, v := range row(g, r*n, n) {
			out[i] = k[i] * (wherePositive(v, affine(xs[i], m[i], k[i], o[i])) - s[i] - (xs[i]-m[i])*d[i])
		}
	}
}

func normalizePortable(y, x, mean, scale, offset *float32, n, rows int) {
	m, s, o := span(mean, n), span(scale, n), span(offset, n)
	for r := range rows {
		out := row(y, r*n, n)
		for i, v := range row(x, r*n, n) {
			out[i] = affine(v, m[i], s[i], o[i])
		}
	}
}

func normalizeReLUPortable(y, x, mean, scale, offset *float32, n, rows int) {
	normalizePortable(y, x, mean, scale, offset, n, rows)
	reluGradPortable(y, y, y, n*rows)
}

func normalizeResidualPortable(y, x, mean, scale, offset, residual *float32, n, rows int) {
	m, s, o := span(mean, n), span(scale, n), span(offset, n)
	for r := range rows {
		out, more := row(y, r*n, n), row(residual, r*n, n)
		for i, v := range row(x, r*n, n) {
			out[i] = affine(v, m[i], s[i], o[i]) + more[i]
		}
	}
}

func normalizeResidualReLUPortable(y, x, mean, scale, offset, residual *float32, n, rows int) {
	normalizeResidualPortable(y, x, mean, scale, offset, residual, n, rows)
	reluGradPortable(y, y, y, n*rows)
}
