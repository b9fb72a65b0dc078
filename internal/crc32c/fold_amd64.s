// CRC by folding: Gopal and others, Fast CRC Computation for Generic Polynomials
// Using PCLMULQDQ Instruction, Intel, 2009. Sixteen sums of 128 bits, in Z0 to Z3,
// each of every sixteenth 16 bytes.

#include "textflag.h"

// FOLD moves four sums on by a step and adds the next bytes, Z4.
#define FOLD(sums) \
	VPCLMULQDQ $0x00, Z8, sums, Z5   \
	VPCLMULQDQ $0x11, Z8, sums, sums \
	VPTERNLOGQ $0x96, Z4, Z5, sums

// AHEAD fetches into the second-level cache: more of its lines can be on their
// way at once than of the first, and a step finds them there soon enough.
#define AHEAD(at) \
	PREFETCHT1 (8192+at)(SI)

#define STEP(at, sums) \
	AHEAD(at)             \
	VMOVDQU64 at(SI), Z4  \
	FOLD(sums)

#define COPYSTEP(at, sums) \
	AHEAD(at)             \
	VMOVDQU64 at(SI), Z4  \
	VMOVDQU64 Z4, at(DI)  \
	FOLD(sums)

// BEGIN loads the first step, the register AX added, and the factors at DX.
#define BEGIN \
	AHEAD(0)                      \
	AHEAD(64)                     \
	AHEAD(128)                    \
	AHEAD(192)                    \
	VBROADCASTI32X4 (DX), Z8      \
	VMOVD           AX, X6        \
	VMOVDQU64       (SI), Z0      \
	VMOVDQU64       64(SI), Z1    \
	VMOVDQU64       128(SI), Z2   \
	VMOVDQU64       192(SI), Z3

// ONTO folds the sums from by the distance of Z8 onto others.
#define ONTO(from, to) \
	VPCLMULQDQ $0x00, Z8, from, Z5   \
	VPCLMULQDQ $0x11, Z8, from, from \
	VPTERNLOGQ $0x96, from, Z5, to

// SUM leaves in AX the register after the sums, folded to 64 bytes that stand for
// all.
#define SUM \
	VBROADCASTI32X4 16(DX), Z8 \
	ONTO(Z0, Z2)               \
	ONTO(Z1, Z3)               \
	VBROADCASTI32X4 32(DX), Z8 \
	ONTO(Z2, Z3)               \
	VMOVDQU64 Z3, (BX)         \
	VZEROUPPER                 \
	XORL      AX, AX           \
	CRC32Q    (BX), AX         \
	CRC32Q    8(BX), AX        \
	CRC32Q    16(BX), AX       \
	CRC32Q    24(BX), AX       \
	CRC32Q    32(BX), AX       \
	CRC32Q    40(BX), AX       \
	CRC32Q    48(BX), AX       \
	CRC32Q    56(BX), AX

// func foldSum(src *byte, n int, state uint32, by *[3][2]uint64) uint32
TEXT ·foldSum(SB), NOSPLIT, $64-36
	MOVQ   src+0(FP), SI
	MOVQ   n+8(FP), CX
	MOVL   state+16(FP), AX
	MOVQ   by+24(FP), DX
	LEAQ   sums-64(SP), BX
	BEGIN
	VPXORQ Z6, Z0, Z0
	JMP    next

step:
	ADDQ $256, SI
	STEP(0, Z0)
	STEP(64, Z1)
	STEP(128, Z2)
	STEP(192, Z3)

next:
	SUBQ $256, CX
	JA   step
	SUM
	MOVL AX, ret+32(FP)
	RET

// func foldCopySum(dst, src *byte, n int, state uint32, by *[3][2]uint64) uint32
TEXT ·foldCopySum(SB), NOSPLIT, $64-44
	MOVQ      dst+0(FP), DI
	MOVQ      src+8(FP), SI
	MOVQ      n+16(FP), CX
	MOVL      state+24(FP), AX
	MOVQ      by+32(FP), DX
	LEAQ      sums-64(SP), BX
	BEGIN
	VMOVDQU64 Z0, (DI)
	VMOVDQU64 Z1, 64(DI)
	VMOVDQU64 Z2, 128(DI)
	VMOVDQU64 Z3, 192(DI)
	VPXORQ    Z6, Z0, Z0
	JMP       next

step:
	ADDQ $256, SI
	ADDQ $256, DI
	COPYSTEP(0, Z0)
	COPYSTEP(64, Z1)
	COPYSTEP(128, Z2)
	COPYSTEP(192, Z3)

next:
	SUBQ $256, CX
	JA   step
	SUM
	MOVL AX, ret+40(FP)
	RET
