package kernels

import "fmt"

// wantLen panics unless operand name of op holds at least want elements. The
// assembly below it does not check bounds.
func wantLen(op, name string, s []float32, want int) {
	if len(s) < want {
		panic(fmt.Sprintf("kernels: %s: %s holds %d elements; want at least %d", op, name, len(s), want))
	}
}

// matrixLen is the length that a rows x cols matrix with leading dimension ld
// occupies.
func matrixLen(rows, cols, ld int) int {
	if rows == 0 || cols == 0 {
		return 0
	}
	return (rows-1)*ld + cols
}
