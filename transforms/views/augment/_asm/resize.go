package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// resizeAVX512 is taps.rowsPortable for 16 outputs at a time, n a multiple of
// 16. For each quarter of them one load of 64 bytes, at src+base, holds all
// taps; a byte permutation sorts it into lanes of red, green and blue with the
// four taps of an output in a dword.
func resizeAVX512() {
	TEXT("resizeRowsAVX512", NOSPLIT, "func(dst *float32, stride, n int, src *uint8, pitch, rows int, base *int32, sort *[16]uint32, weight *float32, weightStride int)")
	Pragma("noescape")
	dst, stride, n := pointer("dst"), pointer("stride"), pointer("n")
	src, base, sort := pointer("src"), pointer("base"), GP64()
	pitch, rows := pointer("pitch"), pointer("rows")
	weight, weightStride := pointer("weight"), pointer("weightStride")
	SHLQ(Imm(2), stride)
	SHLQ(Imm(2), weightStride)
	lowByte := ZMM()
	VMOVDQU32(constants["lowByte"], lowByte)
	Label("rows")
	Load(Param("sort"), sort)
	loop("outputs", n, 16, func(i GPVirtual) {
		var quarter [4]VecVirtual
		for q := range quarter {
			at := GP64()
			MOVLQSX(Mem{Base: base, Index: i, Scale: 1, Disp: 4 * q}, at)
			index := ZMM()
			VMOVDQU8(Mem{Base: sort, Disp: 64 * q}, index)
			quarter[q] = ZMM()
			VPERMB(Mem{Base: src, Index: at, Scale: 1}, index, quarter[q])
		}
		ADDQ(U32(256), sort)
		channels := transposeLanes(quarter)
		var weights [4]VecVirtual
		at := GP64()
		LEAQ(floats(weight, i, 0), at)
		for j := range weights {
			weights[j] = ZMM()
			VMOVUPS(Mem{Base: at}, weights[j])
			ADDQ(weightStride, at)
		}
		LEAQ(floats(dst, i, 0), at)
		for _, packed := range channels {
			var sum VecVirtual
			for j := range weights {
				x := ZMM()
				switch j {
				case 0:
					VPANDD(lowByte, packed, x)
				case 3:
					VPSRLD(Imm(24), packed, x)
				default:
					VPSRLD(Imm(uint64(8*j)), packed, x)
					VPANDD(lowByte, x, x)
				}
				VCVTDQ2PS(x, x)
				VMULPS(weights[j], x, x)
				if j == 0 {
					sum = x
				} else {
					VADDPS(x, sum, sum)
				}
			}
			VMOVUPS(sum, Mem{Base: at})
			ADDQ(stride, at)
		}
	})
	nextRow(dst, stride, src, pitch, rows)
}

// transposeLanes gathers lane c of each quarter into register c, for c of 0, 1
// and 2.
func transposeLanes(quarter [4]VecVirtual) (channels [3]VecVirtual) {
	pick := func(a, b, c, d uint64) Constant { return Imm(a | b<<2 | c<<4 | d<<6) }
	var low, high [2]VecVirtual
	for k := range low {
		low[k], high[k] = ZMM(), ZMM()
		VSHUFI32X4(pick(0, 1, 0, 1), quarter[2*k+1], quarter[2*k], low[k])
		VSHUFI32X4(pick(2, 2, 2, 2), quarter[2*k+1], quarter[2*k], high[k])
	}
	for c := range channels {
		channels[c] = ZMM()
	}
	VSHUFI32X4(pick(0, 2, 0, 2), low[1], low[0], channels[0])
	VSHUFI32X4(pick(1, 3, 1, 3), low[1], low[0], channels[1])
	VSHUFI32X4(pick(0, 2, 0, 2), high[1], high[0], channels[2])
	return channels
}

// resizeAVX2 is taps.rowsPortable for 8 outputs at a time, n a multiple of 8,
// by gathers of one tap's pixel (and the byte after it) each.
func resizeAVX2() {
	TEXT("resizeRowsAVX2", NOSPLIT, "func(dst *float32, stride, n int, src *uint8, pitch, rows int, offset *int32, weight *float32, weightStride int)")
	Pragma("noescape")
	dst, stride, n := pointer("dst"), pointer("stride"), pointer("n")
	src, offset := pointer("src"), pointer("offset")
	pitch, rows := pointer("pitch"), pointer("rows")
	weight, weightStride := pointer("weight"), pointer("weightStride")
	SHLQ(Imm(2), stride)
	SHLQ(Imm(2), weightStride)
	lowByte := YMM()
	VMOVDQU(constants["lowByte"], lowByte)
	Label("rows")
	loop("outputs", n, 8, func(i GPVirtual) {
		offsets := YMM()
		VMOVDQU(floats(offset, i, 0), offsets)
		var sums [3]VecVirtual
		at := GP64()
		LEAQ(floats(weight, i, 0), at)
		for j := range 4 {
			w, mask, pixel := YMM(), YMM(), YMM()
			VMOVUPS(Mem{Base: at}, w)
			ADDQ(weightStride, at)
			VPCMPEQD(mask, mask, mask)
			VPXOR(pixel, pixel, pixel)
			VPGATHERDD(mask, Mem{Base: src, Index: offsets, Scale: 1, Disp: 3 * j}, pixel)
			for c := range sums {
				x := YMM()
				if c == 0 {
					VPAND(lowByte, pixel, x)
				} else {
					VPSRLD(Imm(uint64(8*c)), pixel, x)
					VPAND(lowByte, x, x)
				}
				VCVTDQ2PS(x, x)
				VMULPS(w, x, x)
				if j == 0 {
					sums[c] = x
				} else {
					VADDPS(x, sums[c], sums[c])
				}
			}
		}
		LEAQ(floats(dst, i, 0), at)
		for _, sum := range sums {
			VMOVUPS(sum, Mem{Base: at})
			ADDQ(stride, at)
		}
	})
	nextRow(dst, stride, src, pitch, rows)
}

// nextRow ends the loop over rows, each of three planes, and the function.
func nextRow(dst, stride, src, pitch, rows Register) {
	LEAQ(Mem{Base: dst, Index: stride, Scale: 2}, dst)
	ADDQ(stride, dst)
	ADDQ(pitch, src)
	DECQ(rows)
	JNZ(LabelRef("rows"))
	VZEROUPPER()
	RET()
}
