package kernels

// Grad computes the gradients of Forward by x, scale and offset, given mean
// and variance of x and the gradient dy of its result.
//
// relu is nil, or the result y of a Forward with relu set: dy then counts only
// where it is positive. dresidual is nil, or receives the gradient by
// residual, which is the dy that counts. dx may be dy, x or relu; dresidual
// may be dy or relu. dx and dresidual may not be the same.
func (b BatchNorm) Grad(dx, dscale, doffset, x, dy, scale, mean, variance, relu, dresidual []float32) {
	for _, s := range [][]float32{relu, dresidual} {
		if s != nil {
			b.check("BatchNorm.Grad", s)
		}
	}
	g := normGrad{BatchNorm: b, x: x, dy: dy, scale: scale, mean: mean, variance: variance, relu: relu, kept: dresidual}
	if relu == nil && dresidual != nil {
		if n := b.Rows * b.C; n > 0 && &dresidual[0] != &dy[0] {
			copyParallel(dresidual[:n], dy)
		}
		g.kept = nil
	}
	g.run(dx, dscale, doffset)
}

// GradAgain is Grad for a Forward with relu set and without a residual: its offset
// tells where the result was positive.
func (b BatchNorm) GradAgain(dx, dscale, doffset, x, dy, scale, offset, mean, variance []float32) {
	b.checkChannels("BatchNorm.GradAgain", offset)
	g := normGrad{BatchNorm: b, x: x, dy: dy, scale: scale, mean: mean, variance: variance, offset: offset}
	g.run(dx, dscale, doffset)
}

// normGrad is one call. Of relu and offset at most one is there.
type normGrad struct {
	BatchNorm
	f                             fold
	x, dy, relu, kept             []float32
	scale, mean, variance, offset []float32
}

func (g *normGrad) run(dx, dscale, doffset []float32) {
	b := g.BatchNorm
	b.check("BatchNorm.Grad", dx, g.x, g.dy)
	b.checkChannels("BatchNorm.Grad", dscale, doffset, g.scale, g.mean, g.variance)
	g.f = fold{rows: b.Rows, cols: b.C}.cut()
	sum, dot := doubles.get(b.C), doubles.get(b.C)
	defer doubles.put(sum)
	defer doubles.put(dot)
	g.sums(sum.data, dot.data)
	for c := range b.C {
		doffset[c], dscale[c] = float32(sum.data[c]), float32(dot.data[c]*b.invStd(g.variance[c]))
	}
	if g.kept != nil { // the sums left the masked gradient there
		g.dy, g.relu = g.kept, nil
	}
	g.input(dx, sum.data, dot.data)
}

// sums sets sum = Σ dy and dot = Σ dy·(x - mean) of each channel.
func (g *normGrad) sums(sum, dot []float64) {
	f, c := &g.f, g.C
	partials := doubles.get(2 * f.blocks * c)
	wide := floats.get(3*f.width + c)
	defer doubles.put(partials)
	defer floats.put(wide)
	m := f.widen(wide.data, g.mean)
	var factor, offset []float32
	if g.offset != nil {
		one := wide.data[3*f.width:]
		for i := range one {
			one[i] = g.factor(i)
		}
		factor, offset = f.widen(wide.data[f.width:], one), f.widen(wide.data[2*f.width:], g.offset)
	}
	sums, dots := partials.data[:f.blocks*c], partials.data[f.blocks*c:]
	v := active.strips
	f.each(func(k block) {
		acc := floats.get(2 * f.width)
		defer floats.put(acc)
		clear(acc.data)
		s, d := &acc.data[0], &acc.data[f.width]
		k.run(func(at, n, rows int) {
			switch {
			case g.offset != nil:
				v.gradSumsAgain(s, d, &m[0], &g.x[at], &g.dy[at], &factor[0], &offset[0], n, rows)
			case g.relu == nil:
				v.gradSums(s, d, &m[0], &g.x[at], &g.dy[at], n, rows)
			case g.kept == nil:
				v.gradSumsReLU(s, d, &m[0], &g.x[at], &g.dy[at], &g.relu[at], n, rows)
			default:
				v.gradSumsKeep(s, d, &m[0], &g.x[at], &g.dy[at], &g.relu[at], &g.kept[at], n, rows)
			}
		})
		f.narrow(sums[k.index*c:][:c], acc.data[:f.width])
		f.narrow(dots[k.index*c:][:c], acc.data[f.width:])
	})
	f.combine(sum, sums)
	f.combine(dot, dots)
}

// input sets dx = scale·invStd·(dy - Σdy/n - (x-mean)·invStd²·Σ(dy·(x-mean))/n).
func (g *normGrad) input(dx []float32, sum, dot []float64) {
	f, c := &g.f, g.C
	buf := floats.get(5*f.width + c)
	defer floats.put(buf)
	part := func(i int) []float32 { return buf.data[i*f.width:][:f.width] }
	one := buf.data[5*f.width:]
	n := float64(g.Rows)
	spread := func(dst []float32, value func(c int) float64) *float32 {
		for i := range one {
			one[i] = float32(value(i))
		}
		return &f.widen(dst, one)[0]
	}
	if c == 0 || g.Rows == 0 {
		return
	}
	m := spread(part(0), func(c int) float64 { return float64(g.mean[c]) })
	d := spread(part(1), func(c int) float64 { i := g.invStd(g.variance[c]); return dot[c] / n * i * i })
	s := spread(part(2), func(c int) float64 { return sum[c] / n })
	k := spread(part(3), func(c int) float64 { return float64(g.factor(c)) })
	var o *float32
	if g.offset != nil {
		o = &f.widen(part(4), g.offset)[0]
	}
	v := active.strips
	f.each(func(b block) {
		b.run(func(at, n, rows int) {
			if o != nil {
				v.gradInputAgain(&dx[at], &g.x[at], &g.dy[at], m, d, s, k, o, n, rows)
			} else if g.relu == nil {
				v.gradInput(&dx[at], &g.x[at], &g.dy[at], m, d, s, k, n, rows)
			} else {
				v.gradInputReLU(&dx[at], &g.x[at], &g.dy[at], m, d, s, k, &g.relu[at], n, rows)
			}
		})
	})
}

// factor is what Forward multiplied channel c with.
func (g *normGrad) factor(c int) float32 { return g.BatchNorm.factor(g.scale[c], g.variance[c]) }

func copyParallel(dst, src []float32) {
	f := fold{rows: len(dst), cols: 1}.cut()
	f.each(func(b block) { copy(dst[b.from:b.to], src[b.from:b.to]) })
}
