package kernels

import (
	"math"
	"unsafe"
)

var stripsPortable = stripKernels{
	neg:                          negPortable,
	abs:                          absPortable,
	sqrt:                         sqrtPortable,
	rsqrt:                        rsqrtPortable,
	exp:                          expPortable,
	log:                          logPortable,
	tanh:                         tanhPortable,
	logistic:                     logisticPortable,
	relu:                         reluPortable,
	add:                          addPortable,
	sub:                          subPortable,
	mul:                          mulPortable,
	div:                          divPortable,
	max:                          maxPortable,
	min:                          minPortable,
	reluGrad:                     reluGradPortable,
	addScalar:                    addScalarPortable,
	subFrom:                      subFromPortable,
	mulScalar:                    mulScalarPortable,
	divScalar:                    divScalarPortable,
	divFrom:                      divFromPortable,
	maxScalar:                    maxScalarPortable,
	minScalar:                    minScalarPortable,
	fma:                          fmaPortable,
	addScaled:                    addScaledPortable,
	maxGrad:                      maxGradPortable,
	sumRowsInto:                  sumRowsIntoPortable,
	maxRowsInto:                  maxRowsIntoPortable,
	squaresInto:                  squaresIntoPortable,
	gradSums:                     gradSumsPortable,
	gradSumsReLU:                 gradSumsReLUPortable,
	gradSumsKeep:                 gradSumsKeepPortable,
	gradInput:                    gradInputPortable,
	gradSumsAgain:                gradSumsAgainPortable,
	gradInputAgain:               gradInputAgainPortable,
	gradInputReLU:                gradInputReLUPortable,
	normalize:                    normalizePortable,
	normalizeReLU:                normalizeReLUPortable,
	normalizeResidual:            normalizeResidualPortable,
	normalizeResidualReLU:        normalizeResidualReLUPortable,
	sumStrip:                     sumStripPortable,
	maxStrip:                     maxStripPortable,
	winoInput:                    winoInputPortable,
	winoWeights:                  winoWeightsPortable,
	winoOutput:                   winoOutputPortable,
	winoOutputFinish:             winoOutputFinishPortable,
	winoOutputFinishReLU:         winoOutputFinishReLUPortable,
	winoOutputFinishResidual:     winoOutputFinishResidualPortable,
	winoOutputFinishResidualReLU: winoOutputFinishResidualReLUPortable,
	winoInput4:                   winoInput4Portable,
	winoWeights4:                 winoWeights4Portable,
	winoOutput4:                  winoOutput4Portable,
	winoInputGrad4:               winoInputGrad4Portable,
	winoOutputGrad4:              winoOutputGrad4Portable,
	winoWeightsGrad4:             winoWeightsGrad4Portable,
}

func span(p *float32, n int) []float32 { return unsafe.Slice(p, n) }

func each1(dst, a *float32, n int, f func(float32) float32) {
	d := span(dst, n)
	for i, v := range span(a, n) {
		d[i] = f(v)
	}
}

func each2(dst, a, b *float32, n int, f func(x, y float32) float32) {
	d, y := span(dst, n), span(b, n)
	for i, v := range span(a, n) {
		d[i] = f(v, y[i])
	}
}

func negPortable(dst, a *float32, n int) {
	each1(dst, a, n, func(x float32) float32 { return -x })
}

func absPortable(dst, a *float32, n int) {
	each1(dst, a, n, func(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) })
}

func sqrtPortable(dst, a *float32, n int) {
	each1(dst, a, n, func(x float32) float32 { return float32(math.Sqrt(float64(x))) })
}

func rsqrtPortable(dst, a *float32, n int) {
	each1(dst, a, n, func(x float32) float32 { return 1 / float32(math.Sqrt(float64(x))) })
}

func expPortable(dst, a *float32, n int) {
	each1(dst, a, n, func(x float32) float32 { return float32(math.Exp(float64(x))) })
}

