package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// winograd4 writes the three transforms of F(4x4, 3x3) at the points 0, ±√½, ±√2
// and ∞. Each goes along columns into tmp, which stays in the first cache, and
// then along rows. n is a multiple of 16.
func (s vec) winograd4() {
	s.winoInput4()
	s.winoWeights4()
	s.winoOutput4()
}

// at six places that lie pitch apart, from base and three, which is 3·pitch on.
func six(base, three, pitch GPPhysical, i int) operand.Mem {
	if i >= 3 {
		base, i = three, i-3
	}
	m := operand.Mem{Base: base}
	if i > 0 {
		m.Index, m.Scale = pitch, uint8(i)
	}
	return m
}

// constants4 loads values into the registers from first on.
func (s vec) constants4(first int, values ...float64) {
	for i, v := range values {
		VMOVUPS(f32(v), s.r(first+i))
	}
}

// tmp4 is vector i of tmp.
func (s vec) tmp4(tmp GPPhysical, i int) operand.Mem {
	return operand.Mem{Base: tmp, Disp: i * s.bytes}
}

// clip is the masks of rows of a patch: what lies outside the image is read as 0.
type clip struct {
	vec
	tmp GPPhysical
}

// clipped sets the masks of count rows from the parameter rows, which has a bit for
// each, moves src back by skip, and puts the bits of columns in cols. Half of tmp is
// free where vectors are half as wide.
func (s vec) clipped(src, tmp, cols, free GPPhysical, count int) clip {
	c := clip{s, tmp}
	params("skip cols", "skip", free, cols)
	SUBQ(free, src)
	for r := range count {
		Load(Param("rows"), free)
		SHLQ(operand.U8(63-r), free)
		SARQ(operand.U8(63), free)
		if s.wide() {
			KMOVW(free.As32(), rowMasks[r])
			continue
		}
		VMOVQ(free, X0)
		VPBROADCASTQ(X0, Y0)
		VMOVUPS(Y0, c.mask(r))
	}
	return c
}

var rowMasks = []OpmaskPhysical{K1, K2, K3, K4, K5, K6}

