// The generator of the package's vector kernels: go generate runs it, with the
// modules that go.mod and go.sum here pin.
//
// Each kernel comes in two widths out of one description: AVX-512 (16 lanes)
// and AVX2 (8 lanes). Neither fuses a product with a sum, so that both round as
// the portable code does.
package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// width is one of the two instruction sets.
type width struct {
	name  string
	lanes int
}

var widths = []width{{"AVX512", 16}, {"AVX2", 8}}

func main() {
	defineConstants()
	for _, w := range widths {
		w.weighView()
		w.colour()
		w.blur()
	}
	resizeAVX512()
	resizeAVX2()
	Generate()
}

func (w width) wide() bool { return w.lanes == 16 }

// bytes is the length of a register.
func (w width) bytes() int { return 4 * w.lanes }

// reg is a new register of the width.
func (w width) reg() VecVirtual {
	if w.wide() {
		return ZMM()
	}
	return YMM()
}

func (w width) text(name, signature string) {
	TEXT(name+w.name, NOSPLIT, signature)
	Pragma("noescape")
}

// choose sets dst to yes where a pred b, elsewhere to no.
func (w width) choose(pred uint64, a, b, yes, no, dst Op) {
	mask := w.mask(pred, a, b)
	if w.wide() {
		VBLENDMPS(yes, no, mask, dst)
		return
	}
	VBLENDVPS(mask, yes, no, dst)
}

// The predicates of VCMPPS.
const (
	equal        = 0  // EQ_OQ
	less         = 17 // LT_OQ
	greaterEqual = 29 // GE_OQ
	greater      = 30 // GT_OQ
)

// constants are 64 bytes of one repeated number each.
var constants = map[string]Mem{}

func defineConstants() {
	for _, c := range []struct {
		name string
		bits uint32
	}{
		{"zero", 0}, {"one", math.Float32bits(1)}, {"two", math.Float32bits(2)}, {"three", math.Float32bits(3)},
		{"four", math.Float32bits(4)}, {"six", math.Float32bits(6)}, {"tiny", math.Float32bits(1e-20)},
		{"most", math.Float32bits(255)}, {"absolute", 0x7fffffff}, {"lowByte", 0xff},
		{"lumaR", math.Float32bits(0.2989)}, {"lumaG", math.Float32bits(0.587)}, {"lumaB", math.Float32bits(0.114)},
	} {
		constants[c.name] = GLOBL(c.name+"x16", RODATA|NOPTR)
		for i := range 16 {
			DATA(4*i, U32(c.bits))
		}
	}
	packWide := GLOBL("packBytes64", RODATA|NOPTR)
	for i := range 64 {
		DATA(i, U8(packIndex(i)))
	}
	constants["packWide"] = packWide
	packNarrow := GLOBL("packBytes32", RODATA|NOPTR)
	for i := range 32 {
		DATA(i, U8(packIndex(i%16)|map[bool]uint8{true: 0x80}[i%16 >= 12]))
	}
	constants["packNarrow"] = packNarrow
}

// packIndex is where byte i of packed RGB lies among dwords of 0xBBGGRR.
func packIndex(i int) uint8 { return uint8(i/3*4+i%3) & 63 }
