// A tile of 8 x 8: row p of the result is in V(2p) and V(2p+1).

#include "textflag.h"

// FMLA adds to d, four floats, n times float i of m. The assembler does not know
// this form.
#define FMLA(d, n, m, i) \
	WORD $(0x4f801000 | ((i)&1)<<21 | (m)<<16 | ((i)>>1)<<11 | (n)<<5 | (d))

// FADD adds m to d.
#define FADD(d, m) \
	WORD $(0x4e20d400 | (m)<<16 | (d)<<5 | (d))

// STEP adds to row p float i of m times the row of b that lies in b and b+1.
#define STEP(p, b, m, i) \
	FMLA(2*(p), (b), m, i) \
	FMLA(2*(p)+1, (b)+1, m, i)

// STEPS adds four floats of a, m, times the rows of b in V16 to V23.
#define STEPS(p, m) \
	STEP(p, 16, m, 0) \
	STEP(p, 18, m, 1) \
	STEP(p, 20, m, 2) \
	STEP(p, 22, m, 3)

#define ZERO \
	VEOR V0.B16, V0.B16, V0.B16    \
	VEOR V1.B16, V1.B16, V1.B16    \
	VEOR V2.B16, V2.B16, V2.B16    \
	VEOR V3.B16, V3.B16, V3.B16    \
	VEOR V4.B16, V4.B16, V4.B16    \
	VEOR V5.B16, V5.B16, V5.B16    \
	VEOR V6.B16, V6.B16, V6.B16    \
	VEOR V7.B16, V7.B16, V7.B16    \
	VEOR V8.B16, V8.B16, V8.B16    \
	VEOR V9.B16, V9.B16, V9.B16    \
	VEOR V10.B16, V10.B16, V10.B16 \
	VEOR V11.B16, V11.B16, V11.B16 \
	VEOR V12.B16, V12.B16, V12.B16 \
	VEOR V13.B16, V13.B16, V13.B16 \
	VEOR V14.B16, V14.B16, V14.B16 \
	VEOR V15.B16, V15.B16, V15.B16

// PLACE leaves in R16 where row p of the result lies: R20 is c, R21 coff.
#define PLACE(p) \
	MOVD (8*(p))(R21), R16 \
	ADD  R16<<2, R20, R16

#define ADDROW(p) \
	PLACE(p)                      \
	VLD1 (R16), [V16.S4, V17.S4]  \
	FADD(2*(p), 16)               \
	FADD(2*(p)+1, 17)

#define STORE(p, lo, hi) \
	PLACE(p)                \
	VST1 [lo.S4, hi.S4], (R16)

#define ADDROWS \
	ADDROW(0) \
	ADDROW(1) \
	ADDROW(2) \
	ADDROW(3) \
	ADDROW(4) \
	ADDROW(5) \
	ADDROW(6) \
	ADDROW(7)

#define STOREROWS \
	STORE(0, V0, V1) \
	STORE(1, V2, V3) \
	STORE(2, V4, V5) \
	STORE(3, V6, V7) \
	STORE(4, V8, V9) \
	STORE(5, V10, V11) \
	STORE(6, V12, V13) \
	STORE(7, V14, V15)

// func gatherTileNEON(c *float32, coff *int, a *float32, aoff *int, taps *int, ntaps, k int, b *float32, accumulate int)
TEXT ·gatherTileNEON(SB), NOSPLIT, $0-72
	MOVD c+0(FP), R20
	MOVD coff+8(FP), R21
	MOVD a+16(FP), R4
	MOVD aoff+24(FP), R5
	MOVD taps+32(FP), R0
	MOVD ntaps+40(FP), R1
	MOVD k+48(FP), R2
	MOVD b+56(FP), R3
	MOVD accumulate+64(FP), R22
	ZERO
	CBZ  R1, store

tap:
	MOVD.P 8(R0), R6
	ADD    R6<<2, R4, R7
	MOVD   (R5), R8
	MOVD   8(R5), R9
	MOVD   16(R5), R10
	MOVD   24(R5), R11
	MOVD   32(R5), R12
	MOVD   40(R5), R13
	MOVD   48(R5), R14
	MOVD   56(R5), R15
	ADD    R8<<2, R7, R8
	ADD    R9<<2, R7, R9
	ADD    R10<<2, R7, R10
	ADD    R11<<2, R7, R11
	ADD    R12<<2, R7, R12
	ADD    R13<<2, R7, R13
	ADD    R14<<2, R7, R14
	ADD    R15<<2, R7, R15
	SUBS   $4, R2, R17
	BLT    rest

