package kernels

import "unsafe"

const (
	neonRows = 8
	neonCols = 8
)

// neon multiplies by NEON, which every arm64 has. Element-wise work is the
// portable set's, whose tile is its twin.
var neon = isa{
	CPU: CPU{ISA: "neon", Lanes: portable.Lanes}, rows: neonRows, // lanes are the strips'
	tiles: []tile{{cols: neonCols, gather: gatherNEON, outer: outerNEON}},
	peak:  peakNEON, flops: neonRows * neonCols * 2, strips: &stripsPortable,
}

// supported lists the sets that this machine can run, best first.
func supported() []*isa { return []*isa{&neon, &portable} }

func gatherNEON(c *float32, coff *int, a *float32, aoff *int, taps *int, ntaps, k int, b *float32, accumulate int, fin *int) {
	gatherTileNEON(c, coff, a, aoff, taps, ntaps, k, b, accumulate)
	if fin != nil {
		(*finish)(unsafe.Pointer(fin)).apply(c, coff, neonRows, neonCols)
	}
}

//go:noescape
func gatherTileNEON(c *float32, coff *int, a *float32, aoff *int, taps *int, ntaps, k int, b *float32, accumulate int)

//go:noescape
func outerNEON(c *float32, coff *int, a *float32, taps *int, ntaps, k, astep int, b *float32, bstep, accumulate int)

// peakNEON runs n rounds of as many independent multiply-adds as a tile has.
func peakNEON(n int)
