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
	s.spread(transform{name: "winoInput4", from: 6, to: 6, first: 11, constants: []float64{-2.5, -2, -0.5, math.Sqrt(0.5), math.Sqrt2},
		line: s.spread4,
		doc:  "is Bᵀ·d·B of a patch of 6x6 pixels"})
	s.winoWeights4()
	s.winoOutput4()
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
