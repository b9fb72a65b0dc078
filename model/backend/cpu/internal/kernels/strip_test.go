package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

var specials = []float32{0, float32(math.Copysign(0, -1)), 1, -1, 1e-45, -1e-45, 1e-39, 1e-30, 3e38, -3e38, 88.7, 88.73, -87.4, -100, -103.9, -104.1,
	float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}

// operands mixes random values of all sizes with special ones.
func operands(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		switch r.IntN(4) {
		case 0:
			x[i] = specials[r.IntN(len(specials))]
		case 1:
			x[i] = math.Float32frombits(r.Uint32())
		default:
			x[i] = float32(r.NormFloat64() * 10)
		}
	}
	return x
}

var lengths = []int{0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 1000}

// ulps is the distance of got from want in units of want's last place.
func ulps(got float32, want float64) float64 {
	if sameSpecial(float64(got), want) || float64(got) == float64(float32(want)) {
		return 0
	}
	w := float32(math.Abs(want))
	unit := float64(math.Nextafter32(w, float32(math.Inf(1)))) - float64(w)
	if math.IsInf(float64(w), 1) {
		return math.Inf(1)
	}
	return math.Abs(float64(got)-want) / unit
}

func TestUnaryStrips(t *testing.T) {
	cases := []struct {
		name string
		f    func(dst, a []float32)
		want func(x float64) float64
		ulps float64
		tiny float64 // absolute error that is fine, in any case
	}{
		{"Neg", Neg, func(x float64) float64 { return -x }, 0, 0},
		{"Abs", Abs, math.Abs, 0, 0},
		{"Sqrt", Sqrt, math.Sqrt, 0.51, 0},
		{"Rsqrt", Rsqrt, func(x float64) float64 { return 1 / math.Sqrt(x) }, 1.5, 0},
		{"Exp", Exp, math.Exp, 1.5, 3e-45},
		{"Log", Log, math.Log, 1.5, 0},
		{"Tanh", Tanh, math.Tanh, 5, 0},
		{"Logistic", Logistic, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, 3, 4e-39},
		{"ReLU", ReLU, func(x float64) float64 {
			if x < 0 {
				return 0
			}
			return x
		}, 0, 0},
		{"MaxScalar", func(d, a []float32) { MaxScalar(d, a, 2) }, func(x float64) float64 { return max(x, 2) }, 0, 0},
		{"MinScalar", func(d, a []float32) { MinScalar(d, a, 2) }, func(x float64) float64 { return min(x, 2) }, 0, 0},
		{"SubScalarFrom", func(d, a []float32) { SubScalarFrom(d, a, 2) }, func(x float64) float64 { return 2 - x }, 0.51, 0},
		{"ScalarDiv", func(d, a []float32) { ScalarDiv(d, a, 2) }, func(x float64) float64 { return 2 / x }, 0.51, 0},
		{"DivScalar", func(d, a []float32) { DivScalar(d, a, 3) }, func(x float64) float64 { return x / 3 }, 0.51, 0},
		{"AddScalar", func(d, a []float32) { AddScalar(d, a, 3) }, func(x float64) float64 { return x + 3 }, 0.51, 0},
		{"MulScalar", func(d, a []float32) { MulScalar(d, a, 3) }, func(x float64) float64 { return x * 3 }, 0.51, 0},
	}
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, c := range cases {
			worst := 0.0
			for _, n := range append(lengths, 20000) {
				a := operands(r, n)
				dst := make([]float32, n+1)
				dst[n] = 77
				c.f(dst[:n], a)
				if dst[n] != 77 {
					t.Fatalf("%s of %d elements wrote past the end", c.name, n)
				}
				for i, v := range a {
					want := c.want(float64(v))
					if math.Abs(float64(dst[i])-want) <= c.tiny {
						continue
					}
					u := ulps(dst[i], want)
					worst = max(worst, u)
					if !(u <= c.ulps) {
						t.Fatalf("%s(%v) is %v; want %v (%.2f ulp, element %d of %d)", c.name, v, dst[i], want, u, i, n)
					}
				}
			}
			t.Logf("%s: %.2f ulp", c.name, worst)
		}
	})
}

func TestBinaryStrips(t *testing.T) {
	cases := []struct {
		name string
		f    func(dst, a, b []float32)
		want func(x, y float32) float32
	}{
		{"Add", Add, func(x, y float32) float32 { return x + y }},
		{"Sub", Sub, func(x, y float32) float32 { return x - y }},
		{"Mul", Mul, func(x, y float32) float32 { return x * y }},
		{"Div", Div, func(x, y float32) float32 { return x / y }},
		{"Max", Max, func(x, y float32) float32 { return max(x, y) }},
		{"Min", Min, func(x, y float32) float32 { return min(x, y) }},
		{"ReLUGrad", ReLUGrad, wherePositive},
		{"AddScaled", func(d, a, b []float32) { AddScaled(d, a, b, 0.3) }, func(x, y float32) float32 { return fma32(0.3, y, x) }},
		{"Fma", func(d, a, b []float32) { Fma(d, a, b, b) }, func(x, y float32) float32 { return fma32(x, y, y) }},
	}
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, c := range cases {
			for _, n := range lengths {
				a, b := operands(r, n), operands(r, n)
				dst := make([]float32, n)
				c.f(dst, a, b)
				for i := range a {
					if want := c.want(a[i], b[i]); !sameSpecial(float64(dst[i]), float64(want)) && ulps(dst[i], float64(want)) > 1 {
						t.Fatalf("%s(%v, %v) is %v; want %v (element %d of %d)", c.name, a[i], b[i], dst[i], want, i, n)
					}
				}
			}
		}
	})
}

func TestFillAndCopy(t *testing.T) {
	for _, n := range lengths {
		a, b := make([]float32, n), make([]float32, n)
		Fill(a, 3)
		Copy(b, a)
		for i := range b {
			if b[i] != 3 {
				t.Fatalf("element %d of %d is %v; want 3", i, n, b[i])
			}
		}
	}
}

func TestShortOperandPanics(t *testing.T) {
	defer func() {
		want := "kernels: strip: b holds 3 elements; want at least 4"
		if got := fmt.Sprint(recover()); got != want {
			t.Fatalf("panicked with %q; want %q", got, want)
		}
	}()
	Add(make([]float32, 4), make([]float32, 4), make([]float32, 3))
}

func BenchmarkStrip(b *testing.B) {
	const n = 4096
	x, y, z := make([]float32, n), make([]float32, n), make([]float32, n)
	Fill(x, 0.7)
	Fill(y, 0.3)
	for name, f := range map[string]func(){
		"Add": func() { Add(z, x, y) }, "Exp": func() { Exp(z, x) }, "Log": func() { Log(z, x) }, "Tanh": func() { Tanh(z, x) },
		"ReLU": func() { ReLU(z, x) }, "Div": func() { Div(z, x, y) }, "Logistic": func() { Logistic(z, x) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f()
			}
			b.ReportMetric(float64(n)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "Gelem/s")
		})
	}
}