func (c clip) mask(r int) operand.Mem {
	return operand.Mem{Base: c.tmp, Disp: (36 + r) * c.bytes}
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

// column runs body for column j of the patch, and has its count vectors of tmp, step
// apart, be 0 if it lies outside.
func (c clip) column(cols GPPhysical, j, count, step int, zero VecPhysical, body func()) {
	outside, done := fmt.Sprintf("outside%d", j), fmt.Sprintf("done%d", j)
	BTQ(operand.U8(j), cols)
	JCC(operand.LabelRef(outside))
	body()
	JMP(operand.LabelRef(done))
	Label(outside)
	VXORPS(zero, zero, zero)
	for i := range count {
		VMOVUPS(zero, c.tmp4(c.tmp, step*i+j))
	}
	Label(done)
}

// winoInput4 is Bᵀ·d·B of a patch of 6x6 pixels: plane 6·i+j of dst gets element
// (i, j). The patch starts skip floats before src; of its rows and columns, those
// whose bits are not set are 0 and not read.
func (s vec) winoInput4() {
	s.begin("winoInput4", "func(dst, src, tmp *float32, plane, pixel, row, n, skip, rows, cols int)")
	dst, src, tmp, plane, pixel, row, n := RAX, RBX, RCX, RDX, RSI, RDI, R8
	plane3, row3, p, p3, cols := R9, R10, R11, R12, R13
	params("dst src tmp plane pixel row n", "plane pixel row n", dst, src, tmp, plane, pixel, row, n)
	LEAQ(operand.Mem{Base: plane, Index: plane, Scale: 2}, plane3)
	LEAQ(operand.Mem{Base: row, Index: row, Scale: 2}, row3)
	c := s.clipped(src, tmp, cols, R15, 6)
	s.constants4(11, -2.5, -2, -0.5, math.Sqrt(0.5), math.Sqrt2)
	Label("loop")
	MOVQ(src, p)
	for j := range 6 {
		c.column(cols, j, 6, 6, s.r(0), func() {
			LEAQ(operand.Mem{Base: p, Index: row3, Scale: 1}, p3)
			for r := range 6 {
				c.load(six(p, p3, row, r), r, s.r(r), s.r(6))
			}
			for i, v := range s.spread4() {
				VMOVUPS(v, s.tmp4(tmp, 6*i+j))
			}
		})
		ADDQ(pixel, p)
	}
	MOVQ(dst, p)
	for i := range 6 {
		LEAQ(operand.Mem{Base: p, Index: plane3, Scale: 1}, p3)
		for j := range 6 {
			VMOVUPS(s.tmp4(tmp, 6*i+j), s.r(j))
		}
		for j, v := range s.spread4() {
			VMOVUPS(v, six(p, p3, plane, j))
		}
		LEAQ(operand.Mem{Base: p3, Index: plane3, Scale: 1}, p)
	}
	ADDQ(operand.U8(s.bytes), dst)
	ADDQ(operand.U8(s.bytes), src)
	SUBQ(operand.U8(s.bytes), n)
	JG(operand.LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// spread4 is Bᵀ·d of registers 0 to 5; 11 to 15 hold -2.5, -2, -½, √½ and √2.
func (s vec) spread4() [6]VecPhysical {
	r := s.r
	VADDPS(r(4), r(0), r(6))
	VFMADD231PS(r(2), r(11), r(6)) // d0 - 2.5·d2 + d4
	VADDPS(r(5), r(1), r(7))
	VFMADD231PS(r(3), r(11), r(7)) // d1 - 2.5·d3 + d5
	VMOVAPS(r(4), r(0))
	VFMADD231PS(r(2), r(12), r(0)) // d4 - 2·d2
	VMOVAPS(r(3), r(5))
	VFMADD231PS(r(1), r(12), r(5)) // d3 - 2·d1
	VFMADD231PS(r(2), r(13), r(4)) // d4 - ½·d2
	VFMADD231PS(r(1), r(13), r(3)) // d3 - ½·d1
	VMOVAPS(r(0), r(1))
	VFMADD231PS(r(5), r(14), r(1))
	VFNMADD231PS(r(5), r(14), r(0))
	VMOVAPS(r(4), r(2))
	VFMADD231PS(r(3), r(15), r(2))
	VFNMADD231PS(r(3), r(15), r(4))
	return [6]VecPhysical{r(6), r(1), r(0), r(2), r(4), r(7)}
}

// winoWeights4 is G·g·Gᵀ of 3x3 taps.
func (s vec) winoWeights4() {
	s.begin("winoWeights4", "func(dst, src, tmp *float32, plane, tap, n int)")
	dst, src, tmp, plane, tap, n := RAX, RBX, RCX, RDX, RSI, RDI
	plane3, p, p3 := R8, R9, R10
	params("dst src tmp plane tap n", "plane tap n", dst, src, tmp, plane, tap, n)
	LEAQ(operand.Mem{Base: plane, Index: plane, Scale: 2}, plane3)
	s.constants4(10, math.Sqrt(0.5), math.Sqrt2, -2./3, 1./6, 0.5, 2)
	Label("loop")
	MOVQ(src, p)
	for a := range 3 {
		for b := range 3 {
			VMOVUPS(operand.Mem{Base: p}, s.r(b))
			ADDQ(tap, p)
		}
		for j, v := range s.widen4() {
			VMOVUPS(v, s.tmp4(tmp, 6*a+j))
		}
	}
	MOVQ(dst, p)
	for j := range 6 { // of the columns; plane 6·i+j
		for a := range 3 {
			VMOVUPS(s.tmp4(tmp, 6*a+j), s.r(a))
		}
		MOVQ(p, p3)
		for i, v := range s.widen4() {
			if i > 0 {
				LEAQ(operand.Mem{Base: p3, Index: plane3, Scale: 2}, p3)
			}
			VMOVUPS(v, operand.Mem{Base: p3})
		}
		ADDQ(plane, p)
	}
	ADDQ(operand.U8(s.bytes), dst)
	ADDQ(operand.U8(s.bytes), src)
	SUBQ(operand.U8(s.bytes), n)
	JG(operand.LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// widen4 is G·g of registers 0 to 2; 10 to 15 hold √½, √2, -⅔, ⅙, ½ and 2.
func (s vec) widen4() [6]VecPhysical {
	r := s.r
	for k := range 2 {
		plus, minus := r(3+2*k), r(4+2*k)
		VMOVAPS(r(0), plus)
		VFMADD231PS(r(2), r(14+k), plus)
		VMULPS(r(1), r(10+k), r(7))
		VSUBPS(r(7), plus, minus)
		VADDPS(r(7), plus, plus)
		VMULPS(r(12+k), plus, plus)
		VMULPS(r(12+k), minus, minus)
	}
	return [6]VecPhysical{r(0), r(3), r(4), r(5), r(6), r(2)}
}

// winoOutput4 is Aᵀ·m·A of a tile: 16 pixels, finished by scale, offset, the
// residual if there is one and ReLU if it is asked for. It returns what is not 0
// if one of them is not finite before that.
func (s vec) winoOutput4() {
	s.begin("winoOutput4", "func(m, tmp *float32, y, r **float32, scale, offset *float32, relu, n int) uint32")
	m, tmp, y, r, scale, offset, relu, n, j, at := RAX, RBX, RCX, RDX, RSI, RDI, R8, R9, R10, R11
	params("m tmp y r scale offset relu n", "n", m, tmp, y, r, scale, offset, relu, n)
	zero, strange := s.r(14), s.r(15)
	VXORPS(zero, zero, zero)
	VXORPS(strange, strange, strange)
	s.constants4(8, 0.5, 2, math.Sqrt(0.5), math.Sqrt2, math.Sqrt(0.125), math.Sqrt(8))
	XORQ(j, j)
	pixel := func(list GPPhysical, i int) operand.Mem {
		MOVQ(operand.Mem{Base: list, Disp: 8 * i}, at)
		return operand.Mem{Base: at, Index: j, Scale: 1}
	}
	Label("loop")
	for c := range 6 {
		for i := range 6 {
			VMOVUPS(operand.Mem{Base: m, Disp: (6*i + c) * winoPitch}, s.r(i))
		}
		for i, v := range s.gather4() {
			VMOVUPS(v, s.tmp4(tmp, 6*i+c))
		}
	}
	for i := range 4 {
		for c := range 6 {
			VMOVUPS(s.tmp4(tmp, 6*i+c), s.r(c))
		}
		out := s.gather4()
		VADDPS(out[1], out[0], s.r(1))
		VADDPS(out[3], out[2], s.r(3))
		VADDPS(s.r(3), s.r(1), s.r(1))
		VFMADD231PS(s.r(1), zero, strange)
		VMOVUPS(operand.Mem{Base: scale, Index: j, Scale: 1}, s.r(1))
		VMOVUPS(operand.Mem{Base: offset, Index: j, Scale: 1}, s.r(3))
		for _, o := range out {
			VFMADD213PS(s.r(3), s.r(1), o)
		}
		added, written := string(rune('a'+i))+"dded", string(rune('a'+i))+"ritten"
		TESTQ(r, r)
		JZ(operand.LabelRef(added))
		for k, o := range out {
			VADDPS(pixel(r, 4*i+k), o, o)
		}
		Label(added)
		TESTQ(relu, relu)
		JZ(operand.LabelRef(written))
		for _, o := range out {
			VMAXPS(zero, o, o) // 0 where NaN
		}
		Label(written)
		for k, o := range out {
			VMOVUPS(o, pixel(y, 4*i+k))
		}
	}
	ADDQ(operand.U8(s.bytes), m)
	ADDQ(operand.U8(s.bytes), j)
	CMPQ(j, n)
	JLT(operand.LabelRef("loop"))
	s.unordered(strange)
	VZEROUPPER()
	RET()
}

// gather4 is Aᵀ·m of registers 0 to 5; 8 to 13 hold ½, 2, √½, √2, √⅛ and √8.
func (s vec) gather4() [4]VecPhysical {
	r := s.r
	VADDPS(r(2), r(1), r(6))
	VSUBPS(r(2), r(1), r(1))
	VADDPS(r(4), r(3), r(7))
	VSUBPS(r(4), r(3), r(3))
	VADDPS(r(6), r(0), r(0))
	VADDPS(r(7), r(0), r(0))
	VMULPS(r(1), r(10), r(2))
	VFMADD231PS(r(3), r(11), r(2))
	VMULPS(r(8), r(6), r(6))
	VFMADD231PS(r(7), r(9), r(6))
	VFMADD231PS(r(1), r(12), r(5))
	VFMADD231PS(r(3), r(13), r(5))
	return [4]VecPhysical{r(0), r(2), r(6), r(5)}
}

// unordered returns what is not 0 if a lane is NaN.
func (s vec) unordered(v VecPhysical) {
	if s.wide() {
		VCMPPS(operand.U8(3), v, v, K2)
		KMOVW(K2, EAX)
	} else {
		VCMPPS(operand.U8(3), v, v, v)
		VMOVMSKPS(v, EAX)
	}
	Store(EAX, ReturnIndex(0))
}
