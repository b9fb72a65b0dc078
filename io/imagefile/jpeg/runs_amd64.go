package jpeg

import "golang.org/x/sys/cpu"

// useAVX512 is a variable so that tests can hold the twins together.
var useAVX512 = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL

// idctRunAVX2 transforms pairs of blocks that lie side by side, of one table, and
// clears them: the second other blocks behind the first, next blocks from one pair
// to the next. lasts says, in the same places, which have only a DC coefficient.
//
//go:noescape
func idctRunAVX2(coefs *[64]int16, lasts *uint8, other, next int, dst *byte, stride int, table *[64]int16, pairs int)

// idctRunAVX512 is idctRunAVX2 for four blocks side by side.
//
//go:noescape
func idctRunAVX512(coefs *[64]int16, lasts *uint8, second, third, fourth, next int, dst *byte, stride int, table *[64]int16, quads int)

// transform is transformGeneric. It writes samples of up to three blocks more, all
// in the row; see run.coefs.
func (r *run) transform(first, count, across, n int, dst []byte, stride int, table *[64]int16) {
	blocks := across * n
	switch {
	case useAVX512:
		quads := (blocks + 3) / 4
		_, _ = dst[7*stride+32*quads-1], r.coefs[first+(4*quads/across-1)*count+across-1]
		second, third, next := count, 2*count, 4*count
		if across == 2 {
			second, third, next = 1, count, 2*count
		}
		idctRunAVX512(&r.coefs[first], &r.lasts[first], second, third, third+second, next, &dst[0], stride, table, quads)
	case useAVX2:
		pairs := (blocks + 1) / 2
		_, _ = dst[7*stride+16*pairs-1], r.coefs[first+(2*pairs/across-1)*count+across-1]
		other, next := count, 2*count
		if across == 2 {
			other, next = 1, count
		}
		idctRunAVX2(&r.coefs[first], &r.lasts[first], other, next, &dst[0], stride, table, pairs)
	default:
		r.transformGeneric(first, count, across, n, dst, stride, table)
	}
}
