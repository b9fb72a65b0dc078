package main

import (
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

// winoInput4 is Bᵀ·d·B of patches of 6x6 pixels, count of them, each a step after
// the last: plane 6·i+j of dst gets element (i, j), one patch after the other.
func (s vec) winoInput4() {
	s.begin("winoInput4", "func(dst, src, tmp *float32, plane, pixel, row, n, step, count int)")
	dst, src, tmp, plane, pixel, row, n, step, count := RAX, RBX, RCX, RDX, RSI, RDI, R8, R14, R15
	plane3, row3, p, p3, left := R9, R10, R11, R12, R13
	params("dst src tmp plane pixel row n step count", "plane pixel row n step", dst, src, tmp, plane, pixel, row, n, step, count)
	LEAQ(operand.Mem{Base: plane, Index: plane, Scale: 2}, plane3)
	LEAQ(operand.Mem{Base: row, Index: row, Scale: 2}, row3)
	SUBQ(n, step)
	s.constants4(11, -2.5, -2, -0.5, math.Sqrt(0.5), math.Sqrt2)
	Label("tile")
	MOVQ(n, left)
	Label("loop")
	MOVQ(src, p)
	for j := range 6 {
		LEAQ(operand.Mem{Base: p, Index: row3, Scale: 1}, p3)
		for r := range 6 {
			VMOVUPS(six(p, p3, row, r), s.r(r))
		}
		for i, v := range s.spread4() {
			VMOVUPS(v, s.tmp4(tmp, 6*i+j))
		}
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
	SUBQ(operand.U8(s.bytes), left)
	JG(operand.LabelRef("loop"))
	ADDQ(step, src)
	DECQ(count)
	JNZ(operand.LabelRef("tile"))
	VZEROUPPER()
	RET()
}

// spread4 is Bᵀ·d of registers 0 to 5; 11 to 15 hold -2.5, -2, -½, √½ and √2.
func (s vec) spread4() []VecPhysical {
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
	return []VecPhysical{r(6), r(1), r(0), r(2), r(4), r(7)}
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

// winoOutput4 is Aᵀ·m·A of count tiles of a row, each its columns of m after the
// last: rows x cols pixels of the 16 of a tile, finished by scale, offset, the
// residual if there is one and ReLU if it is asked for. It returns what is not 0 if
// one of them is not finite before that.
func (s vec) winoOutput4() {
	s.begin("winoOutput4", "func(m, tmp, y, r, scale, offset *float32, relu, n, plane, next, pixel, row, rows, cols, count int) uint32")
	m, tmp, y, r, scale, offset, pixel, row, plane := RAX, RBX, RCX, RDX, RSI, RDI, R8, R9, R10
	j, p, p3, plane6, pixel3, at, around := R11, R12, R13, R14, R15, R12, R13
	params("m tmp y r scale offset pixel row plane", "pixel row plane", m, tmp, y, r, scale, offset, pixel, row, plane)
	zero, strange := s.r(14), s.r(15)
	VXORPS(zero, zero, zero)
	VXORPS(strange, strange, strange)
	s.constants4(8, 0.5, 2, math.Sqrt(0.5), math.Sqrt2, math.Sqrt(0.125), math.Sqrt(8))
	LEAQ(operand.Mem{Base: plane, Index: plane, Scale: 2}, plane6)
	SHLQ(operand.U8(1), plane6)
	LEAQ(operand.Mem{Base: pixel, Index: pixel, Scale: 2}, pixel3)
	parameter := func(name string) operand.Mem {
		c, _ := Param(name).Resolve()
		return c.Addr
	}
	SHLQ(operand.U8(2), parameter("n"))
	SHLQ(operand.U8(2), parameter("next"))
	four := func(base GPPhysical, i int) operand.Mem {
		return []operand.Mem{{Base: base}, {Base: base, Index: pixel, Scale: 1}, {Base: base, Index: pixel, Scale: 2},
			{Base: base, Index: pixel3, Scale: 1}}[i]
	}
	Label("tile")
	XORQ(j, j)
	Label("loop")
	LEAQ(operand.Mem{Base: m, Index: j, Scale: 1}, p)
	for c := range 6 {
		LEAQ(operand.Mem{Base: p, Index: plane6, Scale: 2}, p3)
		ADDQ(plane6, p3)
		for i := range 6 {
			VMOVUPS(six(p, p3, plane6, i), s.r(i))
		}
		for i, v := range s.gather4() {
			VMOVUPS(v, s.tmp4(tmp, 6*i+c))
		}
		if c < 5 {
			ADDQ(plane, p)
		}
	}
	LEAQ(operand.Mem{Base: y, Index: j, Scale: 1}, at)
	LEAQ(operand.Mem{Base: r, Index: j, Scale: 1}, around)
	for i := range 4 {
		label := func(name string) string { return name + string(rune('0'+i)) }
		if i > 0 {
			CMPQ(parameter("rows"), operand.U8(i))
			JLE(operand.LabelRef("written"))
			ADDQ(row, at)
			ADDQ(row, around)
		}
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
		each := func(name string, do func(k int, o VecPhysical)) {
			for k, o := range out {
				if k > 0 {
					CMPQ(parameter("cols"), operand.U8(k))
					JLE(operand.LabelRef(label(name)))
				}
				do(k, o)
			}
			Label(label(name))
		}
		TESTQ(r, r)
		JZ(operand.LabelRef(label("added")))
		each("added", func(k int, o VecPhysical) { VADDPS(four(around, k), o, o) })
		CMPQ(parameter("relu"), operand.U8(0))
		JEQ(operand.LabelRef(label("kept")))
		for _, o := range out {
			VMAXPS(zero, o, o) // 0 where NaN
		}
		Label(label("kept"))
		each("stored", func(k int, o VecPhysical) { VMOVUPS(o, four(at, k)) })
	}
	Label("written")
	ADDQ(operand.U8(s.bytes), j)
	CMPQ(j, parameter("n"))
	JLT(operand.LabelRef("loop"))
	ADDQ(parameter("next"), m)
	LEAQ(operand.Mem{Base: y, Index: pixel, Scale: 4}, y)
	TESTQ(r, r)
	JZ(operand.LabelRef("alone"))
	LEAQ(operand.Mem{Base: r, Index: pixel, Scale: 4}, r)
	Label("alone")
	DECQ(parameter("count"))
	JNZ(operand.LabelRef("tile"))
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
