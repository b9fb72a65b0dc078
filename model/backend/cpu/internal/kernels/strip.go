package kernels

// The strip kernels below compute dst[i] from the operands' element i, for
// every i < len(dst). Operands must be at least as long as dst; dst may be one
// of them, but may not overlap one otherwise. They run on the calling
// goroutine.

// Add sets dst = a + b.
func Add(dst, a, b []float32) { binary(active.strips.add, dst, a, b) }

// Sub sets dst = a - b.
func Sub(dst, a, b []float32) { binary(active.strips.sub, dst, a, b) }

// Mul sets dst = a · b.
func Mul(dst, a, b []float32) { binary(active.strips.mul, dst, a, b) }

// Div sets dst = a / b.
func Div(dst, a, b []float32) { binary(active.strips.div, dst, a, b) }

// Max sets dst = max(a, b); NaN if either is NaN.
func Max(dst, a, b []float32) { binary(active.strips.max, dst, a, b) }

// Min sets dst = min(a, b); NaN if either is NaN.
func Min(dst, a, b []float32) { binary(active.strips.min, dst, a, b) }

// ReLUGrad sets dst = dy where y > 0, else 0. y may be ReLU's input or its
// output: both give the same mask.
func ReLUGrad(dst, dy, y []float32) { binary(active.strips.reluGrad, dst, dy, y) }

// AddScalar sets dst = a + s.
func AddScalar(dst, a []float32, s float32) { scalar(active.strips.addScalar, dst, a, s) }

// SubScalarFrom sets dst = s - a.
func SubScalarFrom(dst, a []float32, s float32) { scalar(active.strips.subFrom, dst, a, s) }

// MulScalar sets dst = a · s.
func MulScalar(dst, a []float32, s float32) { scalar(active.strips.mulScalar, dst, a, s) }

// DivScalar sets dst = a / s.
func DivScalar(dst, a []float32, s float32) { scalar(active.strips.divScalar, dst, a, s) }

// ScalarDiv sets dst = s / a.
func ScalarDiv(dst, a []float32, s float32) { scalar(active.strips.divFrom, dst, a, s) }

// MaxScalar sets dst = max(a, s); NaN if either is NaN.
func MaxScalar(dst, a []float32, s float32) { scalar(active.strips.maxScalar, dst, a, s) }

// MinScalar sets dst = min(a, s); NaN if either is NaN.
func MinScalar(dst, a []float32, s float32) { scalar(active.strips.minScalar, dst, a, s) }

// Neg sets dst = -a.
func Neg(dst, a []float32) { unary(active.strips.neg, dst, a) }

// Abs sets dst = |a|.
func Abs(dst, a []float32) { unary(active.strips.abs, dst, a) }

// Sqrt sets dst = √a, correctly rounded.
func Sqrt(dst, a []float32) { unary(active.strips.sqrt, dst, a) }

// Rsqrt sets dst = 1/√a, each step correctly rounded.
func Rsqrt(dst, a []float32) { unary(active.strips.rsqrt, dst, a) }

// Exp sets dst = e^a, to about 1 ulp.
func Exp(dst, a []float32) { unary(active.strips.exp, dst, a) }

// Log sets dst = ln a, to about 1 ulp; -Inf at 0, NaN below.
func Log(dst, a []float32) { unary(active.strips.log, dst, a) }

// Tanh sets dst = tanh a, to a few ulp.
func Tanh(dst, a []float32) { unary(active.strips.tanh, dst, a) }

// Logistic sets dst = 1/(1+e^-a), to a few ulp; 0 below -88.
func Logistic(dst, a []float32) { unary(active.strips.logistic, dst, a) }

// ReLU sets dst = max(a, 0); NaN stays NaN.
func ReLU(dst, a []float32) { unary(active.strips.relu, dst, a) }

// Fma sets dst = a·b + c, rounded once.
func Fma(dst, a, b, c []float32) {
	wantLen("strip", "c", c, len(dst))
	binary(func(dst, a, b *float32, n int) { active.strips.fma(dst, a, b, &c[0], n) }, dst, a, b)
}

// AddScaled sets dst = a + s·b, rounded once.
func AddScaled(dst, a, b []float32, s float32) {
	wantLen("strip", "a", a, len(dst))
	wantLen("strip", "b", b, len(dst))
	if len(dst) > 0 {
		active.strips.addScaled(&dst[0], &a[0], &b[0], s, len(dst))
	}
}

// Copy sets dst = a.
func Copy(dst, a []float32) {
	wantLen("strip", "a", a, len(dst))
	copy(dst, a)
}

// Fill sets every element of dst to s.
func Fill(dst []float32, s float32) {
	if len(dst) == 0 {
		return
	}
	dst[0] = s
	for n := 1; n < len(dst); n *= 2 {
		copy(dst[n:], dst[:n])
	}
}

func unary(f func(dst, a *float32, n int), dst, a []float32) {
	wantLen("strip", "a", a, len(dst))
	if len(dst) > 0 {
		f(&dst[0], &a[0], len(dst))
	}
}

func binary(f func(dst, a, b *float32, n int), dst, a, b []float32) {
	wantLen("strip", "a", a, len(dst))
	wantLen("strip", "b", b, len(dst))
	if len(dst) > 0 {
		f(&dst[0], &a[0], &b[0], len(dst))
	}
}

func scalar(f func(dst, a *float32, s float32, n int), dst, a []float32, s float32) {
	wantLen("strip", "a", a, len(dst))
	if len(dst) > 0 {
		f(&dst[0], &a[0], s, len(dst))
	}
}
