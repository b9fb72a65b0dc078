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
	tiles: []tile{{cols: neonCols, gather: gatherNEON, outer: outerNEON, many: manyBy(gatherNEON)}},
	peak:  peakNEON, flops: neonRows * neonCols * 2, strips: &stripsPortable, winoGradLeast: 128, // its transforms are not vectors
}

// supported lists the sets that this machine can run, best first.
func supported() []*isa { return []*isa{&neon, &portable} }

// gatherNEON leaves c alone until it has read the residual, which may lie there.
func gatherNEON(c *float32, coff *int, a *float32, aoff *int, taps *int, ntaps, k int, b *float32, accumulate int, fin *int) {
	f := (*finish)(unsafe.Pointer(fin))
	switch {
	case fin == nil:
		gatherTileNEON(c, coff, a, aoff, taps, ntaps, k, b, accumulate)
	case accumulate != 0:
		gatherTileNEON(c, coff, a, aoff, taps, ntaps, k, b, accumulate)
		f.apply(c, coff, c, coff, neonRows, neonCols)
	default:
		var tile [neonRows * neonCols]float32
		gatherTileNEON(&tile[0], &neonTile[0], a, aoff, taps, ntaps, k, b, 0)
		f.apply(c, coff, &tile[0], &neonTile[0], neonRows, neonCols)
	}
}

// apply writes to the tile c what the tile src is when it is finished.
func (f *finish) apply(c *float32, coff *int, src *float32, srcOff *int, rows, cols int) {
	for p := range rows {
		at := *index(coff, p)
		out := row(c, at, cols)
		for j, v := range row(src, *index(srcOff, p), cols) {
			out[j] = f.of(v, at, j)
		}
	}
}

// neonTile is where the rows of a tile of its own lie.
var neonTile = [neonRows]int{0, 8, 16, 24, 32, 40, 48, 56}

//go:noescape
func gatherTileNEON(c *float32, coff *int, a *float32, aoff *int, taps *int, ntaps, k int, b *float32, accumulate int)

//go:noescape
func outerNEON(c *float32, coff *int, a *float32, taps *int, ntaps, k, astep int, b *float32, bstep, accumulate int)

// peakNEON runs n rounds of as many independent multiply-adds as a tile has.
func peakNEON(n int)
