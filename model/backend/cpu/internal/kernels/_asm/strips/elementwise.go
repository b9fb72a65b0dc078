package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// elementwise writes the kernels whose result is in register 0 and whose
// operands follow.
func (s vec) elementwise() {
	binary := []arg{out("dst"), in("a"), in("b")}
	unary := []arg{out("dst"), in("a")}
	bin := func(name string, body func(s vec, tmp int)) { s.emit(kernel{name: name, args: binary, body: body}) }
	un := func(name string, body func(s vec, tmp int)) { s.emit(kernel{name: name, args: unary, body: body}) }
	scalar := func(name string, body func(s vec, tmp int)) {
		s.emit(kernel{name: name, args: unary, scalars: []string{"s"}, body: body})
	}
	type op3 func(ops ...operand.Op)
	// of dst, a and b, the operation of which is a op b.
	apply := func(op op3) func(s vec, tmp int) {
		return func(s vec, _ int) { op(s.r(2), s.r(1), s.r(0)) }
	}
	flip := func(op op3) func(s vec, tmp int) {
		return func(s vec, _ int) { op(s.r(1), s.r(2), s.r(0)) }
	}
	nanSafe := func(op op3) func(s vec, tmp int) {
		return func(s vec, tmp int) {
			op(s.r(2), s.r(1), s.r(0)) // b if either is NaN
			s.whereUnordered(s.r(1), s.r(0), s.r(tmp))
		}
	}
	bin("add", apply(VADDPS))
	bin("sub", apply(VSUBPS))
	bin("mul", apply(VMULPS))
	bin("div", apply(VDIVPS))
	bin("max", nanSafe(VMAXPS))
	bin("min", nanSafe(VMINPS))
	bin("reluGrad", func(s vec, tmp int) { s.keepWherePositive(s.r(2), s.r(1), s.r(0), s.r(tmp)) })
	scalar("addScalar", apply(VADDPS))
	scalar("subFrom", flip(VSUBPS))
	scalar("mulScalar", apply(VMULPS))
	scalar("divScalar", apply(VDIVPS))
	scalar("divFrom", flip(VDIVPS))
	scalar("maxScalar", nanSafe(VMAXPS))
	scalar("minScalar", nanSafe(VMINPS))
	un("neg", func(s vec, _ int) { VXORPS(bits(1<<31), s.r(1), s.r(0)) })
	un("abs", func(s vec, _ int) { VANDPS(bits(1<<31-1), s.r(1), s.r(0)) })
	un("sqrt", func(s vec, _ int) { VSQRTPS(s.r(1), s.r(0)) })
	un("rsqrt", func(s vec, tmp int) {
		VSQRTPS(s.r(1), s.r(0))
		VMOVUPS(f32(1), s.r(tmp))
		VDIVPS(s.r(0), s.r(tmp), s.r(0))
	})
	un("relu", func(s vec, tmp int) { s.relu(s.r(1), s.r(0), s.r(tmp)) })
	un("exp", func(s vec, tmp int) { s.exp(s.r(1), s.r(0), s.r(tmp), s.r(tmp+1)) })
	un("log", func(s vec, tmp int) { s.log(s.r(1), s.r(0), tmp) })
	un("tanh", func(s vec, tmp int) { s.tanh(s.r(1), s.r(0), s.r(tmp), s.r(tmp+1)) })
	un("logistic", func(s vec, tmp int) {
		VXORPS(bits(1<<31), s.r(1), s.r(1))
		s.exp(s.r(1), s.r(0), s.r(tmp), s.r(tmp+1))
		VMOVUPS(f32(1), s.r(tmp))
		VADDPS(s.r(tmp), s.r(0), s.r(0))
		VDIVPS(s.r(0), s.r(tmp), s.r(0))
	})
	s.emit(kernel{name: "fma", args: []arg{out("dst"), in("a"), in("b"), in("c")}, body: func(s vec, _ int) {
		VFMADD231PS(s.r(1), s.r(2), s.r(3))
		VMOVAPS(s.r(3), s.r(0))
	}})
	// rest goes to dx where x is the maximum y, or both are NaN, and is spent.
	s.emit(kernel{name: "maxGrad", args: []arg{inout("dx"), inout("rest"), in("x"), in("y")}, body: func(s vec, tmp int) {
		t, u := s.r(tmp), s.r(tmp+1)
		if s.wide() {
			VCMPPS(operand.U8(0), s.r(2), s.r(3), K2)
			VCMPPS(operand.U8(3), s.r(2), s.r(2), K3)
			KORW(K2, K3, K2)
			VADDPS(s.r(1), s.r(0), K2, s.r(0))
			VXORPS(s.r(1), s.r(1), K2, s.r(1))
			return
		}
		VCMPPS(operand.U8(0), s.r(2), s.r(3), t)
		VCMPPS(operand.U8(3), s.r(2), s.r(2), u)
		VORPS(t, u, t)
		VANDPS(t, s.r(1), u)
		VADDPS(u, s.r(0), s.r(0))
		VANDNPS(s.r(1), t, s.r(1))
	}})
	s.emit(kernel{name: "addScaled", args: binary, scalars: []string{"s"}, body: func(s vec, _ int) {
		VFMADD231PS(s.r(2), s.r(3), s.r(1))
		VMOVAPS(s.r(1), s.r(0))
	}})
}

