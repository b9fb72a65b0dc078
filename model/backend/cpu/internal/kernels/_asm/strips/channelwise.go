package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// channelwise writes the kernels of batch normalisation, over rows of n
// elements with parameters and sums that each row meets anew.
func (s vec) channelwise() {
	s.emit(kernel{name: "sumRowsInto", rows: true, args: []arg{accumu("acc"), in("x")},
		body: func(s vec, _ int) { VADDPS(s.r(1), s.r(0), s.r(0)) }})
	s.emit(kernel{name: "maxRowsInto", rows: true, args: []arg{accumu("acc"), in("x")},
		body: func(s vec, tmp int) {
			VMAXPS(s.r(0), s.r(1), s.r(tmp)) // acc if either is NaN
			s.whereUnordered(s.r(1), s.r(tmp), s.r(tmp+1))
			VMOVAPS(s.r(tmp), s.r(0))
		}})
	s.emit(kernel{name: "squaresInto", rows: true, args: []arg{accumu("acc"), param("mean"), in("x")},
		body: func(s vec, _ int) {
			VSUBPS(s.r(1), s.r(2), s.r(2))
			VFMADD231PS(s.r(2), s.r(2), s.r(0))
		}})
	grad := func(s vec, _ int) { // sum, dot, mean, x, g
		VADDPS(s.r(4), s.r(0), s.r(0))
		VSUBPS(s.r(2), s.r(3), s.r(3))
		VFMADD231PS(s.r(3), s.r(4), s.r(1))
	}
	sums := []arg{accumu("sum"), accumu("dot"), param("mean"), in("x"), in("dy")}
	s.emit(kernel{name: "gradSums", rows: true, args: sums, body: grad})
	s.emit(kernel{name: "gradSumsReLU", rows: true, args: append(sums[:5:5], in("y")), body: func(s vec, tmp int) {
		s.keepWherePositive(s.r(5), s.r(4), s.r(4), s.r(tmp))
		grad(s, tmp)
	}})
	s.emit(kernel{name: "gradSumsKeep", rows: true, args: append(sums[:5:5], in("y"), out("kept")), body: func(s vec, tmp int) {
		s.keepWherePositive(s.r(5), s.r(4), s.r(4), s.r(tmp))
		VMOVAPS(s.r(4), s.r(6))
		grad(s, tmp)
	}})
	// The mask of ReLU is computed again from x, which is less than to read it.
	positive := func(s vec, x, mean, scale, offset, g, tmp int) { // leaves x - mean in x
		VSUBPS(s.r(mean), s.r(x), s.r(x))
		VMOVAPS(s.r(x), s.r(tmp))
		VFMADD213PS(s.r(offset), s.r(scale), s.r(tmp))
		s.keepWherePositive(s.r(tmp), s.r(g), s.r(g), s.r(tmp+1))
	}
	s.emit(kernel{name: "gradSumsAgain", rows: true, args: append(sums[:5:5], param("scale"), param("offset")), body: func(s vec, tmp int) {
		positive(s, 3, 2, 5, 6, 4, tmp)
		VADDPS(s.r(4), s.r(0), s.r(0))
		VFMADD231PS(s.r(3), s.r(4), s.r(1))
	}})
	dx := func(s vec, _ int) { // dx, x, g, mean, dot, sum, scale: scale·(g - sum - (x-mean)·dot)
		VSUBPS(s.r(3), s.r(1), s.r(1))
		VSUBPS(s.r(5), s.r(2), s.r(2))
		VFNMADD231PS(s.r(1), s.r(4), s.r(2))
		VMULPS(s.r(6), s.r(2), s.r(0))
	}
	args := []arg{out("dx"), in("x"), in("dy"), param("mean"), param("dot"), param("sum"), param("scale")}
	s.emit(kernel{name: "gradInput", rows: true, args: args, body: dx})
	s.emit(kernel{name: "gradInputReLU", rows: true, args: append(args[:7:7], in("y")), body: func(s vec, tmp int) {
		s.keepWherePositive(s.r(7), s.r(2), s.r(2), s.r(tmp))
		dx(s, tmp)
	}})
	s.emit(kernel{name: "gradInputAgain", rows: true, args: append(args[:7:7], param("offset")), body: func(s vec, tmp int) {
		positive(s, 1, 3, 6, 7, 2, tmp)
		VSUBPS(s.r(5), s.r(2), s.r(2))
		VFNMADD231PS(s.r(1), s.r(4), s.r(2))
		VMULPS(s.r(6), s.r(2), s.r(0))
	}})
	s.affine()
}

