package kernels

import "github.com/retort-ml/retort/internal/workpool"

// ConvInputGrad computes dx, the gradient of ConvForward by x, from dy.
//
// It is itself a convolution, of dy with the flipped and transposed kernel.
// Where the stride is not 1 it falls apart into StrideH·StrideW convolutions,
// one for each residue of dx's rows and columns, which share no taps: nothing
// is multiplied by the zeros that a dilated dy would hold.
func ConvInputGrad(dx, dy, w []float32, s Conv) {
	s.check("ConvInputGrad", dx, w, dy)
	if s.lenX() == 0 {
		return
	}
	if s.lenY() == 0 || s.lenW() == 0 {
		clear(dx[:s.lenX()])
		return
	}
	vertical := phases(s.StrideH, s.PadT, s.DilH, s.KH, s.H)
	horizontal := phases(s.StrideW, s.PadL, s.DilW, s.KW, s.W)
	if len(vertical) < min(s.StrideH, s.H) || len(horizontal) < min(s.StrideW, s.W) { // no tap reaches some of dx
		image := s.H * s.W * s.Ci
		workpool.For(s.N, func(n int) { clear(dx[n*image:][:image]) })
	}
	for _, v := range vertical {
		for _, h := range horizontal {
			inputGradPhase(dx, dy, w, s, v, h)
		}
	}
}

// phases lists the phases of an axis that some tap reaches.
func phases(stride, pad, dilation, k, size int) []phase {
	var list []phase
	for from := range min(stride, size) {
		if p := phaseOf(from, stride, pad, dilation, k, size); p.taps > 0 {
			list = append(list, p)
		}
	}
	return list
}

// phase is one axis of one of the convolutions: the taps first, first+step, …
// reach the elements from, from+stride, … of dx.
type phase struct {
	from, size  int // first element of dx, and how many
	first, step int // taps of w
	taps        int
	dilation    int // of the taps in dy
	pad         int
}

// phaseOf solves (i + pad) = o·stride + k·dilation for the taps k that reach
// the elements i = from + j·stride of dx.
func phaseOf(from, stride, pad, dilation, k, size int) phase {
	p := phase{from: from, size: (size - from + stride - 1) / stride, first: -1, step: stride / gcd(stride, dilation)}
	p.dilation = dilation * p.step / stride
	for t := range min(k, p.step) {
		if mod(from+pad-t*dilation, stride) == 0 {
			p.first = t
			break
		}
	}
	if p.first < 0 {
		return p
	}
	p.taps = (k - p.first + p.step - 1) / p.step
	// Element j of the phase and tap t read dy at base + j - t·dilation.
	base := (from + pad - p.first*dilation) / stride
	p.pad = (p.taps-1)*p.dilation - base
	return p
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func mod(a, n int) int { return (a%n + n) % n }

func inputGradPhase(dx, dy, w []float32, s Conv, v, h phase) {
	out := layout{base: (v.from*s.W + h.from) * s.Ci, image: s.H * s.W * s.Ci, row: s.StrideH * s.W * s.Ci, pixel: s.StrideW * s.Ci}
	g := gatherConv{isa: active, x: dy, y: dx, out: out, s: Conv{
		N: s.N, H: s.OH, W: s.OW, Ci: s.Co, KH: v.taps, KW: h.taps, Co: s.Ci, OH: v.size, OW: h.size,
		StrideH: 1, StrideW: 1, PadT: v.pad, PadL: h.pad, DilH: v.dilation, DilW: h.dilation, Groups: s.Groups}}
	g.pack = func(dst []float32, panels []convPanel) { packFlipped(dst, w, s, v, h, panels) }
	g.execute()
}

// packFlipped packs the taps of a phase, last first, each transposed.
func packFlipped(dst, w []float32, s Conv, v, h phase, panels []convPanel) {
	in, out := s.channels()
	taps := v.taps * h.taps
	workpool.For(len(panels)*taps, func(i int) {
		p, t := panels[i/taps], i%taps
		a := v.first + (v.taps-1-t/h.taps)*v.step
		b := h.first + (h.taps-1-t%h.taps)*h.step
		group := p.x / out
		p.at += t * out * p.tile.cols
		p.packColumns(dst, w[(a*s.KW+b)*in*s.Co+group*out:], s.Co, 0, out)
	})
}
