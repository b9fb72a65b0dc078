// Command quant writes the assembly of package kernels for 8-bit convolutions:
//
//	_asm/generate.sh
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/retort-ml/retort/model/backend/cpu/internal/kernels/_asm/gather"
)

var zmm = gather.Vectors

const (
	rows   = 12 // of a register tile
	vector = 64 // bytes
)

func main() {
	ConstraintExpr("amd64")
	for _, vecs := range []int{1, 2} {
		tile{vecs}.gather()
	}
	scale()
	largest()
	Generate()
}

// tile is a register tile: rows x vecs accumulators, vecs registers for a row
// of b, and the rest for broadcast elements of a.
type tile struct{ vecs int }

func (t tile) acc(p, v int) VecPhysical { return zmm[p*t.vecs+v] }
func (t tile) b(v int) VecPhysical      { return zmm[rows*t.vecs+v] }
func (t tile) temp(i int) VecPhysical {
	first := (rows + 1) * t.vecs
	return zmm[first+i%(len(zmm)-first)]
}

// step adds the products of four neighbours of each row of a and four rows of b.
func (t tile) step(b Register, disp int, a func(p int) operand.Mem) {
	for v := range t.vecs {
		VMOVDQU32(operand.Mem{Base: b, Disp: disp + v*vector}, t.b(v))
	}
	for p := range rows {
		VPBROADCASTD(a(p), t.temp(p))
		for v := range t.vecs {
			VPDPBUSD(t.b(v), t.temp(p), t.acc(p, v))
		}
	}
}

func (t tile) zero() {
	for i := range rows * t.vecs {
		VPXORD(zmm[i], zmm[i], zmm[i])
	}
}

// gather writes the kernel whose rows of a lie anywhere and whose depth is
// contiguous.
func (t tile) gather() {
	name := fmt.Sprintf("gatherVNNI%dx%d", rows, t.vecs)
	TEXT(name, NOSPLIT, "func(c *float32, coff *int, a *float32, aoff *int, taps *int, ntaps int, k int, b *float32, fin *int)")
	Pragma("noescape")
	Doc(name + " is a byteGather for AVX-512 with VNNI.")
	gather.Tile{Rows: rows, Bytes: t.vecs * vector, Prefetch: t.prefetch, Zero: t.zero, Step: t.step}.Multiply()
	t.finish()
	VZEROUPPER()
	RET()
}

// The fields of byteFinish, in words.
const (
	finScale = iota
	finOffset
	finRows
	finFloats
	finBytes
	finByteRows
	finMax
	finMaxAt
	finReLU
)

// prefetch asks for the rows of c that the kernel will write and those of the
// residual that it will add, while it multiplies.
func (t tile) prefetch() {
	c, off, row, fin := RAX, RBX, RCX, RDX
	Load(Param("c"), c)
	Load(Param("coff"), off)
	each := func(base GPPhysical, scale uint8, bytes int) {
		for p := range rows {
			MOVQ(operand.Mem{Base: off, Disp: 8 * p}, row)
			for line := 0; line < bytes; line += 64 {
				PREFETCHT0(operand.Mem{Base: base, Index: row, Scale: scale, Disp: line})
			}
		}
	}
	each(c, 4, t.vecs*vector)
	Load(Param("fin"), fin)
	MOVQ(operand.Mem{Base: fin, Disp: 8 * finFloats}, c)
	TESTQ(c, c)
	JZ(operand.LabelRef("noFloats"))
	each(c, 4, t.vecs*vector)
	Label("noFloats")
	MOVQ(operand.Mem{Base: fin, Disp: 8 * finBytes}, c)
	TESTQ(c, c)
	JZ(operand.LabelRef("fetched"))
	each(c, 1, t.vecs*vector/4)
	Label("fetched")
}

