package kernels

import "unsafe"

// portable is the set in plain Go.
var portable = isa{
	CPU: CPU{ISA: "portable", Lanes: 1}, rows: portableRows,
	tiles: []tile{{cols: portableCols, gather: gatherPortable, outer: outerPortable, many: manyBy(gatherPortable)}},
	peak:  peakPortable, flops: 8, strips: &stripsPortable, winoGradLeast: 16,
}

const (
	portableRows = 4
	portableCols = 8
)

// index is p[i].
func index[T any](p *T, i int) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(p), i*int(unsafe.Sizeof(*p))))
}

// row is the n elements from p[i].
func row(p *float32, i, n int) []float32 { return unsafe.Slice(index(p, i), n) }

type accumulators [portableRows][portableCols]float32

func gatherPortable(c *float32, coff *int, a *float32, aoff *int, taps *int, ntaps, k int, b *float32, accumulate int, fin *int) {
	var acc accumulators
	for t := range ntaps {
		tap := *index(taps, t)
		var rows [portableRows][]float32
		for p := range rows {
			rows[p] = row(a, *index(aoff, p)+tap, k)
		}
		for i := range k {
			bb := (*[portableCols]float32)(row(b, (t*k+i)*portableCols, portableCols))
			for p := range rows {
				axpy(&acc[p], rows[p][i], bb)
			}
		}
	}
	acc.store(c, coff, accumulate, (*finish)(unsafe.Pointer(fin)))
}

func outerPortable(c *float32, coff *int, a *float32, taps *int, ntaps, k, astep int, b *float32, bstep, accumulate int) {
	var acc accumulators
	for t := range ntaps {
		tap := *index(taps, t)
		for i := range k {
			bb := (*[portableCols]float32)(row(b, (t*k+i)*bstep, portableCols))
			for p, v := range row(a, tap+i*astep, portableRows) {
				axpy(&acc[p], v, bb)
			}
		}
	}
	acc.store(c, coff, accumulate, nil)
}

func axpy(acc *[portableCols]float32, v float32, b *[portableCols]float32) {
	for j := range acc {
		acc[j] += v * b[j]
	}
}

func (acc *accumulators) store(c *float32, coff *int, accumulate int, fin *finish) {
	for p := range acc {
		at := *index(coff, p)
		out := row(c, at, portableCols)
		for j, v := range acc[p] {
			if accumulate != 0 {
				v += out[j]
			}
			if fin != nil {
				v = fin.of(v, at, j)
			}
			out[j] = v
		}
	}
}

// of is v finished, column j of the row at offset at.
func (f *finish) of(v float32, at, j int) float32 {
	v = v**index(f.scale, j) + *index(f.offset, j)
	if f.residual != nil {
		v += *index(f.residual, at+j)
	}
	if f.relu != 0 {
		v = wherePositive(v, v)
	}
	return v
}

// peakSink keeps the compiler from dropping the sums that nobody wants.
var peakSink float32 //lint:ignore U1000 written to, so that the arithmetic before it is done

// peakPortable runs n rounds of four independent multiply-adds.
func peakPortable(n int) {
	a, b, c, d := float32(1), float32(2), float32(3), float32(4)
	for range n {
		a = a*0.5 + 1
		b = b*0.5 + 1
		c = c*0.5 + 1
		d = d*0.5 + 1
	}
	peakSink = a + b + c + d
}