// whereUnordered sets dst to x where x is NaN.
func (s vec) whereUnordered(x, dst, tmp VecPhysical) {
	if s.wide() {
		VCMPPS(operand.U8(3), x, x, K2)
		VMOVAPS(x, K2, dst)
		return
	}
	VCMPPS(operand.U8(3), x, x, tmp)
	VBLENDVPS(tmp, x, dst, dst)
}

// keepWherePositive sets dst to x where y > 0, else 0.
func (s vec) keepWherePositive(y, x, dst, tmp VecPhysical) {
	VXORPS(tmp, tmp, tmp)
	const less = 0x11 // ordered, quiet
	if s.wide() {
		VCMPPS(operand.U8(less), y, tmp, K2)
		VMOVAPS_Z(x, K2, dst)
		return
	}
	VCMPPS(operand.U8(less), y, tmp, tmp)
	VANDPS(x, tmp, dst)
}

// positive sets dst to x where x > 0, else 0: also where x is NaN, for the
// second source is what a NaN yields.
func (s vec) positive(x, dst, tmp VecPhysical) {
	VXORPS(tmp, tmp, tmp)
	VMAXPS(tmp, x, dst)
}

// relu sets dst to max(x, 0); the second source, x, is what a NaN yields.
func (s vec) relu(x, dst, tmp VecPhysical) {
	VXORPS(tmp, tmp, tmp)
	VMAXPS(x, tmp, dst)
}

// clamp keeps a NaN.
func (s vec) clamp(x, tmp VecPhysical, lo, hi float64) {
	VMOVUPS(f32(hi), tmp)
	VMINPS(x, tmp, x)
	VMOVUPS(f32(lo), tmp)
	VMAXPS(x, tmp, x)
}

func horner(x, p VecPhysical, coefficients ...float64) {
	VMOVUPS(f32(coefficients[0]), p)
	for _, c := range coefficients[1:] {
		VFMADD213PS(f32(c), x, p)
	}
}

