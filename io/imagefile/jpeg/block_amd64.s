// The entropy decoder's inner loop. It does what bits.block does, by the table
// of several.

#include "go_asm.h"
#include "textflag.h"

// REFILL tops acc (AX) up to at least 56 bits; CX counts them, SI is where the
// next byte lies.
#define REFILL \
	MOVQ   (SI), R9     \
	BSWAPQ R9           \
	SHRXQ  CX, R9, R9   \
	ORQ    R9, AX       \
	MOVL   $63, R10     \
	SUBL   CX, R10      \
	SHRL   $3, R10      \
	ADDQ   R10, SI      \
	ORL    $56, CX

// TAKE stores what the entry R9 says and moves on. R8 is where natural holds the
// next position.
#define TAKE \
	RORXQ   $16, R9, R11       \
	ANDL    $15, R11           \
	MOVBLZX (R8)(R11*1), R11   \
	MOVQ    R9, R12            \
	SARQ    $51, R12           \
	MOVW    R12, (DI)(R11*2)   \
	RORXQ   $20, R9, R11       \
	ANDL    $31, R11           \
	MOVBLZX (R8)(R11*1), R11   \
	RORXQ   $51, R9, R12       \
	SARQ    $53, R12           \
	MOVW    R12, (DI)(R11*2)   \
	RORXQ   $25, R9, R11       \
	ANDL    $63, R11           \
	MOVBLZX (R8)(R11*1), R11   \
	RORXQ   $40, R9, R12       \
	SARQ    $55, R12           \
	MOVW    R12, (DI)(R11*2)   \
	SHRL    $8, R9             \
	MOVBLZX R9, R9             \
	ADDQ    R9, R8

// LOOKUP decodes one entry: R9, of R10 bits. BX is the end of natural's positions
// in a block, and R13 acc before the entry. The next look-up waits for the length
// alone, which has a table of its own; out is where a full block goes, special
// one that ends by its code, or an entry without a whole coefficient.
#define LOOKUP(special, out) \
	MOVQ    AX, R9             \
	SHRQ    $(64-const_severalBits), R9 \
	MOVBLZX several_lengths(DX)(R9*1), R10 \
	MOVQ    (DX)(R9*8), R9     \
	TESTB   R10, R10           \
	JLE     special            \
	MOVQ    AX, R13            \
	SHLXQ   R10, AX, AX        \
	SUBL    R10, CX            \
	TAKE                       \
	CMPQ    R8, BX             \
	JAE     out

// SKIP is LOOKUP in the table of skips.
#define SKIP(escape, out) \
	MOVQ    AX, R9          \
	SHRQ    $(64-const_severalBits), R9 \
	MOVWLZX several_skips(DX)(R9*2), R9 \
	MOVL    R9, R10         \
	ANDL    $63, R10        \
	JZ      escape          \
	MOVQ    AX, R13         \
	SHLXQ   R9, AX, AX      \
	SUBL    R10, CX         \
	SHRL    $8, R9          \
	ADDQ    R9, R8          \
	CMPQ    R8, BX          \
	JAE     out

// LONG decodes a code that is longer than a look-up: R9, as an entry without
// its magnitude bits. It leaves by slow what bits.one must decode.
#define LONG(slow) \
	REFILL                          \
	MOVQ  AX, R9                    \
	SHRQ  $48, R9                   \
	SUBL  several_first(DX), R9     \
	CMPL  R9, $const_longCodes      \
	JAE   slow                      \
	MOVL  several_long(DX)(R9*4), R9 \
	MOVL  R9, R10                   \
	SHRL  $8, R10                   \
	ANDL  $31, R10                  \
	JZ    slow

// MAGNITUDE takes R10 > 0 bits as a signed value to R12.
#define MAGNITUDE \
	XORL  R12, R12       \
	SUBL  R10, R12       \
	SHRXQ R12, AX, R12   \
	MOVQ  AX, R13        \
	SARQ  $63, R13       \
	NOTQ  R13            \
	SHLXQ R10, R13, R11  \
	XORQ  R13, R11       \
	SUBQ  R11, R12       \
	SHLXQ R10, AX, AX    \
	SUBL  R10, CX

