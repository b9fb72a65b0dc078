package kernels

// ConvForward computes y = conv(x, w) and applies the epilogue. y may not
// overlap x, w or the residual; where AddsInPlace says so it may be the residual.
func ConvForward(y, x, w []float32, s Conv, ep Epilogue) {
	s.check("ConvForward", x, w, y)
	ep.check(s)
	if s.lenY() == 0 {
		clear(ep.Mean)
		clear(ep.Variance)
		return
	}
	finish := ep.prepare(s.Co)
	defer finish.release()
	if s.lenX() == 0 || s.lenW() == 0 {
		clear(y[:s.lenY()])
		finish.apply(y, s.N*s.OH*s.OW)
		if ep.Mean != nil {
			BatchNorm{Rows: s.N * s.OH * s.OW, C: s.Co}.Moments(ep.Mean, ep.Variance, y)
		}
		return
	}
	g := gatherConv{isa: active, s: s, x: x, y: y, finish: finish,
		out: layout{image: s.OH * s.OW * s.Co, row: s.OW * s.Co, pixel: s.Co}}
	g.pack = func(dst []float32, panels []convPanel) {
		_, out := s.channels()
		each := len(panels) / s.Groups
		for group := range s.Groups {
			packAll(dst, w[group*out:], s.Co, false, panelsOf(panels[group*each:][:each]), s.rows())
		}
	}
	if ep.Mean != nil {
		norm := BatchNorm{Rows: s.N * s.OH * s.OW, C: s.Co}
		g.moments = &convMoments{norm: norm, fold: fold{rows: norm.Rows, cols: norm.C}.cut()}
	}
	g.execute()
	if ep.Mean != nil {
		g.moments.finish(ep.Mean, ep.Variance, y)
	}
}

// convMoments takes the moments of a convolution's result while its parts lie in the
// cache, if each work item computes all channels of its pixels.
type convMoments struct {
	norm  BatchNorm
	fold  fold
	parts *momentParts
}

// begin says how many parts there will be; anew, if they are computed again.
func (m *convMoments) begin(parts int) {
	if m == nil {
		return
	}
	m.end()
	m.parts = m.norm.parts(&m.fold, parts)
}

// add takes those of the pixels [from, to) as part i.
func (m *convMoments) add(i, from, to int, y []float32) {
	if m != nil && m.parts != nil {
		m.parts.add(block{fold: &m.fold, index: i, from: from, to: to}, y)
	}
}

func (m *convMoments) finish(mean, variance, y []float32) {
	if m.parts == nil {
		m.norm.Moments(mean, variance, y)
		return
	}
	m.parts.combine(mean, variance)
	m.end()
}

// end drops the parts, if there are any.
func (m *convMoments) end() {
	if m != nil && m.parts != nil {
		m.parts.release()
		m.parts = nil
	}
}

// AddsInPlace says whether ConvForward reads each element of the residual before
// it writes that of y, once: then y can have its memory.
func (s Conv) AddsInPlace() bool {
	return !s.byWinograd() && s.rows() <= runRows && s.lenX() > 0 && s.lenW() > 0
}

func panelsOf(panels []convPanel) []panel {
	list := make([]panel, len(panels))
	for i := range list {
		list[i] = panels[i].panel
	}
	return list
}