// finish turns sums into values, adds, cuts, notes the largest, and stores them. Its
// multiplications and additions are rounded one by one, as those of the twin are.
func (t tile) finish() {
	fin, c, off, p, q, row := RDX, RAX, RBX, RSI, RDI, RCX
	Load(Param("fin"), fin)
	Load(Param("c"), c)
	Load(Param("coff"), off)
	field := func(i int, r GPPhysical) { MOVQ(operand.Mem{Base: fin, Disp: 8 * i}, r) }
	each := func(f func(r, v int, acc VecPhysical)) {
		for r := range rows {
			for v := range t.vecs {
				f(r, v, t.acc(r, v))
			}
		}
	}
	place := func(r int) { MOVQ(operand.Mem{Base: off, Disp: 8 * r}, row) }
	field(finScale, p)
	for v := range t.vecs {
		VMOVUPS(operand.Mem{Base: p, Disp: v * vector}, t.b(v))
	}
	field(finOffset, p)
	for v := range t.vecs {
		VMOVUPS(operand.Mem{Base: p, Disp: v * vector}, t.temp(v))
	}
	field(finRows, p)
	each(func(r, v int, acc VecPhysical) {
		VCVTDQ2PS(acc, acc)
		VMULPS(t.b(v), acc, acc)
		VMULPS_BCST(operand.Mem{Base: p, Disp: 4 * r}, acc, acc)
		VADDPS(t.temp(v), acc, acc)
	})
	field(finFloats, p)
	TESTQ(p, p)
	JZ(operand.LabelRef("floatsAdded"))
	each(func(r, v int, acc VecPhysical) {
		if v == 0 {
			place(r)
		}
		VADDPS(operand.Mem{Base: p, Index: row, Scale: 4, Disp: v * vector}, acc, acc)
	})
	Label("floatsAdded")
	field(finBytes, p)
	TESTQ(p, p)
	JZ(operand.LabelRef("bytesAdded"))
	field(finByteRows, q)
	each(func(r, v int, acc VecPhysical) {
		if v == 0 {
			place(r)
		}
		x := t.temp(r*t.vecs + v)
		VPMOVZXBD(operand.Mem{Base: p, Index: row, Scale: 1, Disp: v * vector / 4}, x)
		VCVTDQ2PS(x, x)
		VMULPS_BCST(operand.Mem{Base: q, Disp: 4 * r}, x, x)
		VADDPS(x, acc, acc)
	})
	Label("bytesAdded")
	field(finReLU, p)
	TESTQ(p, p)
	JZ(operand.LabelRef("cut"))
	VPXORD(t.b(0), t.b(0), t.b(0))
	each(func(_, _ int, acc VecPhysical) { VMAXPS(t.b(0), acc, acc) }) // 0 where NaN
	Label("cut")
	field(finMax, p)
	TESTQ(p, p)
	JZ(operand.LabelRef("noted"))
	field(finMaxAt, q)
	for r := range rows {
		MOVQ(operand.Mem{Base: q, Disp: 8 * r}, row)
		x, at := t.temp(r), operand.Mem{Base: p, Index: row, Scale: 4}
		VMAXPS(at, t.acc(r, 0), x)
		for v := 1; v < t.vecs; v++ {
			VMAXPS(t.acc(r, v), x, x)
		}
		VMOVUPS(x, at)
	}
	Label("noted")
	each(func(r, v int, acc VecPhysical) {
		if v == 0 {
			place(r)
		}
		VMOVUPS(acc, operand.Mem{Base: c, Index: row, Scale: 4, Disp: v * vector})
	})
}

// scale writes the kernel that turns values into bytes.
func scale() {
	TEXT("bytesVNNI", NOSPLIT, "func(dst *uint8, src *float32, n int, factor float32)")
	Pragma("noescape")
	Doc("bytesVNNI is a bytesFunc for AVX-512: n is a multiple of 16.")
	dst, src, n := RAX, RBX, RCX
	Load(Param("dst"), dst)
	Load(Param("src"), src)
	Load(Param("n"), n)
	Load(Param("factor"), X0)
	VBROADCASTSS(X0, Z0)
	VPXORD(Z1, Z1, Z1)
	block := func(vecs int, next string) {
		Label(next)
		SUBQ(operand.U8(16*vecs), n)
		JL(operand.LabelRef(next + "Done"))
		for v := range vecs {
			x := zmm[2+v]
			VMULPS(operand.Mem{Base: src, Disp: v * vector}, Z0, x)
			VMAXPS(Z1, x, x)
			VCVTPS2UDQ(x, x)
			VPMOVUSDB(x, operand.Mem{Base: dst, Disp: 16 * v})
		}
		ADDQ(operand.U32(vecs*vector), src)
		ADDQ(operand.U8(16*vecs), dst)
		JMP(operand.LabelRef(next))
		Label(next + "Done")
		ADDQ(operand.U8(16*vecs), n)
	}
	block(4, "four")
	block(1, "one")
	VZEROUPPER()
	RET()
}

// largest writes the kernel that finds the largest magnitude. As whole numbers
// magnitudes have the order of their values, and NaN is larger than all.
func largest() {
	TEXT("largestVNNI", NOSPLIT, "func(max *float32, src *float32, n int)")
	Pragma("noescape")
	Doc("largestVNNI is a largestFunc for AVX-512: n is a multiple of 16.")
	max, src, n := RAX, RBX, RCX
	Load(Param("max"), max)
	Load(Param("src"), src)
	Load(Param("n"), n)
	VMOVDQU32(operand.Mem{Base: max}, Z0)
	MOVL(operand.U32(0x7fffffff), EDX)
	VPBROADCASTD(EDX, Z2)
	Label("loop")
	SUBQ(operand.U8(16), n)
	JL(operand.LabelRef("done"))
	VPANDD(operand.Mem{Base: src}, Z2, Z1)
	VPMAXSD(Z1, Z0, Z0)
	ADDQ(operand.U8(64), src)
	JMP(operand.LabelRef("loop"))
	Label("done")
	VMOVDQU32(Z0, operand.Mem{Base: max})
	VZEROUPPER()
	RET()
}
