package kernels

func winoInputPortable(dst, src *float32, plane, pixel, rowPitch, n int) {
	for c := range n {
		var d, t [4][4]float32
		for r := range 4 {
			for k := range 4 {
				d[r][k] = *index(src, r*rowPitch+k*pixel+c)
			}
		}
		for r := range 4 {
			t[r] = winoSpread(d[r][0], d[r][1], d[r][2], d[r][3])
		}
		for j := range 4 {
			for i, v := range winoSpread(t[0][j], t[1][j], t[2][j], t[3][j]) {
				*index(dst, (4*i+j)*plane+c) = v
			}
		}
	}
}

// winoSpread is Bᵀ·d.
func winoSpread(d0, d1, d2, d3 float32) [4]float32 {
	return [4]float32{d0 - d2, d1 + d2, d2 - d1, d1 - d3}
}

func winoWeightsPortable(dst, src *float32, plane, tap, n int) {
	for c := range n {
		var t [3][4]float32
		for a := range 3 {
			at := func(b int) float32 { return *index(src, (3*a+b)*tap+c) }
			t[a] = winoWiden(at(0), at(1), at(2))
		}
		for j := range 4 {
			for i, v := range winoWiden(t[0][j], t[1][j], t[2][j]) {
				*index(dst, (4*i+j)*plane+c) = v
			}
		}
	}
}

// winoWiden is G·g.
func winoWiden(g0, g1, g2 float32) [4]float32 {
	return [4]float32{g0, 0.5 * (g0 + g2 + g1), 0.5 * (g0 + g2 - g1), g2}
}

func winoOutputPortable(m, y0, y1, y2, y3 *float32, n int) (strange uint32) {
	for c := range n {
		var up, low [4]float32
		for j := range 4 {
			at := func(i int) float32 { return *index(m, (4*i+j)*winoPitch+c) }
			up[j], low[j] = at(0)+at(1)+at(2), at(1)-at(2)-at(3)
		}
		sum := float32(0)
		for i, y := range []*float32{y0, y1, y2, y3} {
			s := up
			if i >= 2 {
				s = low
			}
			v := s[0] + s[1] + s[2]
			if i%2 == 1 {
				v = s[1] - s[2] - s[3]
			}
			*index(y, c) = v
			sum += v
		}
		if sum-sum != 0 {
			strange = 1
		}
	}
	return strange
}

// winoFinish applies an epilogue to what winoOutputPortable left.
func winoFinish(y, scale, offset, residual *float32, relu bool, n int) {
	for c := range n {
		v := *index(y, c)**index(scale, c) + *index(offset, c)
		if residual != nil {
			v += *index(residual, c)
		}
		if relu {
			v = wherePositive(v, v)
		}
		*index(y, c) = v
	}
}

func winoOutputFinishPortable(m, y0, y1, y2, y3, scale, offset *float32, n int) uint32 {
	strange := winoOutputPortable(m, y0, y1, y2, y3, n)
	for _, y := range []*float32{y0, y1, y2, y3} {
		winoFinish(y, scale, offset, nil, false, n)
	}
	return strange
}

func winoOutputFinishReLUPortable(m, y0, y1, y2, y3, scale, offset *float32, n int) uint32 {
	strange := winoOutputPortable(m, y0, y1, y2, y3, n)
	for _, y := range []*float32{y0, y1, y2, y3} {
		winoFinish(y, scale, offset, nil, true, n)
	}
	return strange
}

func winoOutputFinishResidualPortable(m, y0, y1, y2, y3, scale, offset, r0, r1, r2, r3 *float32, n int) uint32 {
	strange := winoOutputPortable(m, y0, y1, y2, y3, n)
	for i, y := range []*float32{y0, y1, y2, y3} {
		winoFinish(y, scale, offset, []*float32{r0, r1, r2, r3}[i], false, n)
	}
	return strange
}

func winoOutputFinishResidualReLUPortable(m, y0, y1, y2, y3, scale, offset, r0, r1, r2, r3 *float32, n int) uint32 {
	strange := winoOutputPortable(m, y0, y1, y2, y3, n)
	for i, y := range []*float32{y0, y1, y2, y3} {
		winoFinish(y, scale, offset, []*float32{r0, r1, r2, r3}[i], true, n)
	}
	return strange
}