four:
	VLD1.P 64(R3), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1.P 64(R3), [V20.S4, V21.S4, V22.S4, V23.S4]
	VLD1.P 16(R8), [V24.S4]
	VLD1.P 16(R9), [V25.S4]
	VLD1.P 16(R10), [V26.S4]
	VLD1.P 16(R11), [V27.S4]
	VLD1.P 16(R12), [V28.S4]
	VLD1.P 16(R13), [V29.S4]
	VLD1.P 16(R14), [V30.S4]
	VLD1.P 16(R15), [V31.S4]
	STEPS(0, 24)
	STEPS(1, 25)
	STEPS(2, 26)
	STEPS(3, 27)
	STEPS(4, 28)
	STEPS(5, 29)
	STEPS(6, 30)
	STEPS(7, 31)
	SUBS   $4, R17, R17
	BGE    four

rest:
	ADDS $4, R17, R17
	BEQ  next

one:
	VLD1.P  32(R3), [V16.S4, V17.S4]
	FMOVS.P 4(R8), F24
	FMOVS.P 4(R9), F25
	FMOVS.P 4(R10), F26
	FMOVS.P 4(R11), F27
	FMOVS.P 4(R12), F28
	FMOVS.P 4(R13), F29
	FMOVS.P 4(R14), F30
	FMOVS.P 4(R15), F31
	STEP(0, 16, 24, 0)
	STEP(1, 16, 25, 0)
	STEP(2, 16, 26, 0)
	STEP(3, 16, 27, 0)
	STEP(4, 16, 28, 0)
	STEP(5, 16, 29, 0)
	STEP(6, 16, 30, 0)
	STEP(7, 16, 31, 0)
	SUBS    $1, R17, R17
	BNE     one

next:
	SUBS $1, R1, R1
	BNE  tap

store:
	CBZ R22, put
	ADDROWS

put:
	STOREROWS
	RET

// func outerNEON(c *float32, coff *int, a *float32, taps *int, ntaps, k, astep int, b *float32, bstep, accumulate int)
TEXT ·outerNEON(SB), NOSPLIT, $0-80
	MOVD c+0(FP), R20
	MOVD coff+8(FP), R21
	MOVD a+16(FP), R4
	MOVD taps+24(FP), R0
	MOVD ntaps+32(FP), R1
	MOVD k+40(FP), R2
	MOVD astep+48(FP), R5
	MOVD b+56(FP), R3
	MOVD bstep+64(FP), R6
	MOVD accumulate+72(FP), R22
	LSL  $2, R5, R5
	LSL  $2, R6, R6
	ZERO
	CBZ  R1, store
	CBZ  R2, store

tap:
	MOVD.P 8(R0), R8
	ADD    R8<<2, R4, R7
	MOVD   R2, R17

one:
	VLD1 (R7), [V24.S4, V25.S4]
	VLD1 (R3), [V16.S4, V17.S4]
	ADD  R5, R7, R7
	ADD  R6, R3, R3
	STEP(0, 16, 24, 0)
	STEP(1, 16, 24, 1)
	STEP(2, 16, 24, 2)
	STEP(3, 16, 24, 3)
	STEP(4, 16, 25, 0)
	STEP(5, 16, 25, 1)
	STEP(6, 16, 25, 2)
	STEP(7, 16, 25, 3)
	SUBS $1, R17, R17
	BNE  one
	SUBS $1, R1, R1
	BNE  tap

store:
	CBZ R22, put
	ADDROWS

put:
	STOREROWS
	RET

// func peakNEON(n int)
TEXT ·peakNEON(SB), NOSPLIT, $0-8
	MOVD n+0(FP), R0
	ZERO
	VEOR V16.B16, V16.B16, V16.B16
	CBZ  R0, done

round:
	STEP(0, 16, 16, 0)
	STEP(1, 16, 16, 0)
	STEP(2, 16, 16, 0)
	STEP(3, 16, 16, 0)
	STEP(4, 16, 16, 0)
	STEP(5, 16, 16, 0)
	STEP(6, 16, 16, 0)
	STEP(7, 16, 16, 0)
	SUBS $1, R0, R0
	BNE  round

done:
	RET
