//go:build !amd64

package jpeg

// useAVX2 exists for the tests that hold the twins together.
var useAVX2, useAVX512 = false, false

func idctPair(p *pending, size int)           { idctPairGeneric(p, size) }
func upsampleH(dst, near []byte, n int)       { upsampleHGeneric(dst, near, n) }
func upsampleHV(dst, near, far []byte, n int) { upsampleHVGeneric(dst, near, far, n) }
func yccRow(dst, y, cb, cr []byte, n int)     { yccRowGeneric(dst, y, cb, cr, n) }
func wholeUntilFF(dst, src []byte) int        { return 0 }

func (r *run) transform(first, count, across, n int, dst []byte, stride int, table *[64]int16) {
	r.transformGeneric(first, count, across, n, dst, stride, table)
}

func halvedRow(dst, y, cbNear, cbFar, crNear, crFar []byte, even, odd int16, n int) {
	halvedRowGeneric(dst, y, cbNear, cbFar, crNear, crFar, even, odd, n)
}
