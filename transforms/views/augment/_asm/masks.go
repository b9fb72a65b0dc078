package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// mask is where a pred b.
func (w width) mask(pred uint64, a, b Op) Op {
	if w.wide() {
		k := K()
		VCMPPS(Imm(pred), b, a, k)
		return k
	}
	mask := YMM()
	VCMPPS(Imm(pred), b, a, mask)
	return mask
}

// moveWhere sets dst to a constant, where the mask says so.
func (w width) moveWhere(mask Op, constant Mem, dst VecVirtual) {
	if w.wide() {
		VMOVUPS(constant, mask, dst)
		return
	}
	VBLENDVPS(mask, constant, dst, dst)
}

// subtractWhere sets dst to a - b, where the mask says so.
func (w width) subtractWhere(mask, a, b Op, dst VecVirtual) {
	if w.wide() {
		VSUBPS(b, a, mask, dst)
		return
	}
	difference := YMM()
	VSUBPS(b, a, difference)
	VBLENDVPS(mask, difference, dst, dst)
}

// addWhere sets dst to a + b, where the mask says so.
func (w width) addWhere(mask, a, b Op, dst VecVirtual) {
	if w.wide() {
		VADDPS(b, a, mask, dst)
		return
	}
	sum := YMM()
	VADDPS(b, a, sum)
	VBLENDVPS(mask, sum, dst, dst)
}
