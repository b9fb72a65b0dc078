package kernels

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// naivePool is the twin of the poolings.
func naivePool(x, dy []float32, s Pool, factor float32) (maxY, maxDX, sumY, sumDX, scale []float64) {
	maxY, maxDX = make([]float64, s.lenY()), make([]float64, s.lenX())
	sumY, sumDX = make([]float64, s.lenY()), make([]float64, s.lenX())
	for i := range s.lenY() {
		c, p := i%s.C, i/s.C
		n, oh, ow := p/(s.OH*s.OW), p/s.OW%s.OH, p%s.OW
		best, top := -1, negInf
		for a := range s.KH {
			for b := range s.KW {
				ih, iw := oh*s.StrideH+a-s.PadT, ow*s.StrideW+b-s.PadL
				if ih < 0 || ih >= s.H || iw < 0 || iw >= s.W {
					continue
				}
				at := ((n*s.H+ih)*s.W+iw)*s.C + c
				sumY[i] += float64(x[at]) * float64(factor)
				sumDX[at] += float64(dy[i]) * float64(factor)
				if v := float64(x[at]); best < 0 || v > top {
					best, top = at, v
				}
			}
		}
		maxY[i] = top
		if best >= 0 {
			maxDX[best] += float64(dy[i])
		}
	}
	return maxY, maxDX, sumY, sumDX, uniform(max(s.lenX(), s.lenY()), float64(s.KH*s.KW))
}

func TestPoolMatchesNaive(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for range 200 {
			s := Pool{N: r.IntN(4), H: 1 + r.IntN(9), W: 1 + r.IntN(9), C: 1 + r.IntN(40), KH: 1 + r.IntN(4), KW: 1 + r.IntN(4),
				OH: r.IntN(8), OW: r.IntN(8), StrideH: 1 + r.IntN(5), StrideW: 1 + r.IntN(3), PadT: r.IntN(4) - 1, PadL: r.IntN(4) - 1}
			x, dy := random(r, s.lenX()), random(r, s.lenY())
			for i := range x {
				x[i] = float32(int(x[i] * 2)) // ties
			}
			maxY, maxDX, sumY, sumDX, scale := naivePool(x, dy, s, 0.25)
			y, dx := random(r, s.lenY()), random(r, s.lenX())
			what := fmt.Sprintf("%+v: ", s)
			MaxPoolForward(y, x, s)
			near(t, what+"maximum", y, maxY, scale, 0)
			MaxPoolGrad(dx, dy, x, s)
			near(t, what+"maximum's gradient", dx, maxDX, scale, 1e-6)
			SumPoolForward(y, x, s, 0.25)
			near(t, what+"sum", y, sumY, scale, 1e-6)
			SumPoolGrad(dx, dy, s, 0.25)
			near(t, what+"sum's gradient", dx, sumDX, scale, 1e-6)
		}
	})
}

func BenchmarkPool(b *testing.B) {
	s := Pool{N: 16, H: 112, W: 112, C: 64, KH: 3, KW: 3, OH: 56, OW: 56, StrideH: 2, StrideW: 2, PadT: 1, PadL: 1}
	r := rand.New(rand.NewPCG(1, 1))
	x, dy, y, dx := random(r, s.lenX()), random(r, s.lenY()), make([]float32, s.lenY()), make([]float32, s.lenX())
	for _, c := range []struct {
		name string
		f    func()
	}{{"max", func() { MaxPoolForward(y, x, s) }}, {"maxGrad", func() { MaxPoolGrad(dx, dy, x, s) }}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				c.f()
			}
			b.ReportMetric(float64(4*s.lenX())*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GB/s")
		})
	}
}
