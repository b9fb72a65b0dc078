package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// stepBytes is the size of a step: opcode and four float32.
const stepBytes = 20

// colour is program.runPortable for two registers of pixels at a time, whose
// operations do not wait for each other; n is a multiple of as many. They stay in
// registers while the whole program runs over them. The jumps repeat from block to
// block, so they are predicted.
func (w width) colour() {
	w.text("colour", "func(red, green, blue *float32, n int, steps *uint32, sums *[3][16]float64, bytes *uint8)")
	planes := []Register{pointer("red"), pointer("green"), pointer("blue")}
	n, first := pointer("n"), pointer("steps")
	sums, bytes := pointer("sums"), pointer("bytes")
	step, code := GP64(), GP32()
	var blocks [2][]VecVirtual
	for k := range blocks {
		blocks[k] = []VecVirtual{w.reg(), w.reg(), w.reg()}
	}
	ops := []struct {
		name string
		emit func(step Register, pixel []VecVirtual)
		clip func(x Op)
	}{
		{"scale", w.scale, w.clip}, {"offset", w.offset, w.clip}, {"contrast", w.contrast, w.clip},
		{"saturation", w.saturation, w.clip}, {"hue", w.hue, w.clip}, {"gray", w.gray, nil},
		{"clip", func(Register, []VecVirtual) {}, w.clip}, {"solarize", w.solarize, nil},
		{"scaleInside", w.scale, w.atMostOne}, {"saturationInside", w.saturation, w.atLeastZero}, {"hueInside", w.hue, nil},
	}
	each := func(do func(c, offset int, plane Register, pixel VecVirtual)) {
		for k, pixel := range blocks {
			for c, plane := range planes {
				do(c, k*w.bytes(), plane, pixel[c])
			}
		}
	}
	loop("block", n, 2*w.lanes, func(i GPVirtual) {
		each(func(c, offset int, plane Register, x VecVirtual) { VMOVUPS(floats(plane, i, offset), x) })
		MOVQ(first, step)
		Label("next")
		MOVL(Mem{Base: step}, code)
		for k, op := range ops {
			CMPL(code, Imm(uint64(k+1)))
			JEQ(LabelRef(op.name))
		}
		CMPL(code, Imm(uint64(len(ops)+1)))
		JEQ(LabelRef("sum"))
		CMPL(code, Imm(uint64(len(ops)+2)))
		JEQ(LabelRef("bytes"))
		each(func(c, offset int, plane Register, x VecVirtual) { VMOVUPS(x, floats(plane, i, offset)) })
		JMP(LabelRef("stored"))
		for _, op := range ops {
			Label(op.name)
			for _, pixel := range blocks {
				op.emit(step, pixel)
				if op.clip != nil {
					for _, x := range pixel {
						op.clip(x)
					}
				}
			}
			ADDQ(Imm(stepBytes), step)
			JMP(LabelRef("next"))
		}
		Label("sum")
		w.sum(sums, blocks)
		ADDQ(Imm(stepBytes), step)
		JMP(LabelRef("next"))
		Label("bytes")
		at := GP64()
		LEAQ(Mem{Base: i, Index: i, Scale: 2}, at)
		ADDQ(bytes, at)
		for k, pixel := range blocks {
			w.quantize(at, 3*w.lanes*k, pixel)
		}
		Label("stored")
	})
	VZEROUPPER()
	RET()
}

func (w width) clip(x Op) {
	w.atLeastZero(x)
	w.atMostOne(x)
}

func (w width) atLeastZero(x Op) { VMAXPS(constants["zero"], x, x) }
func (w width) atMostOne(x Op)   { VMINPS(constants["one"], x, x) }

// argument broadcasts argument k of the step.
func (w width) argument(step Register, k int) VecVirtual {
	v := w.reg()
	VBROADCASTSS(Mem{Base: step, Disp: 4 + 4*k}, v)
	return v
}

func (w width) scale(step Register, pixel []VecVirtual) {
	factor := w.argument(step, 0)
	for _, x := range pixel {
		VMULPS(factor, x, x)
	}
}

