package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// winogradGrad writes the two transforms of F(3x3, 4x4) that F(4x4, 3x3) lacks: those
// of its output and its weights, transposed. n is a multiple of 16.
func (s vec) winogradGrad() {
	s.winoOutputGrad4()
	s.winoWeightsGrad4()
}

// winoOutputGrad4 is A·g·Aᵀ of a patch of 4x4 pixels of the gradient: plane 6·i+j of
// dst gets element (i, j). The patch is given as that of winoInput4.
func (s vec) winoOutputGrad4() {
	s.begin("winoOutputGrad4", "func(dst, src, tmp *float32, plane, pixel, row, n, skip, rows, cols int)")
	dst, src, tmp, plane, pixel, row, n := RAX, RBX, RCX, RDX, RSI, RDI, R8
	plane3, row3, p, p3, cols := R9, R10, R11, R12, R13
	params("dst src tmp plane pixel row n", "plane pixel row n", dst, src, tmp, plane, pixel, row, n)
	LEAQ(operand.Mem{Base: plane, Index: plane, Scale: 2}, plane3)
	LEAQ(operand.Mem{Base: row, Index: row, Scale: 2}, row3)
	c := s.clipped(src, tmp, cols, R15, 4)
	s.constants4(12, 0.5, 2, math.Sqrt(0.5), math.Sqrt2)
	Label("loop")
	MOVQ(src, p)
	for j := range 4 {
		c.column(cols, j, 6, 4, s.r(0), func() {
			LEAQ(operand.Mem{Base: p, Index: row3, Scale: 1}, p3)
			for r := range 4 {
				c.load(six(p, p3, row, r), r, s.r(r), s.r(4))
			}
			for i, v := range s.scatter4() {
				VMOVUPS(v, s.tmp4(tmp, 4*i+j))
			}
		})
		ADDQ(pixel, p)
	}
	MOVQ(dst, p)
	for i := range 6 {
		LEAQ(operand.Mem{Base: p, Index: plane3, Scale: 1}, p3)
		for j := range 4 {
			VMOVUPS(s.tmp4(tmp, 4*i+j), s.r(j))
		}
		for j, v := range s.scatter4() {
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

// scatter4 is A·g of registers 0 to 3; 12 to 15 hold ½, 2, √½ and √2.
func (s vec) scatter4() [6]VecPhysical {
	r := s.r
	for k := range 2 {
		plus, minus, odd := r(4+2*k), r(5+2*k), r(8+k)
		VMOVAPS(r(0), plus)
		VFMADD231PS(r(2), r(12+k), plus)
		VMOVAPS(r(1), odd)
		VFMADD231PS(r(3), r(12+k), odd)
		VMOVAPS(plus, minus)
		VFMADD231PS(odd, r(14+k), plus)
		VFNMADD231PS(odd, r(14+k), minus)
	}
	return [6]VecPhysical{r(0), r(4), r(5), r(6), r(7), r(3)}
}

// winoWeightsGrad4 is Gᵀ·m·G of the sums of a pair of channels: tap 3·a+b of dst gets
// element (a, b). It returns what is not 0 if one of them is not finite.
func (s vec) winoWeightsGrad4() {
	s.begin("winoWeightsGrad4", "func(dst, src, tmp *float32, plane, tap, n int) uint32")
	dst, src, tmp, plane, tap, n := RAX, RBX, RCX, RDX, RSI, RDI
	plane3, p, p3 := R8, R9, R10
	params("dst src tmp plane tap n", "plane tap n", dst, src, tmp, plane, tap, n)
	LEAQ(operand.Mem{Base: plane, Index: plane, Scale: 2}, plane3)
	zero, strange := s.r(14), s.r(15)
	VXORPS(zero, zero, zero)
	VXORPS(strange, strange, strange)
	s.constants4(9, -2./3, 1./6, -math.Sqrt2/3, math.Sqrt2/6, 1./3)
	Label("loop")
	MOVQ(src, p)
	for i := range 6 {
		LEAQ(operand.Mem{Base: p, Index: plane3, Scale: 1}, p3)
		for j := range 6 {
			VMOVUPS(six(p, p3, plane, j), s.r(j))
		}
		for b, v := range s.narrow4() {
			VMOVUPS(v, s.tmp4(tmp, 6*b+i))
		}
		LEAQ(operand.Mem{Base: p3, Index: plane3, Scale: 1}, p)
	}
	MOVQ(dst, p)
	LEAQ(operand.Mem{Base: tap, Index: tap, Scale: 2}, p3)
	for b := range 3 {
		for i := range 6 {
			VMOVUPS(s.tmp4(tmp, 6*b+i), s.r(i))
		}
		MOVQ(p, R11)
		for a, v := range s.narrow4() {
			if a > 0 {
				ADDQ(p3, R11)
			}
			VMOVUPS(v, operand.Mem{Base: R11})
			VFMADD231PS(v, zero, strange)
		}
		ADDQ(tap, p)
	}
	ADDQ(operand.U8(s.bytes), dst)
	ADDQ(operand.U8(s.bytes), src)
	SUBQ(operand.U8(s.bytes), n)
	JG(operand.LabelRef("loop"))
	s.unordered(strange)
	VZEROUPPER()
	RET()
}

// narrow4 is Gᵀ·m of registers 0 to 5; 9 to 13 hold -⅔, ⅙, -√2/3, √2/6 and ⅓.
func (s vec) narrow4() [3]VecPhysical {
	r := s.r
	VADDPS(r(2), r(1), r(6))
	VSUBPS(r(2), r(1), r(1))
	VADDPS(r(4), r(3), r(7))
	VSUBPS(r(4), r(3), r(3))
	VFMADD231PS(r(6), r(9), r(0))
	VFMADD231PS(r(7), r(10), r(0))
	VMULPS(r(11), r(1), r(1))
	VFMADD231PS(r(3), r(12), r(1))
	VSUBPS(r(6), r(7), r(7))
	VFMADD231PS(r(7), r(13), r(5))
	return [3]VecPhysical{r(0), r(1), r(5)}
}
