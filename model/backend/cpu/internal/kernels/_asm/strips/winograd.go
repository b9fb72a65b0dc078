package main

import (
	"strings"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// winograd writes the three transforms of F(2x2, 3x3). They work on whole
// vectors: n is a multiple of 16.
func (s vec) winograd() {
	s.winoInput()
	s.winoWeights()
	for _, kind := range []struct{ finish, residual, relu bool }{
		{}, {finish: true}, {finish: true, relu: true}, {finish: true, residual: true}, {finish: true, residual: true, relu: true},
	} {
		s.winoOutput(kind.finish, kind.residual, kind.relu)
	}
}

func (s vec) begin(name, signature string) {
	TEXT(name+s.name, NOSPLIT, signature)
	Pragma("noescape")
}

// params loads parameters, those in bytes being numbers of floats.
func params(names string, bytes string, regs ...GPPhysical) {
	for i, name := range strings.Fields(names) {
		Load(Param(name), regs[i])
		if strings.Contains(" "+bytes+" ", " "+name+" ") {
			SHLQ(operand.U8(2), regs[i])
		}
	}
}

// winoInput is Bᵀ·d·B of a patch of 4x4 pixels: plane 4·i+j of dst gets
// element (i, j).
func (s vec) winoInput() {
	s.begin("winoInput", "func(dst, src *float32, plane, pixel, row, n int)")
	dst, plane, p1, p2, p3, n, d, step := RAX, RCX, RDX, R12, R13, RDI, R14, R15
	rows := []GPPhysical{RBX, R8, R9, R10}
	params("dst src plane pixel row n", "plane pixel row n", dst, rows[0], plane, p1, RSI, n)
	for r := range 3 {
		LEAQ(operand.Mem{Base: rows[r], Index: RSI, Scale: 1}, rows[r+1])
	}
	LEAQ(operand.Mem{Base: p1, Index: p1, Scale: 1}, p2)
	LEAQ(operand.Mem{Base: p2, Index: p1, Scale: 1}, p3)
	MOVQ(plane, step)
	SHLQ(operand.U8(2), step)
	at := func(r, col int) operand.Mem {
		m := operand.Mem{Base: rows[r]}
		if col > 0 {
			m.Index, m.Scale = []GPPhysical{p1, p2, p3}[col-1], 1
		}
		return m
	}
	Label("loop")
	MOVQ(dst, d)
	c := func(r int) VecPhysical { return s.r(r) }
	for j := range 4 {
		for r := range 4 {
			a, b := [][2]int{{0, 2}, {2, 1}, {2, 1}, {1, 3}}[j][0], [][2]int{{0, 2}, {2, 1}, {2, 1}, {1, 3}}[j][1]
			VMOVUPS(at(r, a), c(r))
			if j == 1 {
				VADDPS(at(r, b), c(r), c(r))
			} else {
				VSUBPS(at(r, b), c(r), c(r))
			}
		}
		VSUBPS(c(2), c(0), s.r(4))
		VADDPS(c(2), c(1), s.r(5))
		VSUBPS(c(1), c(2), s.r(6))
		VSUBPS(c(3), c(1), s.r(7))
		if j < 3 {
			LEAQ(operand.Mem{Base: d, Index: plane, Scale: 1}, R11)
		}
		for i := range 4 {
			VMOVUPS(s.r(4+i), operand.Mem{Base: d})
			if i < 3 {
				ADDQ(step, d)
			}
		}
		if j < 3 {
			MOVQ(R11, d)
		}
	}
	for _, r := range append(rows, dst) {
		ADDQ(operand.U8(s.bytes), r)
	}
	SUBQ(operand.U8(s.bytes), n)
	JG(operand.LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// winoWeights is G·g·Gᵀ of 3x3 taps.
func (s vec) winoWeights() {
	s.begin("winoWeights", "func(dst, src *float32, plane, tap, n int)")
	dst, src, plane, tap, n, d, step := RAX, RBX, RCX, RDX, RDI, R14, R15
	params("dst src plane tap n", "plane tap n", dst, src, plane, tap, n)
	MOVQ(plane, step)
	SHLQ(operand.U8(2), step)
	half := s.r(15)
	VMOVUPS(f32(0.5), half)
	g := func(a, b int) VecPhysical { return s.r(3*a + b) }
	// spread sets out to the two middle rows of G·(x0, x1, x2)
	spread := func(x0, x1, x2, plus, minus VecPhysical) {
		VADDPS(x2, x0, plus)
		VSUBPS(x1, plus, minus)
		VADDPS(x1, plus, plus)
		VMULPS(half, plus, plus)
		VMULPS(half, minus, minus)
	}
	Label("loop")
	MOVQ(src, RSI)
	for t := range 9 {
		VMOVUPS(operand.Mem{Base: RSI}, s.r(t))
		if t < 8 {
			ADDQ(tap, RSI)
		}
	}
	column := func(j int, h [3]VecPhysical) {
		MOVQ(dst, d)
		for range j {
			ADDQ(plane, d)
		}
		spread(h[0], h[1], h[2], s.r(12), s.r(13))
		for i, v := range []VecPhysical{h[0], s.r(12), s.r(13), h[2]} {
			if i > 0 {
				ADDQ(step, d)
			}
			VMOVUPS(v, operand.Mem{Base: d})
		}
	}
	column(0, [3]VecPhysical{g(0, 0), g(1, 0), g(2, 0)})
	column(3, [3]VecPhysical{g(0, 2), g(1, 2), g(2, 2)})
	for a := range 3 { // the middle columns, in place
		spread(g(a, 0), g(a, 1), g(a, 2), s.r(9), s.r(10))
		VMOVAPS(s.r(9), g(a, 0))
		VMOVAPS(s.r(10), g(a, 1))
	}
	column(1, [3]VecPhysical{g(0, 0), g(1, 0), g(2, 0)})
	column(2, [3]VecPhysical{g(0, 1), g(1, 1), g(2, 1)})
	ADDQ(operand.U8(s.bytes), dst)
	ADDQ(operand.U8(s.bytes), src)
	SUBQ(operand.U8(s.bytes), n)
	JG(operand.LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// winoPitch is the distance in bytes between the 16 planes of a tile.
const winoPitch = 32 * 4

// winoOutput is Aᵀ·m·A of a tile: four pixels, finished as an epilogue says. It
// returns what is not 0 if one of them is not finite before that.
func (s vec) winoOutput(finish, residual, relu bool) {
	name, args := "winoOutput", "m, y0, y1, y2, y3"
	if finish {
		name, args = name+"Finish", args+", scale, offset"
	}
	if residual {
		name, args = name+"Residual", args+", r0, r1, r2, r3"
	}
	if relu {
		name += "ReLU"
	}
	s.begin(name, "func("+args+" *float32, n int) uint32")
	regs := []GPPhysical{RAX, RBX, RCX, RDX, RSI, R8, R9, R10, R11, R12, R13}
	names := strings.ReplaceAll(args, ",", "")
	params(names+" n", "n", append(regs[:len(strings.Fields(names)):len(regs)], RDI)...)
	m, y := regs[0], regs[1:5]
	zero, strange := s.r(14), s.r(15)
	VXORPS(zero, zero, zero)
	VXORPS(strange, strange, strange)
	XORQ(R15, R15)
	load := func(i, j int) operand.Mem { return operand.Mem{Base: m, Disp: (4*i + j) * winoPitch} }
	up := func(j int) VecPhysical { return s.r(j) }
	low := func(j int) VecPhysical { return s.r(4 + j) }
	// ends sets a = a + b + c and b = b - c - d
	ends := func(a, b, c, d VecPhysical) {
		VADDPS(b, a, a)
		VADDPS(c, a, a)
		VSUBPS(c, b, b)
		VSUBPS(d, b, b)
	}
	Label("loop")
	for j := range 4 {
		VMOVUPS(load(1, j), s.r(8))
		VMOVUPS(load(2, j), s.r(9))
		VADDPS(load(0, j), s.r(8), up(j))
		VADDPS(s.r(9), up(j), up(j))
		VSUBPS(s.r(9), s.r(8), low(j))
		VSUBPS(load(3, j), low(j), low(j))
	}
	ends(up(0), up(1), up(2), up(3))
	ends(low(0), low(1), low(2), low(3))
	out := []VecPhysical{up(0), up(1), low(0), low(1)}
	VADDPS(out[1], out[0], s.r(8))
	VADDPS(out[3], out[2], s.r(9))
	VADDPS(s.r(9), s.r(8), s.r(8))
	VFMADD231PS(s.r(8), zero, strange)
	at := func(r GPPhysical) operand.Mem { return operand.Mem{Base: r, Index: R15, Scale: 1} }
	if finish {
		VMOVUPS(at(regs[5]), s.r(8))
		VMOVUPS(at(regs[6]), s.r(9))
		for _, o := range out {
			VFMADD213PS(s.r(9), s.r(8), o)
		}
	}
	for i, o := range out {
		if residual {
			VADDPS(at(regs[7+i]), o, o)
		}
		if relu {
			VMAXPS(zero, o, o)
		}
		VMOVUPS(o, at(y[i]))
	}
	ADDQ(operand.U8(s.bytes), m)
	ADDQ(operand.U8(s.bytes), R15)
	CMPQ(R15, RDI)
	JLT(operand.LabelRef("loop"))
	s.unordered(strange)
	VZEROUPPER()
	RET()
}
