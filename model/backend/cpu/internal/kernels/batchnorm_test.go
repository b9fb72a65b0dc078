package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// naiveNorm is the twin of BatchNorm in float64.
type naiveNorm struct{ y, mean, variance, dx, dscale, doffset, dresidual []float64 }

func naiveBatchNorm(b BatchNorm, x, scale, offset, residual, dy []float32, relu bool) naiveNorm {
	n := b.Rows * b.C
	r := naiveNorm{make([]float64, n), make([]float64, b.C), make([]float64, b.C), make([]float64, n), make([]float64, b.C), make([]float64, b.C), make([]float64, n)}
	rows := float64(b.Rows)
	for c := range b.C {
		for i := c; i < n; i += b.C {
			r.mean[c] += float64(x[i]) / rows
		}
		for i := c; i < n; i += b.C {
			d := float64(x[i]) - r.mean[c]
			r.variance[c] += d * d / rows
		}
		inv := 1 / math.Sqrt(r.variance[c]+float64(b.Eps))
		for i := c; i < n; i += b.C {
			v := (float64(x[i])-r.mean[c])*inv*float64(scale[c]) + float64(offset[c])
			if residual != nil {
				v += float64(residual[i])
			}
			g := float64(dy[i])
			if relu && v <= 0 {
				v, g = 0, 0
			}
			r.y[i], r.dresidual[i] = v, g
			r.doffset[c] += g
			r.dscale[c] += g * (float64(x[i]) - r.mean[c]) * inv
		}
		for i := c; i < n; i += b.C {
			xhat := (float64(x[i]) - r.mean[c]) * inv
			r.dx[i] = float64(scale[c]) * inv * (r.dresidual[i] - r.doffset[c]/rows - xhat*r.dscale[c]/rows)
		}
	}
	return r
}

func uniform(n int, v float64) []float64 {
	s := make([]float64, n)
	for i := range s {
		s[i] = v
	}
	return s
}

func TestBatchNormMatchesNaive(t *testing.T) {
	shapes := [][2]int{{1, 1}, {7, 3}, {64, 16}, {1000, 5}, {300, 64}, {33, 513}, {4096, 16}, {5000, 48}, {9, 1200}}
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, shape := range shapes {
			for mode := range 4 {
				relu, withResidual := mode&1 != 0, mode&2 != 0
				b := BatchNorm{Rows: shape[0], C: shape[1], Eps: 1e-3}
				n := b.Rows * b.C
				x, dy, scale, offset := random(r, n), random(r, n), random(r, b.C), random(r, b.C)
				for i := range x {
					x[i] += float32(i % b.C % 3) // different means
				}
				var residual, dres, mask []float32
				if withResidual {
					residual, dres = random(r, n), make([]float32, n)
				}
				want := naiveBatchNorm(b, x, scale, offset, residual, dy, relu)
				y, dx, mean, variance, dscale, doffset := make([]float32, n), make([]float32, n), make([]float32, b.C), make([]float32, b.C), make([]float32, b.C), make([]float32, b.C)
				b.Forward(y, x, scale, offset, mean, variance, residual, relu)
				if relu {
					mask = make([]float32, n)
					for i, v := range want.y {
						mask[i] = float32(v)
					}
				}
				b.Grad(dx, dscale, doffset, x, dy, scale, mean, variance, mask, dres)
				what := fmt.Sprintf("%v relu=%v residual=%v: ", shape, relu, withResidual)
				near(t, what+"mean", mean, want.mean, uniform(b.C, 4), 3e-7)
				near(t, what+"variance", variance, want.variance, uniform(b.C, 4), 3e-7)
				near(t, what+"y", y, want.y, uniform(n, 30), 1e-6)
				near(t, what+"dx", dx, want.dx, uniform(n, 30), 2e-6)
				near(t, what+"dscale", dscale, want.dscale, uniform(b.C, float64(b.Rows)), 1e-6)
				near(t, what+"doffset", doffset, want.doffset, uniform(b.C, float64(b.Rows)), 1e-6)
				if relu && !withResidual {
					checkGradAgain(t, what, b, x, dy, y, scale, offset, mean, variance)
				}
				if withResidual {
					near(t, what+"dresidual", dres, want.dresidual, uniform(n, 1), 0)
				}
			}
		}
	})
}