func logPortable(dst, a *float32, n int) {
	each1(dst, a, n, func(x float32) float32 { return float32(math.Log(float64(x))) })
}

func tanhPortable(dst, a *float32, n int) {
	each1(dst, a, n, func(x float32) float32 { return float32(math.Tanh(float64(x))) })
}

func logisticPortable(dst, a *float32, n int) {
	each1(dst, a, n, func(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) })
}

func clampPositive(x float32) float32 {
	if x < 0 {
		return 0
	}
	return x
}

func reluPortable(dst, a *float32, n int) { each1(dst, a, n, clampPositive) }

func addPortable(dst, a, b *float32, n int) {
	d, y := span(dst, n), span(b, n)
	for i, v := range span(a, n) {
		d[i] = v + y[i]
	}
}

func subPortable(dst, a, b *float32, n int) {
	d, y := span(dst, n), span(b, n)
	for i, v := range span(a, n) {
		d[i] = v - y[i]
	}
}

func mulPortable(dst, a, b *float32, n int) {
	d, y := span(dst, n), span(b, n)
	for i, v := range span(a, n) {
		d[i] = v * y[i]
	}
}

func divPortable(dst, a, b *float32, n int) {
	each2(dst, a, b, n, func(x, y float32) float32 { return x / y })
}

func maxPortable(dst, a, b *float32, n int) {
	each2(dst, a, b, n, func(x, y float32) float32 { return max(x, y) })
}

func minPortable(dst, a, b *float32, n int) {
	each2(dst, a, b, n, func(x, y float32) float32 { return min(x, y) })
}

func wherePositive(g, y float32) float32 {
	if y > 0 {
		return g
	}
	return 0
}

func reluGradPortable(dst, a, b *float32, n int) { each2(dst, a, b, n, wherePositive) }

func addScalarPortable(dst, a *float32, s float32, n int) {
	each1(dst, a, n, func(x float32) float32 { return x + s })
}

func subFromPortable(dst, a *float32, s float32, n int) {
	each1(dst, a, n, func(x float32) float32 { return s - x })
}

func mulScalarPortable(dst, a *float32, s float32, n int) {
	each1(dst, a, n, func(x float32) float32 { return x * s })
}

func divScalarPortable(dst, a *float32, s float32, n int) {
	each1(dst, a, n, func(x float32) float32 { return x / s })
}

func divFromPortable(dst, a *float32, s float32, n int) {
	each1(dst, a, n, func(x float32) float32 { return s / x })
}

func maxScalarPortable(dst, a *float32, s float32, n int) {
	each1(dst, a, n, func(x float32) float32 { return max(x, s) })
}

func minScalarPortable(dst, a *float32, s float32, n int) {
	each1(dst, a, n, func(x float32) float32 { return min(x, s) })
}

// fma32 is a·b + c; the product is exact in float64.
func fma32(a, b, c float32) float32 { return float32(float64(a)*float64(b) + float64(c)) }

func fmaPortable(dst, a, b, c *float32, n int) {
	d, y, z := span(dst, n), span(b, n), span(c, n)
	for i, v := range span(a, n) {
		d[i] = fma32(v, y[i], z[i])
	}
}

func addScaledPortable(dst, a, b *float32, s float32, n int) {
	each2(dst, a, b, n, func(x, y float32) float32 { return fma32(s, y, x) })
}

func sumStripPortable(lanes, x *float32, n int) {
	sum := 0.0
	for _, v := range span(x, n) {
		sum += float64(v)
	}
	*lanes = float32(sum)
}

func maxStripPortable(lanes, x *float32, n int) {
	m := float32(negInf)
	for _, v := range span(x, n) {
		m = max(m, v)
	}
	*lanes = m
}

func maxGradPortable(dx, rest, x, y *float32, n int) {
	d, r, m := span(dx, n), span(rest, n), span(y, n)
	for i, v := range span(x, n) {
		if v == m[i] || v != v {
			d[i] += r[i]
			r[i] = 0
		}
	}
}
