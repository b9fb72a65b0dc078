//go:build !amd64

package jpeg

// useAVX2 exists for the tests that hold the twins together.
var useAVX2 = false

func idctPair(p *pending, size int)           { idctPairGeneric(p, size) }
func upsampleH(dst, near []byte, n int)       { upsampleHGeneric(dst, near, n) }
func upsampleHV(dst, near, far []byte, n int) { upsampleHVGeneric(dst, near, far, n) }
func yccRow(dst, y, cb, cr []byte, n int)     { yccRowGeneric(dst, y, cb, cr, n) }
func wholeUntilFF(dst, src []byte) int        { return 0 }
