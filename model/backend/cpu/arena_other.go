//go:build !linux

package cpu

// newArena is zeroed memory for the values of one execution.
func newArena(size int) *block { return newBlock(size) }
