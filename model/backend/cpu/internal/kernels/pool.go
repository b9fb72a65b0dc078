package kernels

import (
	"fmt"

	"github.com/retort-ml/retort/internal/workpool"
)

// Pool is the geometry of a pooling: x [N, H, W, C], y [N, OH, OW, C], a
// window of KH x KW. Window positions outside the image are left out: they are
// -Inf for a maximum and 0 for a sum. PadT and PadL may be negative.
type Pool struct {
	N, H, W, C       int
	KH, KW           int
	OH, OW           int
	StrideH, StrideW int
	PadT, PadL       int
}

func (s Pool) lenX() int { return s.N * s.H * s.W * s.C }
func (s Pool) lenY() int { return s.N * s.OH * s.OW * s.C }

func (s Pool) check(op string, x, y []float32) {
	if min(s.N, s.H, s.W, s.C, s.KH, s.KW, s.OH, s.OW) < 0 || min(s.StrideH, s.StrideW) < 1 {
		panic(fmt.Sprintf("kernels: %s: %+v; want sizes >= 0 and strides >= 1", op, s))
	}
	wantLen(op, "x", x, s.lenX())
	wantLen(op, "y", y, s.lenY())
}

// MaxPoolForward sets y to the maximum of each window; NaN if it holds one,
// -Inf if it lies outside the image.
func MaxPoolForward(y, x []float32, s Pool) {
	s.check("MaxPoolForward", x, y)
	s.eachWindow(func(w window) {
		out := y[w.y*s.C:][:s.C]
		s.maximum(out, x, w)
	})
}

func (s Pool) maximum(out, x []float32, w window) {
	Fill(out, float32(negInf))
	for r := w.row; r < w.endRow; r++ {
		for p := r*s.W + w.col; p < r*s.W+w.endCol; p++ {
			Max(out, out, x[(w.x+p)*s.C:][:s.C])
		}
	}
}

// MaxPoolGrad sets dx to the gradient of MaxPoolForward: each dy goes to the
// first maximum of its window in row-major order, or to its first NaN.
// Overlapping windows add up.
func MaxPoolGrad(dx, dy, x []float32, s Pool) {
	s.check("MaxPoolGrad", dx, dy)
	wantLen("MaxPoolGrad", "x", x, s.lenX())
	if s.C == 0 {
		return
	}
	s.eachImage(dx, func(n int, tmp []float32) {
		top, rest := tmp[:s.C], tmp[s.C:]
		for p := range s.OH * s.OW {
			w := s.window(n, p/s.OW, p%s.OW)
			s.maximum(top, x, w)
			copy(rest, dy[w.y*s.C:][:s.C])
			for r := w.row; r < w.endRow; r++ {
				for q := r*s.W + w.col; q < r*s.W+w.endCol; q++ {
					at := (w.x + q) * s.C
					active.strips.maxGrad(&dx[at], &rest[0], &x[at], &top[0], s.C)
				}
			}
		}
	})
}

// SumPoolForward sets y to factor times the sum of each window: an average
// pool with factor = 1/(KH·KW).
func SumPoolForward(y, x []float32, s Pool, factor float32) {
	s.check("SumPoolForward", x, y)
	if s.C == 0 {
		return
	}
	s.eachWindow(func(w window) {
		out := y[w.y*s.C:][:s.C]
		clear(out)
		for r := w.row; r < w.endRow && w.col < w.endCol; r++ {
			active.strips.sumRowsInto(&out[0], &x[(w.x+r*s.W+w.col)*s.C], s.C, w.endCol-w.col)
		}
		MulScalar(out, out, factor)
	})
}

// SumPoolGrad sets dx to the gradient of SumPoolForward.
func SumPoolGrad(dx, dy []float32, s Pool, factor float32) {
	s.check("SumPoolGrad", dx, dy)
	s.eachImage(dx, func(n int, _ []float32) {
		for p := range s.OH * s.OW {
			w := s.window(n, p/s.OW, p%s.OW)
			g := dy[w.y*s.C:][:s.C]
			for r := w.row; r < w.endRow; r++ {
				for q := r*s.W + w.col; q < r*s.W+w.endCol; q++ {
					out := dx[(w.x+q)*s.C:][:s.C]
					AddScaled(out, out, g, factor)
				}
			}
		}
	})
}

// window is the part of an image that an output pixel sees, and where both
// lie, in pixels.
type window struct {
	row, endRow, col, endCol int
	x, y                     int // first pixel of the image; output pixel
}

func (s Pool) window(n, oh, ow int) window {
	row, col := oh*s.StrideH-s.PadT, ow*s.StrideW-s.PadL
	return window{row: max(row, 0), endRow: min(row+s.KH, s.H), col: max(col, 0), endCol: min(col+s.KW, s.W),
		x: n * s.H * s.W, y: (n*s.OH+oh)*s.OW + ow}
}

// poolFloats is about how many floats of x a work item reads.
const poolFloats = 1 << 15

// eachWindow spreads the output rows over the pool.
func (s Pool) eachWindow(f func(w window)) {
	rows := s.N * s.OH
	each := max(1, poolFloats/max(1, s.OW*s.KH*s.KW*s.C))
	workpool.For((rows+each-1)/each, func(i int) {
		for r := i * each; r < min((i+1)*each, rows); r++ {
			for ow := range s.OW {
				f(s.window(r/s.OH, r%s.OH, ow))
			}
		}
	})
}

// eachImage spreads the images over the pool: windows may overlap in dx, which
// it clears. f may use tmp, two pixels.
func (s Pool) eachImage(dx []float32, f func(n int, tmp []float32)) {
	image := s.H * s.W * s.C
	each := max(1, poolFloats/max(1, image))
	workpool.For((s.N+each-1)/each, func(i int) {
		tmp := floats.get(2 * s.C)
		defer floats.put(tmp)
		for n := i * each; n < min((i+1)*each, s.N); n++ {
			clear(dx[n*image:][:image])
			f(n, tmp.data)
		}
	})
}
