// The CRC of three thirds at once, while they are copied.

#include "go_asm.h"
#include "textflag.h"

// WORDS copies and adds 8 bytes of each third.
#define WORDS(at) \
	MOVQ   at(SI), AX                 \
	MOVQ   (const_third+at)(SI), BX   \
	MOVQ   (2*const_third+at)(SI), DX \
	CRC32Q AX, R8                     \
	CRC32Q BX, R9                     \
	CRC32Q DX, R10                    \
	MOVQ   AX, at(DI)                 \
	MOVQ   BX, (const_third+at)(DI)   \
	MOVQ   DX, (2*const_third+at)(DI)

// func copyThirds(dst, src *byte, state uint32) (a, b, c uint32)
TEXT ·copyThirds(SB), NOSPLIT, $0-36
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVL state+16(FP), R8
	XORL R9, R9
	XORL R10, R10
	MOVQ $(const_third/64), CX

loop:
	// what the next call reads
	PREFETCHT0 (3*const_third)(SI)
	PREFETCHT0 (4*const_third)(SI)
	PREFETCHT0 (5*const_third)(SI)
	WORDS(0)
	WORDS(8)
	WORDS(16)
	WORDS(24)
	WORDS(32)
	WORDS(40)
	WORDS(48)
	WORDS(56)
	ADDQ $64, SI
	ADDQ $64, DI
	DECQ CX
	JNZ  loop
	MOVL R8, a+24(FP)
	MOVL R9, b+28(FP)
	MOVL R10, c+32(FP)
	RET
