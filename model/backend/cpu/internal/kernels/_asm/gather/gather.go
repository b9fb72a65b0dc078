// Package gather writes what kernels have in common whose rows of a lie anywhere and
// whose depth is contiguous, whatever they multiply.
package gather

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Vectors are the registers of AVX-512.
var Vectors = []VecPhysical{Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15,
	Z16, Z17, Z18, Z19, Z20, Z21, Z22, Z23, Z24, Z25, Z26, Z27, Z28, Z29, Z30, Z31}

// Unroll is how many elements of a row a turn of the loop takes.
const Unroll = 4

// Registers beside the pointers to the rows of a: the place in them, the pointer to b.
var At, B, Tmp = R14, R15, RBP

// Tile is a kernel's register tile.
type Tile struct {
	Rows, Bytes    int    // Bytes of a row of b
	Prefetch, Zero func() // of the accumulators
	// Step adds the products of one element of each row of a and a row of b, which
	// lies disp behind the pointer to b.
	Step func(b Register, disp int, a func(p int) operand.Mem)
}

// Multiply writes a kernel up to its label "done", where the accumulators hold the
// sums over all taps and the whole depth.
func (t Tile) Multiply() {
	at, b, tmp := At, B, Tmp
	tap, left, end := AllocLocal(8), AllocLocal(8), AllocLocal(8)
	t.Prefetch()
	rows := t.LoadRows()
	t.Zero()
	Load(Param("taps"), tmp)
	MOVQ(tmp, tap)
	Load(Param("ntaps"), tmp)
	MOVQ(tmp, left)
	Load(Param("b"), b)
	Label("tap")
	DECQ(left)
	JS(operand.LabelRef("done"))
	MOVQ(tap, tmp)
	MOVQ(operand.Mem{Base: tmp}, at)
	SHLQ(operand.U8(2), at)
	ADDQ(operand.U8(8), tap)
	Load(Param("k"), tmp)
	LEAQ(operand.Mem{Base: at, Index: tmp, Scale: 4}, tmp)
	MOVQ(tmp, end)
	Load(Param("k"), tmp)
	ANDQ(operand.I8(-Unroll), tmp)
	LEAQ(operand.Mem{Base: at, Index: tmp, Scale: 4}, tmp)
	t.Depth(rows, end)
	JMP(operand.LabelRef("tap"))
	Label("done")
}

// LoadRows loads the pointers to the rows of a.
func (t Tile) LoadRows() []GPPhysical {
	rows := []GPPhysical{RAX, RBX, RCX, RDX, RSI, RDI, R8, R9, R10, R11, R12, R13}[:t.Rows]
	Load(Param("a"), Tmp)
	Load(Param("aoff"), At)
	for p, r := range rows {
		MOVQ(operand.Mem{Base: At, Disp: 8 * p}, r)
		LEAQ(operand.Mem{Base: Tmp, Index: r, Scale: 4}, r)
	}
	return rows
}

// Depth writes the loop over elements of the rows: from At bytes behind their pointers
// to end, the last fewer than Unroll of them by themselves, from where Tmp says.
func (t Tile) Depth(rows []GPPhysical, end operand.Mem) {
	at, b, tmp := At, B, Tmp
	a := func(u int) func(p int) operand.Mem {
		return func(p int) operand.Mem { return operand.Mem{Base: rows[p], Index: at, Scale: 1, Disp: 4 * u} }
	}
	JMP(operand.LabelRef("deepTest"))
	Label("deep")
	for u := range Unroll {
		t.Step(b, u*t.Bytes, a(u))
	}
	ADDQ(operand.U32(4*Unroll), at)
	ADDQ(operand.U32(Unroll*t.Bytes), b)
	Label("deepTest")
	CMPQ(at, tmp)
	JLT(operand.LabelRef("deep"))
	MOVQ(end, tmp)
	JMP(operand.LabelRef("lastTest"))
	Label("last")
	t.Step(b, 0, a(0))
	ADDQ(operand.U8(4), at)
	ADDQ(operand.U32(t.Bytes), b)
	Label("lastTest")
	CMPQ(at, tmp)
	JLT(operand.LabelRef("last"))
}
