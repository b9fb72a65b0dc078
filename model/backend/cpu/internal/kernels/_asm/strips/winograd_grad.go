package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/reg"
)

// winogradGrad writes the transforms of F(3x3, 4x4): that of F(4x4, 3x3)'s input, of
// patches that may reach over the edges of an image, and those of its output and its
// weights, transposed. n is a multiple of 16.
func (s vec) winogradGrad() {
	s.spread(transform{name: "winoInputGrad4", from: 6, to: 6, first: 11, constants: []float64{-2.5, -2, -0.5, math.Sqrt(0.5), math.Sqrt2},
		line: s.spread4,
		doc:  "is Bᵀ·d·B of a patch of 6x6 pixels"})
	s.spread(transform{name: "winoOutputGrad4", from: 4, to: 6, first: 12, constants: []float64{0.5, 2, math.Sqrt(0.5), math.Sqrt2},
		line: s.scatter4,
		doc:  "is A·g·Aᵀ of 4x4 pixels of the gradient"})
	s.contract(transform{name: "winoWeightsGrad4", from: 6, to: 3, first: 9, constants: []float64{-2. / 3, 1. / 6, -math.Sqrt2 / 3, math.Sqrt2 / 6, 1. / 3},
		line: s.contract4, doc: "is Gᵀ·m·G of the sums of a pair of channels"})
}

// scatter4 is A·g of registers 0 to 3; 12 to 15 hold ½, 2, √½ and √2.
func (s vec) scatter4() []VecPhysical {
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
	return []VecPhysical{r(0), r(4), r(5), r(6), r(7), r(3)}
}

// contract4 is Gᵀ·m of registers 0 to 5; 9 to 13 hold -⅔, ⅙, -√2/3, √2/6 and ⅓.
func (s vec) contract4() []VecPhysical {
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
	return []VecPhysical{r(0), r(1), r(5)}
}
