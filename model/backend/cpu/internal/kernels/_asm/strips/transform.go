package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// transform takes a square patch of from x from pixels to to x to planes: line takes
// the registers 0 to from-1 to those that it returns. Its constants are in the
// registers from first on.
type transform struct {
	name, doc string
	from, to  int
	first     int
	constants []float64
	line      func() []VecPhysical
}

// threes are pointers to every third of some places that lie pitch apart.
type threes struct {
	base  []GPPhysical
	pitch GPPhysical
	three GPPhysical // 3·pitch
}

// of sets the pointers for count places from base[0] on.
func (t threes) of(count int) {
	for i := 1; 3*i < count; i++ {
		LEAQ(operand.Mem{Base: t.base[i-1], Index: t.three, Scale: 1}, t.base[i])
	}
}

// at is place i.
func (t threes) at(i int) operand.Mem {
	m := operand.Mem{Base: t.base[i/3]}
	if i%3 > 0 {
		m.Index, m.Scale = t.pitch, uint8(i%3)
	}
	return m
}

// spread writes a transform of patches, columns first. Element (i, j) goes to plane
// to·i+j of dst. The patch starts skip floats before src; of its rows and columns,
// those whose bits are not set are 0 and not read.
func (s vec) spread(t transform) {
	s.begin(t.name, "func(dst, src, tmp *float32, plane, pixel, row, n, skip, rows, cols int)")
	Doc(t.name + s.name + " " + t.doc + ".")
	dst, src, tmp, plane, pixel, row, n, cols := RAX, RBX, RCX, RDX, RSI, RDI, R8, R13
	p := []GPPhysical{R11, R12, R14}
	in, out := threes{p, row, R10}, threes{p, plane, R9}
	params("dst src tmp plane pixel row n", "plane pixel row n", dst, src, tmp, plane, pixel, row, n)
	LEAQ(operand.Mem{Base: plane, Index: plane, Scale: 2}, out.three)
	LEAQ(operand.Mem{Base: row, Index: row, Scale: 2}, in.three)
	c := clip{s, tmp, t.from, t.to}
	c.begin(src, cols, R15)
	s.constants4(t.first, t.constants...)
	Label("loop")
	MOVQ(src, p[0])
	for j := range t.from {
		c.column(cols, j, func() {
			in.of(t.from)
			for r := range t.from {
				c.load(in.at(r), r, s.r(r), s.r(t.from))
			}
			for i, v := range t.line() {
				VMOVUPS(v, s.tmp4(tmp, t.from*i+j))
			}
		})
		ADDQ(pixel, p[0])
	}
	MOVQ(dst, p[0])
	for i := range t.to {
		out.of(t.to)
		for j := range t.from {
			VMOVUPS(s.tmp4(tmp, t.from*i+j), s.r(j))
		}
		for j, v := range t.line() {
			VMOVUPS(v, out.at(j))
		}
		LEAQ(operand.Mem{Base: p[t.to/3-1], Index: out.three, Scale: 1}, p[0])
	}
	ADDQ(operand.U8(s.bytes), dst)
	ADDQ(operand.U8(s.bytes), src)
	SUBQ(operand.U8(s.bytes), n)
	JG(operand.LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// clip reads 0 where rows and columns of a patch lie outside the image.
type clip struct {
	vec
	tmp      GPPhysical
	from, to int
}

var rowMasks = []OpmaskPhysical{K1, K2, K3, K4, K5, K6}

// begin sets the masks of rows, moves src back to where the patch starts, and puts
// the bits of columns in cols.
func (c clip) begin(src, cols, free GPPhysical) {
	params("skip cols", "skip", free, cols)
	SUBQ(free, src)
	for r := range c.from {
		Load(Param("rows"), free)
		SHLQ(operand.U8(63-r), free)
		SARQ(operand.U8(63), free)
		if c.wide() {
			KMOVW(free.As32(), rowMasks[r])
			continue
		}
		VMOVQ(free, X0)
		VPBROADCASTQ(X0, Y0)
		VMOVUPS(Y0, c.mask(r))
	}
}

// mask is where the mask of row r lies that no register holds: behind the vectors of
// tmp, which are half as wide then.
func (c clip) mask(r int) operand.Mem {
	return operand.Mem{Base: c.tmp, Disp: (c.from*c.to + r) * c.bytes}
}

// load reads row r, or 0.
func (c clip) load(m operand.Mem, r int, v, free VecPhysical) {
	if c.wide() {
		VMOVUPS_Z(m, rowMasks[r], v)
		return
	}
	VMOVUPS(c.mask(r), free)
	VMASKMOVPS(m, free, v)
}

// column runs body for column j of the patch, and has what it would leave in tmp be 0
// where the column lies outside.
func (c clip) column(cols GPPhysical, j int, body func()) {
	outside, done := fmt.Sprintf("outside%d", j), fmt.Sprintf("done%d", j)
	BTQ(operand.U8(j), cols)
	JCC(operand.LabelRef(outside))
	body()
	JMP(operand.LabelRef(done))
	Label(outside)
	VXORPS(c.r(0), c.r(0), c.r(0))
	for i := range c.to {
		VMOVUPS(c.r(0), c.tmp4(c.tmp, c.from*i+j))
	}
	Label(done)
}

// contract writes a transform of to x to sums to 3x3 taps: tap 3·a+b of dst gets
// element (a, b). It returns what is not 0 if one of them is not finite.
func (s vec) contract(t transform) {
	s.begin(t.name, "func(dst, src, tmp *float32, plane, tap, n int) uint32")
	Doc(t.name + s.name + " " + t.doc + ".")
	dst, src, tmp, plane, tap, n, a := RAX, RBX, RCX, RDX, RSI, RDI, R15
	p := []GPPhysical{R11, R12, R14}
	in := threes{p, plane, R9}
	params("dst src tmp plane tap n", "plane tap n", dst, src, tmp, plane, tap, n)
	LEAQ(operand.Mem{Base: plane, Index: plane, Scale: 2}, in.three)
	LEAQ(operand.Mem{Base: tap, Index: tap, Scale: 2}, R10)
	zero, strange := s.r(14), s.r(15)
	VXORPS(zero, zero, zero)
	VXORPS(strange, strange, strange)
	s.constants4(t.first, t.constants...)
	Label("loop")
	MOVQ(src, p[0])
	for i := range t.from {
		in.of(t.from)
		for j := range t.from {
			VMOVUPS(in.at(j), s.r(j))
		}
		for b, v := range t.line() {
			VMOVUPS(v, s.tmp4(tmp, t.from*b+i))
		}
		LEAQ(operand.Mem{Base: p[t.from/3-1], Index: in.three, Scale: 1}, p[0])
	}
	MOVQ(dst, p[0])
	for b := range t.to {
		for i := range t.from {
			VMOVUPS(s.tmp4(tmp, t.from*b+i), s.r(i))
		}
		MOVQ(p[0], a)
		for i, v := range t.line() {
			if i > 0 {
				ADDQ(R10, a)
			}
			VMOVUPS(v, operand.Mem{Base: a})
			VFMADD231PS(v, zero, strange)
		}
		ADDQ(tap, p[0])
	}
	ADDQ(operand.U8(s.bytes), dst)
	ADDQ(operand.U8(s.bytes), src)
	SUBQ(operand.U8(s.bytes), n)
	JG(operand.LabelRef("loop"))
	s.unordered(strange)
	VZEROUPPER()
	RET()
}
