package kernels

// Epilogue is what ConvForward does to its result before it leaves the cache:
//
//	y = relu(scale[o]·y + bias[o] + residual)
//
// Each part that is nil or false is left out. relu(v) is v where v > 0, else 0:
// also where v is NaN.
type Epilogue struct {
	Scale, Bias []float32 // [Co]
	Residual    []float32 // [N, OH, OW, Co]
	ReLU        bool
	// Mean and Variance, if they are not nil, receive the moments of y, as
	// BatchNorm.Moments gives them; 0 if y is empty.
	Mean, Variance []float32 // [Co]
}

func (e Epilogue) none() bool {
	return e.Scale == nil && e.Bias == nil && e.Residual == nil && !e.ReLU
}

func (e Epilogue) check(s Conv) {
	for _, v := range []struct {
		name  string
		value []float32
		want  int
	}{{"scale", e.Scale, s.Co}, {"bias", e.Bias, s.Co}, {"residual", e.Residual, s.lenY()},
		{"mean", e.Mean, s.Co}, {"variance", e.Variance, s.Co}} {
		if v.value != nil {
			wantLen("ConvForward", v.name, v.value, v.want)
		}
	}
}

// finisher is an epilogue with its channels repeated over folded rows.
type finisher struct {
	Epilogue
	fold                fold
	zero, scale, offset []float32
	buf                 *buffer[float32]
}

// prepare must be followed by release.
func (e Epilogue) prepare(co int) *finisher {
	if e.none() {
		return nil
	}
	return e.finisher(co)
}

func (e Epilogue) finisher(co int) *finisher {
	f := &finisher{Epilogue: e, fold: fold{rows: 1, cols: co}.cut()}
	w := f.fold.width
	f.buf = floats.get(3*w + maxCols) // the last tile may be wider than what is left
	f.zero, f.scale, f.offset = f.buf.data[:w], f.buf.data[w:2*w], f.buf.data[2*w:]
	clear(f.zero)
	Fill(f.scale, 1)
	clear(f.offset)
	if e.Scale != nil {
		f.fold.widen(f.scale, e.Scale)
	}
	if e.Bias != nil {
		f.fold.widen(f.offset, e.Bias)
	}
	return f
}

// of sets fin to what a kernel does to a tile whose first channel is c and whose
// row 0 lies at base of y; nil if nothing.
func (f *finisher) of(fin *finish, c, base int) *finish {
	if f == nil {
		return nil
	}
	*fin = finish{scale: &f.scale[c], offset: &f.offset[c]}
	if f.Residual != nil {
		fin.residual = &f.Residual[base+c]
	}
	if f.ReLU {
		fin.relu = 1
	}
	return fin
}

func (f *finisher) release() {
	if f != nil {
		floats.put(f.buf)
	}
}

// apply finishes the first pixels of y.
func (f *finisher) apply(y []float32, pixels int) {
	if f == nil || pixels == 0 {
		return
	}
	b := block{fold: &f.fold, from: 0, to: pixels}
	b.run(func(at, n, rows int) { f.rows(y, at, 0, n, rows) })
}

// rows finishes rows of n elements from index at, of channel c0 first.
func (f *finisher) rows(y []float32, at, c0, n, rows int) { f.rowsOf(y, &y[at], at, c0, n, rows) }

// rowsOf writes to y what src is when it is finished.
func (f *finisher) rowsOf(y []float32, src *float32, at, c0, n, rows int) {
	v := active.strips
	plain, more := v.normalize, v.normalizeResidual
	if f.ReLU {
		plain, more = v.normalizeReLU, v.normalizeResidualReLU
	}
	zero, scale, offset := &f.zero[c0], &f.scale[c0], &f.offset[c0]
	if f.Residual == nil {
		plain(&y[at], src, zero, scale, offset, n, rows)
	} else {
		more(&y[at], src, zero, scale, offset, &f.Residual[at], n, rows)
	}
}
