package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// loop runs body for index = 0, step, 2*step, … below n (in elements).
func loop(label string, n Register, step int, body func(index GPVirtual)) {
	index := GP64()
	XORQ(index, index)
	JMP(LabelRef(label + "Test"))
	Label(label)
	body(index)
	ADDQ(Imm(uint64(step)), index)
	Label(label + "Test")
	CMPQ(index, n)
	JLT(LabelRef(label))
}

func pointer(name string) Register { return Load(Param(name), GP64()) }

// floats is the place of element index (+ offset bytes) of a float32 array.
func floats(base, index Register, offset int) Mem {
	return Mem{Base: base, Index: index, Scale: 4, Disp: offset}
}

// weighView is weighViewPortable on whole registers. What is needed once a row is
// fetched from the arguments again: there are not enough registers.
func (w width) weighView() {
	w.text("weighView", "func(dst *float32, plane, n, height int, ring *float32, stride, mask int, start *int32, weight *float32, weightStride int)")
	dst, n, height := pointer("dst"), pointer("n"), pointer("height")
	start, weight := pointer("start"), pointer("weight")
	plane, stride := pointer("plane"), pointer("stride")
	SHLQ(Imm(2), plane)
	SHLQ(Imm(2), stride)
	Label("view")
	at, out := GP64(), GP64()
	MOVQ(weight, at)
	var weights [4]VecVirtual
	for j := range weights {
		weights[j] = w.reg()
		VBROADCASTSS(Mem{Base: at}, weights[j])
		if j < 3 {
			Load(Param("weightStride"), out)
			LEAQ(Mem{Base: at, Index: out, Scale: 4}, at)
		}
	}
	var rows [4]Register
	for j := range rows {
		row := GP64()
		MOVLQSX(Mem{Base: start}, row)
		ADDQ(Imm(uint64(j)), row)
		Load(Param("mask"), at)
		ANDQ(at, row)
		LEAQ(Mem{Base: row, Index: row, Scale: 2}, row) // three planes a row
		IMULQ(stride, row)
		Load(Param("ring"), at)
		ADDQ(at, row)
		rows[j] = row
	}
	MOVQ(dst, out)
	for c := range 3 {
		loop(fmt.Sprint("plane", c), n, w.lanes, func(i GPVirtual) {
			sum, product := w.reg(), w.reg()
			VMULPS(floats(rows[0], i, 0), weights[0], sum)
			for j := 1; j < 4; j++ {
				VMULPS(floats(rows[j], i, 0), weights[j], product)
				VADDPS(product, sum, sum)
			}
			VMOVUPS(sum, floats(out, i, 0))
		})
		if c < 2 {
			ADDQ(plane, out)
			for _, row := range rows {
				ADDQ(stride, row)
			}
		}
	}
	LEAQ(floats(dst, n, 0), dst)
	ADDQ(Imm(4), weight)
	ADDQ(Imm(4), start)
	DECQ(height)
	JNZ(LabelRef("view"))
	VZEROUPPER()
	RET()
}

// blur is one pass of the symmetric kernel: dst[i] = src[i]*kernel[0] + the sum
// over d of (src[i-d*stride] + src[i+d*stride]) * kernel[d]. Four registers at
// a time, so that a weight is fetched once for them all.
func (w width) blur() {
	w.text("blur", "func(dst, src *float32, n, stride int, kernel *float32, radius int)")
	dst, src, n := pointer("dst"), pointer("src"), pointer("n")
	stride, kernel, radius := pointer("stride"), pointer("kernel"), pointer("radius")
	SHLQ(Imm(2), stride)
	for _, registers := range []int{4, 1} {
		w.blurBlocks(registers, dst, src, n, stride, kernel, radius)
	}
	VZEROUPPER()
	RET()
}

// blurBlocks handles as many blocks of several registers as fit, and moves dst,
// src and n past them.
func (w width) blurBlocks(registers int, dst, src, n, stride, kernel, radius Register) {
	name := map[int]string{4: "four", 1: "one"}[registers]
	block := registers * w.lanes
	Label(name)
	if registers > 1 {
		CMPQ(n, U32(uint32(block)))
		JLT(LabelRef(name + "Done"))
	} else {
		CMPQ(n, Imm(0))
		JLE(LabelRef(name + "Done"))
	}
	var sums []VecVirtual
	weight := w.reg()
	VBROADCASTSS(Mem{Base: kernel}, weight)
	for j := range registers {
		v := w.reg()
		VMULPS(Mem{Base: src, Disp: j * w.bytes()}, weight, v)
		sums = append(sums, v)
	}
	above, below, d := GP64(), GP64(), GP64()
	MOVQ(src, above)
	MOVQ(src, below)
	XORQ(d, d)
	JMP(LabelRef(name + "TapTest"))
	Label(name + "Tap")
	SUBQ(stride, above)
	ADDQ(stride, below)
	INCQ(d)
	VBROADCASTSS(floats(kernel, d, 0), weight)
	for j, sum := range sums {
		v := w.reg()
		VMOVUPS(Mem{Base: above, Disp: j * w.bytes()}, v)
		VADDPS(Mem{Base: below, Disp: j * w.bytes()}, v, v)
		VMULPS(weight, v, v)
		VADDPS(v, sum, sum)
	}
	Label(name + "TapTest")
	CMPQ(d, radius)
	JLT(LabelRef(name + "Tap"))
	for j, sum := range sums {
		VMOVUPS(sum, Mem{Base: dst, Disp: j * w.bytes()})
	}
	ADDQ(U32(uint32(4*block)), dst)
	ADDQ(U32(uint32(4*block)), src)
	SUBQ(U32(uint32(block)), n)
	JMP(LabelRef(name))
	Label(name + "Done")
}