// CODE takes the coefficient whose code, of R10 bits, is the entry R9, and moves
// on.
#define CODE \
	SHLXQ   R10, AX, AX       \
	SUBL    R10, CX           \
	MOVL    R9, R10           \
	SHRL    $20, R10          \
	SHRL    $16, R9           \
	ANDL    $15, R9           \
	MAGNITUDE                 \
	ADDQ    R9, R8            \
	MOVBLZX (R8), R11         \
	MOVW    R12, (DI)(R11*2)  \
	INCQ    R8

// DC decodes the DC difference and adds it to *pred: R12. At least 46 bits are left
// then. It leaves by slow
// what the look-up does not show, nothing taken.
#define DC(lookup, pred, slow, bad, done) \
	REFILL                     \
	MOVQ    lookup, R11        \
	MOVQ    AX, R9             \
	SHRQ    $54, R9            \
	MOVL    (R11)(R9*4), R9    \
	MOVL    R9, R10            \
	ANDL    $63, R10           \
	JZ      slow               \
	SHLXQ   R9, AX, AX         \
	SUBL    R10, CX            \
	MOVL    R9, R12            \
	SARL    $16, R12           \
	JNZ     done               \
	MOVL    R9, R10            \
	SHRL    $8, R10            \
	MOVBLZX R10, R10           \
	TESTL   R10, R10           \
	JZ      done               \
	CMPL    R10, $15           \
	JA      bad                \
	MAGNITUDE                  \
	REFILL                     \
done:                          \
	MOVQ    pred, R11          \
	ADDL    (R11), R12         \
	MOVL    R12, (R11)         \
	INCQ    R8

// OPEN loads the state of b and the position k.
#define OPEN(b, k) \
	MOVQ b, R10             \
	MOVQ bits_buf(R10), SI  \
	ADDQ bits_pos(R10), SI  \
	MOVQ bits_acc(R10), AX  \
	MOVQ bits_n(R10), CX    \
	MOVQ k, R8              \
	LEAQ ·natural(SB), R11  \
	LEAQ 64(R11), BX        \
	ADDQ R11, R8            \
	CMPQ R8, R11

// CLOSE stores it, and the position as ret.
#define CLOSE(b, ret) \
	MOVQ b, R10             \
	SUBQ bits_buf(R10), SI  \
	MOVQ SI, bits_pos(R10)  \
	MOVQ AX, bits_acc(R10)  \
	MOVQ CX, bits_n(R10)    \
	LEAQ ·natural(SB), R11  \
	SUBQ R11, R8            \
	MOVQ R8, ret

// ENDED goes to done if the block ended as it should, and otherwise takes the
// entry back, inside which it ended.
#define ENDED(done) \
	LEAQ -64(R8), R11  \
	SUBQ BX, R11       \
	CMPQ R11, $64      \
	JB   done          \
	SUBQ R9, R8        \
	ADDL R10, CX       \
	MOVQ R13, AX

// func blockBMI2(b *bits, coef *[64]int16, look *[1 << lookBits]uint32, table *several, pred *int32, k int) int
TEXT ·blockBMI2(SB), NOSPLIT, $0-56
	MOVQ coef+8(FP), DI
	MOVQ table+24(FP), DX
	OPEN(b+0(FP), k+40(FP))
	JNE  ac
	DC(look+16(FP), pred+32(FP), done, bad, dc)
	MOVW R12, (DI)

ac:
	REFILL
	LOOKUP(special, end)
	LOOKUP(special, end)
	LOOKUP(special, end)
	JMP ac

special:
	JZ    escape
	ANDL  $63, R10
	MOVQ  AX, R13
	SHLXQ R10, AX, AX
	SUBL  R10, CX
	TAKE
	JMP   end

escape:
	// R9 is one coefficient whose magnitude bits are further on, or 0.
	MOVL    R9, R10
	SHRL    $8, R10
	ANDL    $31, R10
	JNZ     code
	LONG(done)

code:
	CODE
	CMPQ    R8, BX
	JB      ac
	JMP     done

end:
	ENDED(done)

done:
	CLOSE(b+0(FP), ret+48(FP))
	RET

