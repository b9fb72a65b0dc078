package kernels

func winoOutputGrad4Portable(dst, src, _ *float32, plane, pixel, rowPitch, n, skip, rows, cols int) {
	for c := range n {
		var t [4][6]float32
		for j := range 4 {
			at := func(i int) float32 {
				if (rows>>i)&(cols>>j)&1 == 0 {
					return 0
				}
				return *index(src, i*rowPitch+j*pixel+c-skip)
			}
			t[j] = winoScatter4([4]float32{at(0), at(1), at(2), at(3)})
		}
		for i := range 6 {
			for j, v := range winoScatter4([4]float32{t[0][i], t[1][i], t[2][i], t[3][i]}) {
				*index(dst, (6*i+j)*plane+c) = v
			}
		}
	}
}

// winoScatter4 is A·g.
func winoScatter4(g [4]float32) [6]float32 {
	near, nearOdd := g[0]+0.5*g[2], rootHalf*(g[1]+0.5*g[3])
	far, farOdd := g[0]+2*g[2], rootTwo*(g[1]+2*g[3])
	return [6]float32{g[0], near + nearOdd, near - nearOdd, far + farOdd, far - farOdd, g[3]}
}

func winoWeightsGrad4Portable(dst, src, _ *float32, plane, tap, n int) (strange uint32) {
	for c := range n {
		var t [3][6]float32
		for i := range 6 {
			at := func(j int) float32 { return *index(src, (6*i+j)*plane+c) }
			for b, v := range winoContract4([6]float32{at(0), at(1), at(2), at(3), at(4), at(5)}) {
				t[b][i] = v
			}
		}
		sum := float32(0)
		for b := range 3 {
			for a, v := range winoContract4(t[b]) {
				*index(dst, (3*a+b)*tap+c) = v
				sum += v
			}
		}
		if sum-sum != 0 {
			strange = 1
		}
	}
	return strange
}

// winoContract4 is Gᵀ·m.
func winoContract4(m [6]float32) [3]float32 {
	near, nearOdd, far, farOdd := m[1]+m[2], m[1]-m[2], m[3]+m[4], m[3]-m[4]
	return [3]float32{m[0] - 2./3*near + 1./6*far, rootTwo/6*farOdd - rootTwo/3*nearOdd, m[5] + 1./3*(far-near)}
}

func winoInputGrad4Portable(dst, src, _ *float32, plane, pixel, rowPitch, n, skip, rows, cols int) {
	for c := range n {
		var t [6][6]float32
		for i := range 6 {
			at := func(j int) float32 {
				if (rows>>i)&(cols>>j)&1 == 0 {
					return 0
				}
				return *index(src, i*rowPitch+j*pixel+c-skip)
			}
			t[i] = winoSpread4([6]float32{at(0), at(1), at(2), at(3), at(4), at(5)})
		}
		for j := range 6 {
			for i, v := range winoSpread4([6]float32{t[0][j], t[1][j], t[2][j], t[3][j], t[4][j], t[5][j]}) {
				*index(dst, (6*i+j)*plane+c) = v
			}
		}
	}
}
