#include "textflag.h"

// func wordSum(word uint64) uint32
TEXT ·wordSum(SB), NOSPLIT, $0-12
	MOVL   $-1, AX
	CRC32Q word+0(FP), AX
	NOTL   AX
	MOVL   AX, ret+8(FP)
	RET
