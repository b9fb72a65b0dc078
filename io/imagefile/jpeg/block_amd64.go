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
