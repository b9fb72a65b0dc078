// Command strips writes the strip kernels of package kernels:
//
//	_asm/generate.sh
package main

import (
	"fmt"
	"math"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// vec is one vector instruction set.
type vec struct {
	name  string
	bytes int
}

var zmm = []VecPhysical{Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15}
var ymm = []VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15}

func (s vec) wide() bool { return s.bytes == 64 }

func (s vec) r(i int) VecPhysical {
	if s.wide() {
		return zmm[i]
	}
	return ymm[i]
}

func main() {
	ConstraintExpr("amd64")
	tailMasks()
	for _, s := range []vec{{"AVX512", 64}, {"AVX2", 32}} {
		s.elementwise()
		s.channelwise()
		s.reductions()
		s.winograd()
		s.winograd4()
	}
	Generate()
}

// constants are whole vectors, so that they can be operands.
var constants = map[uint32]operand.Mem{}

func bits(v uint32) operand.Mem {
	if m, ok := constants[v]; ok {
		return m
	}
	m := GLOBL(fmt.Sprintf("const%08x", v), 8|16)
	for i := range 16 {
		DATA(4*i, operand.U32(v))
	}
	constants[v] = m
	return m
}

func f32(v float64) operand.Mem { return bits(math.Float32bits(float32(v))) }

var masks operand.Mem

// tailMasks holds 8 ones and 8 zeroes: a mask of the first r lanes starts r
// before the zeroes.
func tailMasks() {
	masks = GLOBL("tailMasks", 8|16)
	for i := range 16 {
		v := uint32(0)
		if i < 8 {
			v = math.MaxUint32
		}
		DATA(4*i, operand.U32(v))
	}
}

// arg is an operand of a kernel: a tensor that each row continues, or a
// periodic one (per channel) that each row reads anew.
type arg struct {
	name          string
	read, written bool
	periodic      bool
}

func in(name string) arg     { return arg{name: name, read: true} }
func out(name string) arg    { return arg{name: name, written: true} }
func inout(name string) arg  { return arg{name: name, read: true, written: true} }
func param(name string) arg  { return arg{name: name, read: true, periodic: true} }
func accumu(name string) arg { return arg{name: name, read: true, written: true, periodic: true} }

// kernel describes a loop over rows of n elements. Argument i is in vector
// register i, scalars follow; the body leaves what is written in place.
type kernel struct {
	name    string
	args    []arg
	scalars []string
	rows    bool
	body    func(s vec, tmp int)
}

var pointers = []GPPhysical{RAX, RBX, RCX, RDX, RSI, RDI, R8, R9}

func (s vec) emit(k kernel) {
	var sig []string
	for _, a := range k.args {
		sig = append(sig, a.name+" *float32")
	}
	for _, v := range k.scalars {
		sig = append(sig, v+" float32")
	}
	sig = append(sig, "n int")
	if k.rows {
		sig = append(sig, "rows int")
	}
	TEXT(k.name+s.name, NOSPLIT, "func("+strings.Join(sig, ", ")+")")
	Pragma("noescape")
	for i, a := range k.args {
		Load(Param(a.name), pointers[i])
	}
	for i, v := range k.scalars {
		m, _ := Param(v).Resolve() // a vector broadcast has no mov form to Load
		VBROADCASTSS(m.Addr, s.r(len(k.args)+i))
	}
	n, rows, j, full := R10, R11, R12, R13
	Load(Param("n"), n)
	if k.rows {
		Load(Param("rows"), rows)
	}
	s.setMask(n, full)
	SHLQ(operand.U8(2), n)
	tmp := len(k.args) + len(k.scalars)
	Label("row")
	XORQ(j, j)
	JMP(operand.LabelRef("test"))
	Label("loop")
	s.access(k, j, false, tmp)
	ADDQ(operand.U8(s.bytes), j)
	Label("test")
	CMPQ(j, full)
	JLT(operand.LabelRef("loop"))
	CMPQ(j, n)
	JGE(operand.LabelRef("next"))
	s.access(k, j, true, tmp)
	Label("next")
	if k.rows {
		for i, a := range k.args {
			if !a.periodic {
				ADDQ(n, pointers[i])
			}
		}
		DECQ(rows)
		JNZ(operand.LabelRef("row"))
	}
	VZEROUPPER()
	RET()
}

// setMask puts the bytes of whole vectors of n elements in full, and the mask
// of the rest in K1 or Y15.
func (s vec) setMask(n, full GPPhysical) {
	lanes := s.bytes / 4
	MOVQ(n, R12)
	ANDQ(operand.I8(lanes-1), R12)
	MOVQ(n, full)
	SUBQ(R12, full)
	SHLQ(operand.U8(2), full)
	if s.wide() {
		MOVQ(operand.U32(0xffff), R14)
		SHLXQ(R12, R14, R14)
		SHRQ(operand.U8(16), R14)
		KMOVW(R14.As32(), K1)
		return
	}
	LEAQ(masks, R14)
	SHLQ(operand.U8(2), R12)
	SUBQ(R12, R14)
	VMOVUPS(operand.Mem{Base: R14, Disp: 32}, Y15)
}

func (s vec) access(k kernel, j GPPhysical, tail bool, tmp int) {
	mem := func(i int) operand.Mem { return operand.Mem{Base: pointers[i], Index: j, Scale: 1} }
	for i, a := range k.args {
		if a.read {
			s.load(mem(i), s.r(i), tail)
		}
	}
	k.body(s, tmp)
	for i, a := range k.args {
		if a.written {
			s.store(s.r(i), mem(i), tail)
		}
	}
}

func (s vec) load(m operand.Mem, r VecPhysical, tail bool) {
	switch {
	case !tail:
		VMOVUPS(m, r)
	case s.wide():
		VMOVUPS_Z(m, K1, r)
	default:
		VMASKMOVPS(m, Y15, r)
	}
}

func (s vec) store(r VecPhysical, m operand.Mem, tail bool) {
	switch {
	case !tail:
		VMOVUPS(r, m)
	case s.wide():
		VMOVUPS(r, K1, m)
	default:
		VMASKMOVPS(r, Y15, m)
	}
}
