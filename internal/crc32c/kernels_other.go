//go:build !amd64

package crc32c

// Without kernels, what hash/crc32 has must do. They are variables for the tests.
var useFold, useThirds bool

func fold(uint32, []byte) uint32               { panic("not reached") }
func foldCopy([]byte, []byte, uint32) uint32   { panic("not reached") }
func thirdsCopy([]byte, []byte, uint32) uint32 { panic("not reached") }
func wordSum(uint64) uint32                    { panic("not reached") }