// exp is 2^n · e^r with n = round(x/ln 2), after Cephes' expf.
func (s vec) exp(x, p, n, tmp VecPhysical) {
	s.clamp(x, tmp, -104, 89)
	VMULPS(f32(1.44269504088896341), x, n)
	if s.wide() {
		VRNDSCALEPS(operand.U8(8), n, n)
	} else {
		VROUNDPS(operand.U8(8), n, n)
	}
	VFNMADD231PS(f32(0.693359375), n, x)
	VFNMADD231PS(f32(-2.12194440e-4), n, x)
	horner(x, p, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1, 1, 1)
	if s.wide() {
		VSCALEFPS(n, p, p)
		return
	}
	// Two factors, for 2^n itself may be no normal number.
	VCVTPS2DQ(n, n)
	VPSRAD(operand.U8(1), n, tmp)
	VPSUBD(tmp, n, n)
	for _, e := range []VecPhysical{n, tmp} {
		VPADDD(bits(127), e, e)
		VPSLLD(operand.U8(23), e, e)
		VMULPS(e, p, p)
	}
}

// log is e·ln 2 + ln m with m in [√½, √2), after Cephes' logf; ln 2 is in two
// parts of the same sign, so that 0 and infinity need no care.
func (s vec) log(x, dst VecPhysical, tmp int) {
	e, m, p, z := s.r(tmp), s.r(tmp+1), s.r(tmp+2), s.r(tmp+3)
	if s.wide() {
		VGETEXPPS(x, e)
		VGETMANTPS(operand.U8(8), x, m)
		VCMPPS(operand.U8(0x1e), f32(1.41421356237), m, K2)
		VMULPS(f32(0.5), m, K2, m)
		VADDPS(f32(1), e, K2, e)
	} else {
		s.splitAVX2(x, e, m, p, z)
	}
	VSUBPS(f32(1), m, m)
	VMULPS(m, m, z)
	horner(m, p, 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
		-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
	VMULPS(m, p, p)
	VMULPS(z, p, p)
	VFMADD231PS(f32(9.0580006145e-06), e, p)
	VFNMADD231PS(f32(0.5), z, p)
	VADDPS(p, m, m)
	VFMADD231PS(f32(6.9313812256e-01), e, m)
	if s.wide() {
		VMOVAPS(m, dst)
		return
	}
	// Specials: 0 gives -Inf; below, NaN; Inf and NaN give themselves.
	VXORPS(z, z, z)
	VCMPPS(operand.U8(0x11), z, x, p) // x < 0
	VBLENDVPS(p, bits(0x7fc00000), m, m)
	VCMPPS(operand.U8(0), z, x, p) // x == 0
	VBLENDVPS(p, bits(0xff800000), m, m)
	VCMPPS(operand.U8(0x15), bits(0x7f800000), x, p) // !(x < Inf)
	VBLENDVPS(p, x, m, dst)
}

// splitAVX2 splits x into e and m in [√½, √2); x may be subnormal.
func (s vec) splitAVX2(x, e, m, p, z VecPhysical) {
	VCMPPS(operand.U8(0x11), bits(0x00800000), x, p) // x < smallest normal
	VMULPS(f32(1<<23), x, m)
	VBLENDVPS(p, m, x, m)
	VPSRLD(operand.U8(23), m, e)
	VPSUBD(bits(127), e, e)
	VCVTDQ2PS(e, e)
	VANDPS(f32(23), p, p)
	VSUBPS(p, e, e)
	VANDPS(bits(0x007fffff), m, m)
	VORPS(bits(0x3f800000), m, m)
	VCMPPS(operand.U8(0x1e), f32(1.41421356237), m, p) // m > √2
	VMULPS(f32(0.5), m, z)
	VBLENDVPS(p, z, m, m)
	VANDPS(f32(1), p, p)
	VADDPS(p, e, e)
}

// tanh is the rational approximation that Eigen and XLA use.
func (s vec) tanh(x, dst, z, q VecPhysical) {
	s.clamp(x, z, -7.90531110763549805, 7.90531110763549805)
	VMULPS(x, x, z)
	horner(z, dst, -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08,
		1.48572235717979e-05, 6.37261928875436e-04, 4.89352455891786e-03)
	horner(z, q, 1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03)
	VDIVPS(q, dst, dst)
	VMULPS(x, dst, dst) // last, for x may be subnormal
}