// affine writes y = (x - mean)·scale + offset, then the residual and ReLU.
func (s vec) affine() {
	for _, residual := range []bool{false, true} {
		for _, relu := range []bool{false, true} {
			name, args := "normalize", []arg{out("y"), in("x"), param("mean"), param("scale"), param("offset")}
			if residual {
				name, args = name+"Residual", append(args, in("residual"))
			}
			if relu {
				name += "ReLU"
			}
			s.emit(kernel{name: name, rows: true, args: args, body: func(s vec, tmp int) {
				VSUBPS(s.r(2), s.r(1), s.r(1))
				VFMADD213PS(s.r(4), s.r(3), s.r(1))
				if residual {
					VADDPS(s.r(5), s.r(1), s.r(1))
				}
				if relu {
					s.positive(s.r(1), s.r(0), s.r(tmp))
				} else {
					VMOVAPS(s.r(1), s.r(0))
				}
			}})
		}
	}
}

// reductions writes the kernels that fold a strip into one number.
func (s vec) reductions() {
	s.reduce("sum", 0, func(x operand.Op, acc, _ VecPhysical) { VADDPS(x, acc, acc) })
	s.reduce("max", 0xff800000, func(x operand.Op, acc, tmp VecPhysical) {
		VMOVUPS(x, s.r(14))
		VMAXPS(acc, s.r(14), tmp) // acc if either is NaN
		s.whereUnordered(s.r(14), tmp, s.r(13))
		VMOVAPS(tmp, acc)
	})
}

// reduce writes a kernel that folds a strip of whole vectors into four
// accumulators and stores their fold, one vector, for the caller to finish.
func (s vec) reduce(name string, start uint32, fold func(x operand.Op, acc, tmp VecPhysical)) {
	TEXT(name+"Strip"+s.name, NOSPLIT, "func(lanes *float32, x *float32, n int)")
	Pragma("noescape")
	dst, x, n := RAX, RBX, RCX
	Load(Param("lanes"), dst)
	Load(Param("x"), x)
	Load(Param("n"), n)
	for a := range 4 {
		VMOVUPS(bits(start), s.r(a))
	}
	lanes := s.bytes / 4
	JMP(operand.LabelRef("wideTest"))
	Label("wide")
	for a := range 4 {
		fold(operand.Mem{Base: x, Disp: a * s.bytes}, s.r(a), s.r(4+a))
	}
	ADDQ(operand.U32(4*s.bytes), x)
	Label("wideTest")
	SUBQ(operand.U8(4*lanes), n)
	JGE(operand.LabelRef("wide"))
	ADDQ(operand.U8(4*lanes), n)
	JMP(operand.LabelRef("test"))
	Label("loop")
	fold(operand.Mem{Base: x}, s.r(0), s.r(4))
	ADDQ(operand.U8(s.bytes), x)
	Label("test")
	SUBQ(operand.U8(lanes), n)
	JGE(operand.LabelRef("loop"))
	fold(s.r(2), s.r(0), s.r(4))
	fold(s.r(3), s.r(1), s.r(5))
	fold(s.r(1), s.r(0), s.r(4))
	VMOVUPS(s.r(0), operand.Mem{Base: dst})
	VZEROUPPER()
	RET()
}
