package kernels

// ConvForward computes y = conv(x, w) and applies the epilogue. y may not
// overlap x, w or the residual; where AddsInPlace says so it may be the residual.
func ConvForward(y, x, w []float32, s Conv, ep Epilogue) {
	s.check("ConvForward", x, w, y)
	ep.check(s)
	if s.lenY() == 0 {
		return
	}
	finish := ep.prepare(s.Co)
	defer finish.release()
	if s.lenX() == 0 || s.lenW() == 0 {
		clear(y[:s.lenY()])
		finish.apply(y, s.N*s.OH*s.OW)
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
	g.execute()
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