bad:
	MOVQ $65, ret+48(FP)
	RET

// func blocksBMI2(b *bits, coefs *[64]int16, lasts *uint8, units *unit, first, count, blocks, limit int) (done, k int)
// R14 is the unit, R15 how many blocks are left.
TEXT ·blocksBMI2(SB), NOSPLIT, $8-80
	MOVQ  b+0(FP), R10
	MOVQ  bits_buf(R10), SI
	MOVQ  limit+56(FP), R11
	ADDQ  SI, R11
	MOVQ  R11, limit+56(FP)
	ADDQ  bits_pos(R10), SI
	MOVQ  bits_acc(R10), AX
	MOVQ  bits_n(R10), CX
	MOVQ  coefs+8(FP), DI
	MOVQ  units+24(FP), R14
	MOVQ  count+40(FP), R11
	IMULQ $unit__size, R11
	ADDQ  R14, R11
	MOVQ  R11, end-8(SP)
	MOVQ  first+32(FP), R11
	IMULQ $unit__size, R11
	ADDQ  R11, R14
	MOVQ  blocks+48(FP), R15
	LEAQ  ·natural(SB), BX
	ADDQ  $64, BX
	CMPQ  R14, units+24(FP)
	JNE   block

mcu:
	LEAQ -64(BX), R8
	CMPQ SI, limit+56(FP)
	JHI  none

block:
	LEAQ -64(BX), R8
	MOVQ unit_several(R14), DX
	DC(unit_dc(R14), unit_pred(R14), stop, bad, dc)
	MOVW R12, (DI)

	// Three look-ups take 39 bits at most, and DC leaves at least 46.
looks:
	LOOKUP(special, end)
	LOOKUP(special, end)
	LOOKUP(special, end)

ac:
	REFILL
	JMP looks

special:
	JZ    escape
	ANDL  $63, R10
	MOVQ  AX, R13
	SHLXQ R10, AX, AX
	SUBL  R10, CX
	TAKE
	JMP   end

escape:
	MOVQ    R9, R12
	REFILL
	MOVQ    R12, R9
	MOVL    R9, R10
	SHRL    $8, R10
	ANDL    $31, R10
	JNZ     code
	LONG(stop)

code:
	CODE
	CMPQ    R8, BX
	JB      ac
	JNE     stop
	MOVL    $63, R10
	JMP     next

end:
	ENDED(ended)
	JMP stop

ended:
	LEAQ -65(R8), R10
	SUBQ BX, R10

next:
	MOVQ lasts+16(FP), R11
	MOVB R10, (R11)
	INCQ lasts+16(FP)
	ADDQ $128, DI
	DECQ R15
	JZ   none
	ADDQ $unit__size, R14
	CMPQ R14, end-8(SP)
	JB   block
	MOVQ units+24(FP), R14
	JMP  mcu

bad:
	LEAQ 1(BX), R8
	JMP  stop

none:
	LEAQ -65(BX), R8

stop:
	MOVQ blocks+48(FP), R11
	SUBQ R15, R11
	MOVQ R11, done+64(FP)
	CLOSE(b+0(FP), k+72(FP))
	RET

// func skipBMI2(b *bits, look *[1 << lookBits]uint32, table *several, pred *int32, k int) int
TEXT ·skipBMI2(SB), NOSPLIT, $0-48
	MOVQ table+16(FP), DX
	OPEN(b+0(FP), k+32(FP))
	JNE  ac
	DC(look+8(FP), pred+24(FP), done, bad, dc)

ac:
	REFILL
	SKIP(escape, end)
	SKIP(escape, end)
	JMP ac

escape:
	LONG(done)
	MOVL  R9, R11
	SHRL  $20, R11
	ADDL  R11, R10
	SHLXQ R10, AX, AX
	SUBL  R10, CX
	SHRL  $16, R9
	ANDL  $15, R9
	LEAQ  1(R8)(R9*1), R8
	CMPQ  R8, BX
	JB    ac
	JMP   done

end:
	ENDED(done)

done:
	CLOSE(b+0(FP), ret+40(FP))
	RET

bad:
	MOVQ $65, ret+40(FP)
	RET