func (w width) offset(step Register, pixel []VecVirtual) {
	offset := w.argument(step, 0)
	for _, x := range pixel {
		VADDPS(offset, x, x)
	}
}

func (w width) contrast(step Register, pixel []VecVirtual) {
	factor := w.argument(step, 0)
	for c, x := range pixel {
		mean := w.argument(step, 1+c)
		VSUBPS(mean, x, x)
		VMULPS(factor, x, x)
		VADDPS(mean, x, x)
	}
}

func (w width) solarize(step Register, pixel []VecVirtual) {
	threshold, one := w.argument(step, 0), w.reg()
	VMOVUPS(constants["one"], one)
	for _, x := range pixel {
		inverse := w.reg()
		VSUBPS(x, one, inverse)
		w.choose(greaterEqual, x, threshold, inverse, x, x)
	}
}

// extremes gives each pixel's largest and smallest channel.
func (w width) extremes(pixel []VecVirtual) (value, least VecVirtual) {
	value, least = w.reg(), w.reg()
	VMAXPS(pixel[1], pixel[0], value)
	VMAXPS(pixel[2], value, value)
	VMINPS(pixel[1], pixel[0], least)
	VMINPS(pixel[2], least, least)
	return value, least
}

func (w width) saturation(step Register, pixel []VecVirtual) {
	value, k := w.extremes(pixel)
	zero := w.reg()
	VMOVUPS(constants["zero"], zero)
	VSUBPS(k, value, k)
	VDIVPS(k, value, k)
	VMINPS(w.argument(step, 0), k, k)
	w.choose(greater, value, zero, k, zero, k)
	for _, x := range pixel {
		VSUBPS(x, value, x)
		VMULPS(k, x, x)
		VSUBPS(x, value, x)
	}
}

func (w width) hue(step Register, pixel []VecVirtual) {
	r, g, b := pixel[0], pixel[1], pixel[2]
	value, least := w.extremes(pixel)
	difference, sector := w.reg(), w.reg()
	VSUBPS(g, r, difference)
	VMOVUPS(constants["four"], sector)
	greenest := w.mask(equal, value, g)
	w.moveWhere(greenest, constants["two"], sector)
	w.subtractWhere(greenest, b, r, difference)
	reddest := w.mask(equal, value, r)
	w.moveWhere(reddest, constants["zero"], sector)
	w.subtractWhere(reddest, g, b, difference)
	span, divisor := value, w.reg()
	VSUBPS(least, value, span)
	VMAXPS(constants["tiny"], span, divisor)
	VDIVPS(divisor, difference, difference)
	h, six := difference, w.reg()
	VADDPS(difference, sector, h)
	VADDPS(w.argument(step, 0), h, h)
	// Once around, either way.
	VMOVUPS(constants["zero"], sector)
	VMOVUPS(constants["six"], six)
	w.addWhere(w.mask(less, h, sector), h, six, h)
	w.subtractWhere(w.mask(greaterEqual, h, six), h, six, h)

	two := six
	VMOVUPS(constants["two"], two)
	VSUBPS(constants["three"], h, r)
	w.absolute(r)
	VSUBPS(constants["one"], r, r)
	VSUBPS(two, h, g)
	w.absolute(g)
	VSUBPS(g, two, g)
	VSUBPS(constants["four"], h, b)
	w.absolute(b)
	VSUBPS(b, two, b)
	for _, x := range pixel {
		w.clip(x)
		VMULPS(span, x, x)
		VADDPS(least, x, x)
	}
}

func (w width) absolute(x Op) { VANDPS(constants["absolute"], x, x) }

func (w width) gray(step Register, pixel []VecVirtual) {
	r, g, b := pixel[0], pixel[1], pixel[2]
	VMULPS(constants["lumaR"], r, r)
	VMULPS(constants["lumaG"], g, g)
	VMULPS(constants["lumaB"], b, b)
	VADDPS(g, r, r)
	VADDPS(b, r, r)
	VMOVAPS(r, g)
	VMOVAPS(r, b)
}
