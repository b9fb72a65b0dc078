// Command tiles writes the assembly of package kernels:
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

// isa is one vector instruction set.
type isa struct {
	name  string
	bytes int // of a vector
	rows  int // of a register tile
	vecs  []int
	whole []int // rows of a tile that divides 16, for each of vecs
	reg   func(i int) VecPhysical
	regs  int
}

var zmm = gather.Vectors
var ymm = []VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15}

var isas = []isa{
	{name: "AVX512", bytes: 64, rows: 12, vecs: []int{1, 2}, whole: []int{16, 8}, reg: func(i int) VecPhysical { return zmm[i] }, regs: 32},
	{name: "AVX2", bytes: 32, rows: 6, vecs: []int{2}, whole: []int{4}, reg: func(i int) VecPhysical { return ymm[i] }, regs: 16},
}

func main() {
	ConstraintExpr("amd64")
	for _, s := range isas {
		for i, v := range s.vecs {
			t := tile{isa: s, vecs: v}
			t.gather()
			t.outer()
			t.many()
			t.rows = s.whole[i]
			t.outer()
		}
		s.peak()
	}
	Generate()
}

// tile is a register tile: rows x vecs accumulators, vecs registers for a row
// of b, and the rest for broadcast elements of a.
type tile struct {
	isa
	vecs int
}

func (t tile) acc(p, v int) VecPhysical { return t.reg(p*t.vecs + v) }
func (t tile) b(v int) VecPhysical      { return t.reg(t.rows*t.vecs + v) }
func (t tile) bcast(i int) VecPhysical {
	first := (t.rows + 1) * t.vecs
	return t.reg(first + i%(t.regs-first))
}

func (t tile) name(kind string) string {
	return fmt.Sprintf("%s%s%dx%d", kind, t.isa.name, t.rows, t.vecs)
}

// step adds the outer product of one column of a and one row of b, at the
// given displacement from the pointer to b.
func (t tile) step(b Register, disp int, a func(p int) operand.Mem) {
	for v := range t.vecs {
		VMOVUPS(operand.Mem{Base: b, Disp: disp + v*t.bytes}, t.b(v))
	}
	for p := range t.rows {
		if t.vecs == 1 && t.bytes == 64 {
			VFMADD231PS_BCST(a(p), t.b(0), t.acc(p, 0))
			continue
		}
		VBROADCASTSS(a(p), t.bcast(p))
		for v := range t.vecs {
			VFMADD231PS(t.b(v), t.bcast(p), t.acc(p, v))
		}
	}
}

func (t tile) zero() {
	for i := range t.rows * t.vecs {
		xor(t.isa, t.reg(i))
	}
}

// store writes the accumulators to the rows of c, adding to what is there if
// the parameter accumulate is not zero, and finishing them if it may.
func (t tile) store(finish bool) {
	c, off, row := RAX, RBX, RCX
	Load(Param("c"), c)
	Load(Param("coff"), off)
	Load(Param("accumulate"), row)
	TESTQ(row, row)
	JZ(operand.LabelRef("write"))
	for p := range t.rows {
		MOVQ(operand.Mem{Base: off, Disp: 8 * p}, row)
		for v := range t.vecs {
			VADDPS(operand.Mem{Base: c, Index: row, Scale: 4, Disp: v * t.bytes}, t.acc(p, v), t.acc(p, v))
		}
	}
	Label("write")
	if finish {
		t.finish(off, row)
	}
	for p := range t.rows {
		MOVQ(operand.Mem{Base: off, Disp: 8 * p}, row)
		for v := range t.vecs {
			VMOVUPS(t.acc(p, v), operand.Mem{Base: c, Index: row, Scale: 4, Disp: v * t.bytes})
		}
	}
	VZEROUPPER()
	RET()
}

// finish applies the epilogue, if there is one, to the accumulators: the fields
// of finish are scale, offset, residual and relu.
func (t tile) finish(off, row GPPhysical) {
	fin, p := RDX, RSI
	Load(Param("fin"), fin)
	TESTQ(fin, fin)
	JZ(operand.LabelRef("finished"))
	field := func(i int) operand.Mem { return operand.Mem{Base: fin, Disp: 8 * i} }
	MOVQ(field(0), p)
	for v := range t.vecs {
		VMOVUPS(operand.Mem{Base: p, Disp: v * t.bytes}, t.b(v))
	}
	MOVQ(field(1), p)
	for v := range t.vecs {
		VMOVUPS(operand.Mem{Base: p, Disp: v * t.bytes}, t.bcast(v))
	}
	for r := range t.rows {
		for v := range t.vecs {
			VFMADD213PS(t.bcast(v), t.b(v), t.acc(r, v))
		}
	}
	MOVQ(field(2), p)
	TESTQ(p, p)
	JZ(operand.LabelRef("added"))
	for r := range t.rows {
		MOVQ(operand.Mem{Base: off, Disp: 8 * r}, row)
		for v := range t.vecs {
			VADDPS(operand.Mem{Base: p, Index: row, Scale: 4, Disp: v * t.bytes}, t.acc(r, v), t.acc(r, v))
		}
	}
	Label("added")
	MOVQ(field(3), p)
	TESTQ(p, p)
	JZ(operand.LabelRef("finished"))
	xor(t.isa, t.b(0))
	for i := range t.rows * t.vecs {
		VMAXPS(t.b(0), t.reg(i), t.reg(i)) // 0 where NaN
	}
	Label("finished")
}

