#include "textflag.h"

#define THIRD 5376 // sumThird

// func copyThirds(dst, src *byte, state uint32) (a, b, c uint32)
TEXT ·copyThirds(SB), NOSPLIT, $0-36
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVL state+16(FP), R8
	XORL R9, R9
	XORL R10, R10
	MOVQ $(THIRD/16), CX

loop:
	MOVQ   (SI), AX
	MOVQ   THIRD(SI), BX
	MOVQ   (2*THIRD)(SI), DX
	CRC32Q AX, R8
	CRC32Q BX, R9
	CRC32Q DX, R10
	MOVQ   AX, (DI)
	MOVQ   BX, THIRD(DI)
	MOVQ   DX, (2*THIRD)(DI)
	MOVQ   8(SI), AX
	MOVQ   (THIRD+8)(SI), BX
	MOVQ   (2*THIRD+8)(SI), DX
	CRC32Q AX, R8
	CRC32Q BX, R9
	CRC32Q DX, R10
	MOVQ   AX, 8(DI)
	MOVQ   BX, (THIRD+8)(DI)
	MOVQ   DX, (2*THIRD+8)(DI)
	ADDQ   $16, SI
	ADDQ   $16, DI
	DECQ   CX
	JNZ    loop

	MOVL R8, a+24(FP)
	MOVL R9, b+28(FP)
	MOVL R10, c+32(FP)
	RET
