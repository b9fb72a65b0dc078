package augment

import "math"

// The standard library's Exp and Log differ in the last digit from one
// architecture to the next; views must not.

// exp is e^x to about 1e-15 for |x| < 700, 0 below; every product is rounded
// on its own, so that no compiler fuses it with a sum.
func exp(x float64) float64 {
	const ln2 = math.Ln2
	if x < -700 {
		return 0
	}
	k := math.RoundToEven(x * (1 / ln2))
	r := x - float64(k*ln2)
	sum, term := 1.0, 1.0
	for n := 1.0; n < 18; n++ {
		term = float64(term*r) / n
		sum += term
	}
	return math.Ldexp(sum, int(k))
}

// logarithm is the natural logarithm of x > 0: Newton's method on exp.
func logarithm(x float64) float64 {
	fraction, exponent := math.Frexp(x)
	y := float64(float64(exponent)*math.Ln2) + (fraction - 1)
	for range 8 {
		y += float64(x*exp(-y)) - 1
	}
	return y
}