// checkGradAgain: the bits are those of a gradient that reads the result of Forward.
func checkGradAgain(t *testing.T, what string, b BatchNorm, x, dy, y, scale, offset, mean, variance []float32) {
	t.Helper()
	var got, want [3][]float32
	for _, g := range []*[3][]float32{&got, &want} {
		*g = [3][]float32{make([]float32, b.Rows*b.C), make([]float32, b.C), make([]float32, b.C)}
	}
	b.Grad(want[0], want[1], want[2], x, dy, scale, mean, variance, y, nil)
	b.GradAgain(got[0], got[1], got[2], x, dy, scale, offset, mean, variance)
	for k := range want {
		for i, v := range want[k] {
			if math.Float32bits(got[k][i]) != math.Float32bits(v) {
				t.Fatalf("%sGradAgain: element %d of result %d is %v; want %v", what, i, k, got[k][i], v)
			}
		}
	}
}

// TestMomentsOfALongPart: they are as exact as those of a pass of their own, which
// takes shorter parts.
func TestMomentsOfALongPart(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		b := BatchNorm{Rows: 2048, C: 1024}
		x := random(r, b.Rows*b.C)
		for i := range x {
			x[i] += 1000
		}
		want := naiveBatchNorm(b, x, make([]float32, b.C), make([]float32, b.C), nil, x, false)
		var errors [2][2]float64
		for i := range errors {
			mean, variance := make([]float32, b.C), make([]float32, b.C)
			if i == 0 {
				b.Moments(mean, variance, x)
			} else {
				f := fold{rows: b.Rows, cols: b.C}.cut()
				m := b.parts(&f, 1)
				m.add(block{fold: &f, to: b.Rows}, x)
				m.combine(mean, variance)
				m.release()
			}
			errors[i] = [2]float64{rootMeanSquare(mean, want.mean), rootMeanSquare(variance, want.variance)}
		}
		for i, what := range []string{"mean", "variance"} {
			if own, part := errors[0][i], errors[1][i]; part > 1.5*own {
				t.Errorf("%s: %.3g off, by itself %.3g", what, part, own)
			}
		}
	})
}

func TestBatchNormVarianceWithALargeMean(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		b := BatchNorm{Rows: 20000, C: 16}
		x := random(r, b.Rows*b.C)
		for i := range x {
			x[i] += 1000
		}
		want := naiveBatchNorm(b, x, make([]float32, b.C), make([]float32, b.C), nil, x, false)
		mean, variance := make([]float32, b.C), make([]float32, b.C)
		b.Moments(mean, variance, x)
		near(t, "mean", mean, want.mean, uniform(b.C, 1000), 1e-7)
		near(t, "variance", variance, want.variance, uniform(b.C, 1), 1e-6)
	})
}