func xor(i isa, r VecPhysical) {
	if i.bytes == 64 {
		VPXORD(r, r, r)
	} else {
		VXORPS(r, r, r)
	}
}

// gather writes the kernel whose rows of a lie anywhere and whose depth is
// contiguous.
func (t tile) gather() {
	TEXT(t.name("gather"), NOSPLIT, "func(c *float32, coff *int, a *float32, aoff *int, taps *int, ntaps int, k int, b *float32, accumulate int, fin *int)")
	Pragma("noescape")
	Doc(t.name("gather") + " is gatherTile for " + t.isa.name + ".")
	t.gathered().Multiply()
	t.store(true)
}

func (t tile) gathered() gather.Tile {
	return gather.Tile{Rows: t.rows, Bytes: t.vecs * t.bytes, Prefetch: t.prefetch, Zero: t.zero, Step: t.step}
}

// prefetch asks for the rows of c that the kernel will write and those of the
// residual that it will add, which often lie in memory, while it multiplies.
func (t tile) prefetch() {
	c, off, row, residual := RAX, RBX, RCX, RDX
	Load(Param("c"), c)
	Load(Param("coff"), off)
	each := func(base GPPhysical) {
		for p := range t.rows {
			MOVQ(operand.Mem{Base: off, Disp: 8 * p}, row)
			for line := 0; line < t.vecs*t.bytes; line += 64 {
				PREFETCHT0(operand.Mem{Base: base, Index: row, Scale: 4, Disp: line})
			}
		}
	}
	each(c)
	Load(Param("fin"), residual)
	TESTQ(residual, residual)
	JZ(operand.LabelRef("fetched"))
	MOVQ(operand.Mem{Base: residual, Disp: 16}, residual)
	TESTQ(residual, residual)
	JZ(operand.LabelRef("fetched"))
	each(residual)
	Label("fetched")
}

// prefetchOuter asks for the rows of c that the kernel will add to.
func (t tile) prefetchOuter() {
	c, off, row := R11, R12, R13
	Load(Param("c"), c)
	Load(Param("coff"), off)
	for p := range t.rows {
		MOVQ(operand.Mem{Base: off, Disp: 8 * p}, row)
		for line := 0; line < t.vecs*t.bytes; line += 64 {
			PREFETCHT0(operand.Mem{Base: c, Index: row, Scale: 4, Disp: line})
		}
	}
}

// outer writes the kernel whose rows of a are contiguous and whose depth steps
// by a stride.
func (t tile) outer() {
	TEXT(t.name("outer"), NOSPLIT, "func(c *float32, coff *int, a *float32, taps *int, ntaps int, k int, astep int, b *float32, bstep int, accumulate int)")
	Pragma("noescape")
	Doc(t.name("outer") + " is outerTile for " + t.isa.name + ".")
	base, tap, left, k, astep, bstep, b, a, i := RAX, RBX, RCX, RDX, RSI, RDI, R8, R9, R10
	for _, p := range []struct {
		name string
		reg  GPPhysical
	}{{"a", base}, {"taps", tap}, {"ntaps", left}, {"k", k}, {"astep", astep}, {"bstep", bstep}, {"b", b}} {
		Load(Param(p.name), p.reg)
	}
	t.prefetchOuter()
	SHLQ(operand.U8(2), astep)
	SHLQ(operand.U8(2), bstep)
	t.zero()
	row := func(p int) operand.Mem { return operand.Mem{Base: a, Disp: 4 * p} }
	Label("tap")
	DECQ(left)
	JS(operand.LabelRef("done"))
	MOVQ(operand.Mem{Base: tap}, a)
	LEAQ(operand.Mem{Base: base, Index: a, Scale: 4}, a)
	ADDQ(operand.U8(8), tap)
	MOVQ(k, i)
	JMP(operand.LabelRef("deepTest"))
	Label("deep")
	for range 2 {
		t.step(b, 0, row)
		ADDQ(astep, a)
		ADDQ(bstep, b)
	}
	Label("deepTest")
	SUBQ(operand.U8(2), i)
	JGE(operand.LabelRef("deep"))
	CMPQ(i, operand.I8(-1))
	JNE(operand.LabelRef("tap"))
	t.step(b, 0, row)
	ADDQ(bstep, b)
	JMP(operand.LabelRef("tap"))
	Label("done")
	t.store(false)
}

// peak writes a loop of independent multiply-adds.
func (i isa) peak() {
	TEXT("peak"+i.name, NOSPLIT, "func(n int)")
	Doc("peak" + i.name + " runs n rounds of 12 independent vector multiply-adds.")
	Load(Param("n"), RAX)
	for r := range 13 {
		xor(i, i.reg(r))
	}
	Label("loop")
	for r := range 12 {
		VFMADD231PS(i.reg(12), i.reg(12), i.reg(r))
	}
	DECQ(RAX)
	JNZ(operand.LabelRef("loop"))
	VZEROUPPER()
	RET()
}
