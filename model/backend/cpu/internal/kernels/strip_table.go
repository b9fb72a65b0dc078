package kernels

// stripKernels are the strip kernels of one instruction set. Operands hold n
// elements a row; where there are rows, parameters and accumulators are met
// anew by each.
type stripKernels struct {
	neg, abs, sqrt, rsqrt, exp, log, tanh, logistic, relu                   func(dst, a *float32, n int)
	add, sub, mul, div, max, min, reluGrad                                  func(dst, a, b *float32, n int)
	addScalar, subFrom, mulScalar, divScalar, divFrom, maxScalar, minScalar func(dst, a *float32, s float32, n int)

	fma       func(dst, a, b, c *float32, n int)
	addScaled func(dst, a, b *float32, s float32, n int)

	maxGrad func(dx, rest, x, y *float32, n int)

	sumRowsInto, maxRowsInto func(acc, x *float32, n, rows int)
	squaresInto              func(acc, mean, x *float32, n, rows int)

	gradSums       func(sum, dot, mean, x, g *float32, n, rows int)
	gradSumsReLU   func(sum, dot, mean, x, g, y *float32, n, rows int)
	gradSumsKeep   func(sum, dot, mean, x, g, y, kept *float32, n, rows int)
	gradSumsAgain  func(sum, dot, mean, x, g, scale, offset *float32, n, rows int)
	gradInput      func(dx, x, g, mean, dot, sum, scale *float32, n, rows int)
	gradInputReLU  func(dx, x, g, mean, dot, sum, scale, y *float32, n, rows int)
	gradInputAgain func(dx, x, g, mean, dot, sum, scale, offset *float32, n, rows int)

	normalize, normalizeReLU                 func(y, x, mean, scale, offset *float32, n, rows int)
	normalizeResidual, normalizeResidualReLU func(y, x, mean, scale, offset, residual *float32, n, rows int)

	// They fold n elements, whole vectors, into one vector.
	sumStrip, maxStrip func(lanes, x *float32, n int)

	// The transforms of Winograd's F(2x2, 3x3), in winograd.go; n is a multiple
	// of 16 here.
	winoInput                                              func(dst, src *float32, plane, pixel, row, n int)
	winoWeights                                            func(dst, src *float32, plane, tap, n int)
	winoOutput                                             func(m, y0, y1, y2, y3 *float32, n int) uint32
	winoOutputFinish, winoOutputFinishReLU                 func(m, y0, y1, y2, y3, scale, offset *float32, n int) uint32
	winoOutputFinishResidual, winoOutputFinishResidualReLU func(m, y0, y1, y2, y3, scale, offset, r0, r1, r2, r3 *float32, n int) uint32

	// Those of F(4x4, 3x3), in winograd4.go; tmp is winoTmp floats.
	winoInput4   func(dst, src, tmp *float32, plane, pixel, row, n, step, count int)
	winoWeights4 func(dst, src, tmp *float32, plane, tap, n int)
	winoOutput4  func(m, tmp, y, r, scale, offset *float32, relu, n, plane, next, pixel, row, rows, cols, count int) uint32

	// Those of F(3x3, 4x4), in winograd_grad.go; tmp likewise.
	winoInputGrad4   func(dst, src, tmp *float32, plane, pixel, row, n, skip, rows, cols int)
	winoOutputGrad4  func(dst, src, tmp *float32, plane, pixel, row, n, skip, rows, cols int)
	winoWeightsGrad4 func(dst, src, tmp *float32, plane, tap, n int) uint32
}
