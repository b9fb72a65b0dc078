// The loop of symbols. It does what deflate.symbols does, but looks whether there
// is input and room after up to four literals, not five.

#include "go_asm.h"
#include "textflag.h"

// REFILL tops hold (AX) up to at least 56 bits. The six lowest bits of CX count
// them, SI is where the next byte lies.
#define REFILL \
	MOVQ  (SI), R12    \
	SHLXQ CX, R12, R12 \
	ORQ   R12, AX      \
	MOVL  CX, R13      \
	SHRL  $3, R13      \
	ANDL  $7, R13      \
	SUBQ  R13, SI      \
	ADDQ  $7, SI       \
	ORL   $56, CX

// LOOKUP gets the next entry of the table at BX: R11.
#define LOOKUP \
	MOVL AX, R11                 \
	ANDL $(1<<const_litBits-1), R11 \
	MOVL (BX)(R11*4), R11

// TAKE takes the bits of the entry R11 from hold, and leaves in R11 what follows
// its first byte. What SUBL does above the six lowest bits does not matter.
#define TAKE \
	SHRXQ R11, AX, AX \
	SUBL  R11, CX     \
	SHRL  $8, R11

// LITERAL writes the entry R11, if it is a literal.
#define LITERAL(other) \
	TESTL R11, R11  \
	JNS   other     \
	TAKE            \
	MOVB  R11, (DI) \
	INCQ  DI

// EXTRA takes extra bits, R12, so many as the lowest byte of R11 says, and leaves
// the base in R11.
#define EXTRA \
	BZHIQ R11, AX, R12 \
	TAKE

// SUBTABLE follows the link R11 in the table at base, which is indexed by first
// bits.
#define SUBTABLE(base, first) \
	MOVQ  AX, R12              \
	SHRQ  $first, R12          \
	SHRL  $8, R11              \
	BZHIQ R11, R12, R12        \
	SHRL  $8, R11              \
	ANDL  $0x1fff, R11         \
	ADDL  R11, R12             \
	MOVL  (base)(R12*4), R11

// func symbolsBMI2(l *loop) outcome
TEXT ·symbolsBMI2(SB), NOSPLIT, $0-9
	MOVQ l+0(FP), R13
	MOVQ loop_hold(R13), AX
	MOVQ loop_count(R13), CX
	MOVQ loop_lit(R13), BX
	MOVQ loop_dist(R13), R8
	MOVQ loop_in(R13), SI
	MOVQ loop_inLast(R13), R9
	MOVQ loop_out(R13), DI
	MOVQ loop_outLimit(R13), R10
	MOVQ loop_start(R13), R14
	XORL DX, DX
	CMPQ SI, R9
	JA   out
	CMPQ DI, R10
	JAE  out
	REFILL
	LOOKUP

next:
	CMPQ SI, R9
	JA   out
	CMPQ DI, R10
	JAE  out
	LITERAL(other)
	LOOKUP
	LITERAL(other)
	LOOKUP
	LITERAL(other)
	LOOKUP
	LITERAL(other)
	LOOKUP
	REFILL
	JMP  next

other: // 23 bits are there, of which at most 20 are a length's
	TESTL $const_link, R11
	JZ    length
	SUBTABLE(BX, const_litBits)
	TESTL R11, R11
	JNS   length
	TAKE
	MOVB  R11, (DI)
	INCQ  DI
	REFILL
	LOOKUP
	JMP   next

length:
	LEAL  -1(R11), R12
	CMPL  R12, $(const_end-1)
	JAE   special
	TAKE
	EXTRA
	LEAQ  (R11)(R12*1), DX
	REFILL
	MOVL  AX, R11
	ANDL  $(1<<const_distBits-1), R11
	MOVL  (R8)(R11*4), R11
	TESTL $const_link, R11
	JZ    distance
	SUBTABLE(R8, const_distBits)

distance:
	TESTL R11, R11
	JZ    nothing
	TAKE
	EXTRA
	LEAQ  ·distBase(SB), R13
	ADDQ  (R13)(R11*8), R12
	MOVQ  DI, R13
	SUBQ  R14, R13
	CMPQ  R12, R13
	JA    far
	LOOKUP
	MOVQ  DI, R13
	SUBQ  R12, R13
	CMPQ  DX, $8
	JA    long
	MOVL  $8, R15
	CMPQ  R12, R15
	CMOVQHI R15, R12
	LEAQ  (R12)(R12*2), R12
	LEAQ  ·patterns(SB), R15
	MOVQ  (R13), R13
	ANDQ  (R15)(R12*8), R13
	IMULQ 8(R15)(R12*8), R13
	MOVQ  R13, (DI)
	ADDQ  DX, DI
	REFILL
	JMP   next

long:
	ADDQ DI, DX // where the match ends
	CMPQ R12, $8
	JB   near

words:
	MOVQ (R13), R12
	MOVQ R12, (DI)
	ADDQ $8, R13
	ADDQ $8, DI
	CMPQ DI, DX
	JB   words
	MOVQ DX, DI
	REFILL
	JMP  next

near:
	LEAQ  (R12)(R12*2), R12
	LEAQ  ·patterns(SB), R15
	MOVQ  (R13), R13
	ANDQ  (R15)(R12*8), R13
	IMULQ 8(R15)(R12*8), R13
	MOVQ  16(R15)(R12*8), R12

pattern:
	MOVQ R13, (DI)
	ADDQ R12, DI
	CMPQ DI, DX
	JB   pattern
	MOVQ DX, DI
	REFILL
	JMP  next

special:
	TESTL R11, R11
	JZ    nothing
	TAKE
	MOVL  $const_blockEnded, DX
	JMP   leave

nothing:
	MOVL $const_noCode, DX
	JMP  leave

far:
	MOVL $const_tooFar, DX
	JMP  leave

out:
	MOVL $const_goOn, DX

leave:
	ANDL $63, CX
	MOVQ l+0(FP), R13
	MOVQ AX, loop_hold(R13)
	MOVQ CX, loop_count(R13)
	MOVQ SI, loop_in(R13)
	MOVQ DI, loop_out(R13)
	MOVQ R12, loop_distance(R13)
	MOVB DX, ret+8(FP)
	RET
