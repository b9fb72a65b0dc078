package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// many writes the kernel that multiplies count tiles of one depth, a, b and c of
// each being a fixed step after the last's. Nothing is added to c. With each tile it
// asks for some lines of two ranges, so that memory is read while it multiplies: ahead
// is nil or has their places and the number of lines.
func (t tile) many() {
	TEXT(t.name("many"), NOSPLIT, "func(c *float32, coff *int, a *float32, aoff *int, k int, b *float32, count int, astep int, bstep int, cstep int, ahead *int)")
	Pragma("noescape")
	Doc(t.name("many") + " is manyTile for " + t.isa.name + ".")
	rows := []GPPhysical{RAX, RBX, RCX, RDX, RSI, RDI, R8, R9, R10, R11, R12, R13}[:t.rows]
	at, b, tmp := R14, R15, RBP
	place, panel, end := AllocLocal(8), AllocLocal(8), AllocLocal(8)
	bytes := func(name string, r GPPhysical) {
		Load(Param(name), r)
		SHLQ(operand.U8(2), r)
	}
	Load(Param("a"), tmp)
	Load(Param("aoff"), at)
	for p, r := range rows {
		MOVQ(operand.Mem{Base: at, Disp: 8 * p}, r)
		LEAQ(operand.Mem{Base: tmp, Index: r, Scale: 4}, r)
	}
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
	const unroll = 4
	SUBQ(operand.U8(4*unroll), tmp)
	JMP(operand.LabelRef("deepTest"))
	a := func(u int) func(p int) operand.Mem {
		return func(p int) operand.Mem { return operand.Mem{Base: rows[p], Index: at, Scale: 1, Disp: 4 * u} }
	}
	Label("deep")
	for u := range unroll {
		t.step(b, u*t.vecs*t.bytes, a(u))
	}
	ADDQ(operand.U32(4*unroll), at)
	ADDQ(operand.U32(unroll*t.vecs*t.bytes), b)
	Label("deepTest")
	CMPQ(at, tmp)
	JLE(operand.LabelRef("deep"))
	MOVQ(end, tmp)
	JMP(operand.LabelRef("lastTest"))
	Label("last")
	t.step(b, 0, a(0))
	ADDQ(operand.U8(4), at)
	ADDQ(operand.U32(t.vecs*t.bytes), b)
	Label("lastTest")
	CMPQ(at, tmp)
	JLT(operand.LabelRef("last"))
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
