package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// sum is addUp of each channel: sample i is added to sum i modulo 16, one
// after the other.
func (w width) sum(sums Register, blocks [2][]VecVirtual) {
	half := w.lanes / 2 // float64 lanes
	for c := range 3 {
		for at := 0; at < 16; at += half {
			place := Mem{Base: sums, Disp: 8 * (16*c + at)}
			total := w.reg()
			VMOVUPD(place, total)
			for k, pixel := range blocks {
				if lane := at - k*w.lanes%16; lane >= 0 && lane < w.lanes {
					x := w.reg()
					VCVTPS2PD(w.part(pixel[c], lane/half), x)
					VADDPD(x, total, total)
				}
			}
			VMOVUPD(total, place)
		}
	}
}

// part is the lower or the upper half of a register.
func (w width) part(x VecVirtual, half int) Op {
	switch {
	case half == 0 && w.wide():
		return x.AsY()
	case half == 0:
		return x.AsX()
	case w.wide():
		upper := YMM()
		VEXTRACTF32X8(Imm(1), x, upper)
		return upper
	}
	upper := XMM()
	VEXTRACTF128(Imm(1), x, upper)
	return upper
}

// quantize is quantize of one register of pixels, written to dst from a
// place on, and nothing behind them.
func (w width) quantize(dst Register, at int, pixel []VecVirtual) {
	for _, x := range pixel {
		VMULPS(constants["most"], x, x)
		VCVTPS2DQ(x, x)
	}
	v, green, blue := pixel[0], pixel[1], pixel[2]
	VPSLLD(Imm(8), green, green)
	VPSLLD(Imm(16), blue, blue)
	if w.wide() {
		VPORD(green, v, v)
		VPORD(blue, v, v)
		index, pixels, mask := ZMM(), K(), GP64()
		VMOVDQU8(constants["packWide"], index)
		VPERMB(v, index, v)
		MOVQ(U64(1<<48-1), mask)
		KMOVQ(mask, pixels)
		VMOVDQU8(v, pixels, Mem{Base: dst, Disp: at})
		return
	}
	VPOR(green, v, v)
	VPOR(blue, v, v)
	VPSHUFB(constants["packNarrow"], v, v)
	VMOVDQU(v.AsX(), Mem{Base: dst, Disp: at}) // four bytes more, which are written next
	high := XMM()
	VEXTRACTI128(Imm(1), v, high)
	VMOVQ(high, Mem{Base: dst, Disp: at + 12})
	VPEXTRD(Imm(2), high, Mem{Base: dst, Disp: at + 20})
}
