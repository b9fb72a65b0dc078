package jpeg

import "golang.org/x/sys/cpu"

// useAVX2 is a variable so that tests can hold the twins together.
var useAVX2 = cpu.X86.HasAVX2

//go:noescape
func idctPairAVX2(coefs *[2][64]int16, dst0, dst1 *byte, stride0, stride1 int, table0, table1 *[64]int16)

//go:noescape
func idct4PairAVX2(coefs *[2][64]int16, dst0, dst1 *byte, stride0, stride1 int, table0, table1 *[64]int16)

//go:noescape
func idct2PairAVX2(coefs *[2][64]int16, dst0, dst1 *byte, stride0, stride1 int, table0, table1 *[64]int16)

//go:noescape
func upsampleHAVX2(dst, near *byte, n int)

//go:noescape
func upsampleHVAVX2(dst, near, far *byte, n int)

//go:noescape
func yccRowAVX2(dst, y, cb, cr *byte, n int)

// idctPair transforms both pending blocks to size x size samples and clears
// them; size is 2, 4 or 8.
func idctPair(p *pending, size int) {
	if !useAVX2 {
		idctPairGeneric(p, size)
		return
	}
	// The kernels write size rows of size bytes without asking.
	_, _ = p.dst[0][(size-1)*(p.stride[0]+1)], p.dst[1][(size-1)*(p.stride[1]+1)]
	switch size {
	case 8:
		idctPairAVX2(&p.coefs, &p.dst[0][0], &p.dst[1][0], p.stride[0], p.stride[1], p.table[0], p.table[1])
	case 4:
		idct4PairAVX2(&p.coefs, &p.dst[0][0], &p.dst[1][0], p.stride[0], p.stride[1], p.table[0], p.table[1])
	case 2:
		idct2PairAVX2(&p.coefs, &p.dst[0][0], &p.dst[1][0], p.stride[0], p.stride[1], p.table[0], p.table[1])
	}
}

// turn is how far a kernel that takes step samples at once goes for n.
func turn(n, step int) int { return (n + step - 1) / step * step }

func upsampleH(dst, near []byte, n int) {
	if !useAVX2 {
		upsampleHGeneric(dst, near, n)
		return
	}
	m := turn(n, 16)
	_, _ = dst[2*m-1], near[m+1]
	upsampleHAVX2(&dst[0], &near[0], n)
}

func upsampleHV(dst, near, far []byte, n int) {
	if !useAVX2 {
		upsampleHVGeneric(dst, near, far, n)
		return
	}
	m := turn(n, 16)
	_, _, _ = dst[2*m-1], near[m+1], far[m+1]
	upsampleHVAVX2(&dst[0], &near[0], &far[0], n)
}

func yccRow(dst, y, cb, cr []byte, n int) {
	if !useAVX2 {
		yccRowGeneric(dst, y, cb, cr, n)
		return
	}
	m := turn(n, 32)
	_, _, _, _ = dst[3*n-1], y[m-1], cb[m-1], cr[m-1]
	if whole := n &^ 31; whole > 0 {
		yccRowAVX2(&dst[0], &y[0], &cb[0], &cr[0], whole)
	}
	if rest := n & 31; rest > 0 {
		var last [3 * 32]byte
		at := n - rest
		yccRowAVX2(&last[0], &y[at], &cb[at], &cr[at], 32)
		copy(dst[3*at:3*n], last[:])
	}
}

//go:noescape
func untilFFAVX2(dst, src *byte, n int) int

// wholeUntilFF is untilFF for a multiple of 32 bytes, perhaps none.
func wholeUntilFF(dst, src []byte) int {
	n := len(src) &^ 31
	if !useAVX2 || n == 0 {
		return 0
	}
	_ = dst[n-1]
	return untilFFAVX2(&dst[0], &src[0], n)
}

//go:noescape
func halvedRowAVX2(dst, y, cbNear, cbFar, crNear, crFar *byte, even, odd uint32, n int)

// halvedRow is halvedRowGeneric. It reads up to 63 samples of luma and 32 of chroma
// past what it needs.
func halvedRow(dst, y, cbNear, cbFar, crNear, crFar []byte, even, odd int16, n int) {
	if !useAVX2 {
		halvedRowGeneric(dst, y, cbNear, cbFar, crNear, crFar, even, odd, n)
		return
	}
	m := turn(n, 64)
	_, _, _, _, _, _ = dst[3*n-1], y[m-1], cbNear[m/2+1], cbFar[m/2+1], crNear[m/2+1], crFar[m/2+1]
	e, o := uint32(uint16(even))*0x10001, uint32(uint16(odd))*0x10001
	if whole := n &^ 63; whole > 0 {
		halvedRowAVX2(&dst[0], &y[0], &cbNear[0], &cbFar[0], &crNear[0], &crFar[0], e, o, whole)
	}
	if rest := n & 63; rest > 0 {
		var last [3 * 64]byte
		at := n - rest
		halvedRowAVX2(&last[0], &y[at], &cbNear[at/2], &cbFar[at/2], &crNear[at/2], &crFar[at/2], e, o, 64)
		copy(dst[3*at:3*n], last[:])
	}
}
