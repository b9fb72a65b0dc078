//go:build !amd64

package jpeg

// useBMI2 exists for the tests that hold the twins together.
var useBMI2 = false

func blockBMI2(*bits, *[64]int16, *[1 << lookBits]uint32, *several, *int32, int) int {
	panic("jpeg: blockBMI2 without BMI2")
}

func skipBMI2(*bits, *[1 << lookBits]uint32, *several, *int32, int) int {
	panic("jpeg: skipBMI2 without BMI2")
}

func blocksBMI2(*bits, *[64]int16, *uint8, *unit, int, int, int, int) (done, k int) {
	panic("jpeg: blocksBMI2 without BMI2")
}
