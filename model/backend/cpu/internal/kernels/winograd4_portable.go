package kernels

import "math"

const (
	rootHalf  = math.Sqrt2 / 2
	rootTwo   = math.Sqrt2
	rootEight = 2 * math.Sqrt2
)

func winoInput4Portable(dst, src, _ *float32, plane, pixel, rowPitch, n, step, count int) {
	for t := range count {
		winoPatch4(index(dst, t*n), index(src, t*step), plane, pixel, rowPitch, n)
	}
}

func winoPatch4(dst, src *float32, plane, pixel, rowPitch, n int) {
	for c := range n {
		var t [6][6]float32
		for i := range 6 {
			at := func(j int) float32 { return *index(src, i*rowPitch+j*pixel+c) }
			t[i] = winoSpread4([6]float32{at(0), at(1), at(2), at(3), at(4), at(5)})
		}
		for j := range 6 {
			for i, v := range winoSpread4([6]float32{t[0][j], t[1][j], t[2][j], t[3][j], t[4][j], t[5][j]}) {
				*index(dst, (6*i+j)*plane+c) = v
			}
		}
	}
}

// winoSpread4 is Bᵀ·d.
func winoSpread4(d [6]float32) [6]float32 {
	even, odd := d[4]-2*d[2], rootHalf*(d[3]-2*d[1])
	far, wide := d[4]-0.5*d[2], rootTwo*(d[3]-0.5*d[1])
	return [6]float32{d[0] + d[4] - 2.5*d[2], even + odd, even - odd, far + wide, far - wide, d[1] + d[5] - 2.5*d[3]}
}

func winoWeights4Portable(dst, src, _ *float32, plane, tap, n int) {
	for c := range n {
		var t [3][6]float32
		for a := range 3 {
			at := func(b int) float32 { return *index(src, (3*a+b)*tap+c) }
			t[a] = winoWiden4(at(0), at(1), at(2))
		}
		for j := range 6 {
			for i, v := range winoWiden4(t[0][j], t[1][j], t[2][j]) {
				*index(dst, (6*i+j)*plane+c) = v
			}
		}
	}
}

// winoWiden4 is G·g.
func winoWiden4(g0, g1, g2 float32) [6]float32 {
	near, far := g0+0.5*g2, g0+2*g2
	return [6]float32{g0, -2. / 3 * (near + rootHalf*g1), -2. / 3 * (near - rootHalf*g1),
		1. / 6 * (far + rootTwo*g1), 1. / 6 * (far - rootTwo*g1), g2}
}

func winoOutput4Portable(m, _, y, r, scale, offset *float32, relu, n, plane, next, pixel, row, rows, cols, count int) (strange uint32) {
	for k := range count {
		at := func(i, j, c int) *float32 { return index(m, (6*i+j)*plane+k*next+c) }
		for c := range n {
			var t [4][6]float32
			for j := range 6 {
				for i, v := range winoNarrow4([6]float32{*at(0, j, c), *at(1, j, c), *at(2, j, c), *at(3, j, c), *at(4, j, c), *at(5, j, c)}) {
					t[i][j] = v
				}
			}
			sum := float32(0)
			for i := range rows {
				for j, v := range winoNarrow4(t[i]) {
					sum += v
					if j < cols {
						*index(y, i*row+(4*k+j)*pixel+c) = v
					}
				}
			}
			if sum-sum != 0 {
				strange = 1
			}
		}
		for i := range rows {
			for j := range cols {
				p := i*row + (4*k+j)*pixel
				var residual *float32
				if r != nil {
					residual = index(r, p)
				}
				winoFinish(index(y, p), scale, offset, residual, relu != 0, n)
			}
		}
	}
	return strange
}

// winoNarrow4 is Aᵀ·m.
func winoNarrow4(m [6]float32) [4]float32 {
	near, nearOdd, far, farOdd := m[1]+m[2], m[1]-m[2], m[3]+m[4], m[3]-m[4]
	return [4]float32{m[0] + near + far, rootHalf*nearOdd + rootTwo*farOdd, 0.5*near + 2*far,
		m[5] + 0.5*rootHalf*nearOdd + rootEight*farOdd}
}
