package jpeg

import "golang.org/x/sys/cpu"

// useBMI2 is a variable so that tests can hold the twins together.
var useBMI2 = cpu.X86.HasBMI2

// blockBMI2 decodes one block, or what is left of it from position k > 0 on.
// It returns endBlock + the position behind the last coefficient when the block
// has ended by its code, 64 when it is full, more than 64 when no block can be
// like that, and otherwise the position of a code that takes bits.one (0: of the
// DC code, longer than the look-up). coef must be zero. 2,480 bytes must follow
// the state's position for each MCU.
//
//go:noescape
func blockBMI2(b *bits, coef *[64]int16, look *[1 << lookBits]uint32, table *several, pred *int32, k int) int

// skipBMI2 is blockBMI2 without coefficients.
//
//go:noescape
func skipBMI2(b *bits, look *[1 << lookBits]uint32, table *several, pred *int32, k int) int

// blocksBMI2 decodes blocks of MCUs one after the other, from the unit number
// first of count on, each to the next of coefs, which must be zero, and the zigzag
// position of its last coefficient to the next of lasts. It returns how many
// blocks it finished. It stops early before an MCU where b.pos is more than limit
// (k is -1 then, and when all are finished), and in a block that it cannot decode
// to its end: k is then what blockBMI2 would return.
//
//go:noescape
func blocksBMI2(b *bits, coefs *[64]int16, lasts *uint8, units *unit, first, count, blocks, limit int) (done, k int)
