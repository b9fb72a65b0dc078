package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/retort-ml/retort/model/backend/cpu/internal/kernels/_asm/gather"
)

// many writes the kernel that multiplies count tiles of one depth, a, b and c of
// each being a fixed step after the last's. Nothing is added to c. With each tile it
// asks for some lines of two ranges, so that memory is read while it multiplies: ahead
// is nil or has their places and the number of lines.
func (t tile) many() {
	TEXT(t.name("many"), NOSPLIT, "func(c *float32, coff *int, a *float32, aoff *int, k int, b *float32, count int, astep int, bstep int, cstep int, ahead *int)")
	Pragma("noescape")
	Doc(t.name("many") + " is manyTile for " + t.isa.name + ".")
	at, b, tmp := gather.At, gather.B, gather.Tmp
	place, panel, end := AllocLocal(8), AllocLocal(8), AllocLocal(8)
	bytes := func(name string, r GPPhysical) {
		Load(Param(name), r)
		SHLQ(operand.U8(2), r)
	}
	rows := t.gathered().LoadRows()
	Load(Param("c"), tmp)
	MOVQ(tmp, place)
	Load(Param("b"), b)
	MOVQ(b, panel)
	bytes("k", tmp)
	MOVQ(tmp, end)
	count, _ := Param("count").Resolve()
	Label("tile")
	t.zero()
	Load(Param("ahead"), at)
	TESTQ(at, at)
	JZ(operand.LabelRef("fetched"))
	for i := range 2 {
		label := []string{"first", "second"}[i]
		MOVQ(operand.Mem{Base: at, Disp: 8 * i}, b)
		MOVQ(operand.Mem{Base: at, Disp: 16}, tmp)
		Label(label)
		PREFETCHT1(operand.Mem{Base: b})
		ADDQ(operand.U8(64), b)
		DECQ(tmp)
		JNZ(operand.LabelRef(label))
		MOVQ(b, operand.Mem{Base: at, Disp: 8 * i})
	}
	MOVQ(panel, b)
	Label("fetched")
	XORQ(at, at)
	MOVQ(end, tmp)
	ANDQ(operand.I8(-4*gather.Unroll), tmp)
	t.gathered().Depth(rows, end)
	MOVQ(place, tmp)
	Load(Param("coff"), at)
	for p := range t.rows {
		MOVQ(operand.Mem{Base: at, Disp: 8 * p}, b)
		for v := range t.vecs {
			VMOVUPS(t.acc(p, v), operand.Mem{Base: tmp, Index: b, Scale: 4, Disp: v * t.bytes})
		}
	}
	bytes("cstep", at)
	ADDQ(at, tmp)
	MOVQ(tmp, place)
	bytes("bstep", at)
	MOVQ(panel, b)
	ADDQ(at, b)
	MOVQ(b, panel)
	bytes("astep", at)
	for _, r := range rows {
		ADDQ(at, r)
	}
	DECQ(count.Addr)
	JNZ(operand.LabelRef("tile"))
	VZEROUPPER()
	RET()
}