func TestReductions(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		for _, shape := range [][2]int{{0, 3}, {3, 0}, {1, 1}, {5, 7}, {100, 33}, {3, 20000}, {20000, 3}, {700, 512}, {2, 40001}} {
			rows, cols := shape[0], shape[1]
			x := random(r, rows*cols)
			sumR, maxR, sumC, maxC := make([]float64, rows), make([]float64, rows), make([]float64, cols), make([]float64, cols)
			for _, m := range [][]float64{maxR, maxC} {
				for i := range m {
					m[i] = negInf
				}
			}
			all := 0.0
			for i, v := range x {
				w := float64(v)
				all += w
				sumR[i/cols] += w
				sumC[i%cols] += w
				maxR[i/cols], maxC[i%cols] = max(maxR[i/cols], w), max(maxC[i%cols], w)
			}
			gotR, gotC := make([]float32, rows), make([]float32, cols)
			what := fmt.Sprint(shape)
			SumRows(gotR, x, rows, cols)
			near(t, what+" SumRows", gotR, sumR, uniform(rows, float64(cols)), 1e-7)
			MaxRows(gotR, x, rows, cols)
			near(t, what+" MaxRows", gotR, maxR, uniform(rows, 0), 0)
			SumCols(gotC, x, rows, cols)
			near(t, what+" SumCols", gotC, sumC, uniform(cols, float64(rows)), 5e-7)
			MaxCols(gotC, x, rows, cols)
			near(t, what+" MaxCols", gotC, maxC, uniform(cols, 0), 0)
			near(t, what+" SumAll", []float32{SumAll(x)}, []float64{all}, uniform(1, float64(rows*cols)), 1e-7)
		}
	})
}

func TestNaNReachesReductions(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		for at := range 70 {
			x := make([]float32, 70)
			x[at] = float32(math.NaN())
			var got [2]float32
			MaxRows(got[:1], x, 1, 70)
			SumRows(got[1:], x, 1, 70)
			if got[0] == got[0] || got[1] == got[1] {
				t.Fatalf("NaN at %d gives maximum %v and sum %v", at, got[0], got[1])
			}
			var cols [7]float32
			MaxCols(cols[:], x, 10, 7)
			if v := cols[at%7]; v == v {
				t.Fatalf("NaN at %d gives column maximum %v", at, v)
			}
		}
	})
}

func TestReductionsSameBitsOnAnyThreads(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(9, 10))
		b := BatchNorm{Rows: 30001, C: 16, Eps: 1e-5}
		n := b.Rows * b.C
		x, dy, scale := random(r, n), random(r, n), random(r, b.C)
		sameAcrossThreads(t, func() []float32 {
			y, out := make([]float32, n), make([]float32, 5*b.C+1)
			mean, variance, dscale, doffset, sum := out[:16], out[16:32], out[32:48], out[48:64], out[64:80]
			b.Forward(y, x, scale, scale, mean, variance, nil, true)
			dx := make([]float32, n)
			b.Grad(dx, dscale, doffset, x, dy, scale, mean, variance, y, nil)
			SumCols(sum, x, b.Rows, b.C)
			out[80] = SumAll(x)
			return append(append(out, y...), dx...)
		})
	})
}

func BenchmarkBatchNorm(b *testing.B) {
	for _, shape := range [][2]int{{128 * 32 * 32, 16}, {128 * 16, 512}, {128 * 32 * 32, 64}} {
		bn := BatchNorm{Rows: shape[0], C: shape[1], Eps: 1e-5}
		n := bn.Rows * bn.C
		r := rand.New(rand.NewPCG(1, 1))
		x, dy, y, dx, scale := random(r, n), random(r, n), make([]float32, n), make([]float32, n), random(r, bn.C)
		mean, variance, ds, do := make([]float32, bn.C), make([]float32, bn.C), make([]float32, bn.C), make([]float32, bn.C)
		bn.Forward(y, x, scale, scale, mean, variance, nil, true)
		for _, c := range []struct {
			name   string
			passes int // over memory, at least
			f      func()
		}{
			{"moments", 1, func() { bn.Moments(mean, variance, x) }},
			{"apply", 2, func() { bn.Apply(y, x, scale, scale, mean, variance, nil, true) }},
			{"grad", 7, func() { bn.Grad(dx, ds, do, x, dy, scale, mean, variance, y, nil) }},
		} {
			b.Run(fmt.Sprintf("%dx%d/%s", bn.Rows, bn.C, c.name), func(b *testing.B) {
				for b.Loop() {
					c.f()
				}
				b.ReportMetric(float64(4*n*c.passes)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GB/s")
			})
		}
	}
}
