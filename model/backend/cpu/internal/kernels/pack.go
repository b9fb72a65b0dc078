package kernels

import "github.com/retort-ml/retort/internal/workpool"

// panel is a strip of columns of the right-hand matrix, packed for one tile
// width: depth rows of tile.cols floats, zero beyond its cols.
type panel struct {
	tile tile
	col  int // first column
	cols int // columns that count
	at   int // where its packed rows start
}

// panels cuts n columns into panels of the widest tile and a narrower last
// one. depth is the number of packed rows. It returns the length of all.
func (s *isa) panels(list []panel, n, depth, at int) ([]panel, int) {
	for col := 0; col < n; {
		t := s.narrow(n - col)
		cols := min(t.cols, n-col)
		list = append(list, panel{tile: t, col: col, cols: cols, at: at})
		col += cols
		at += depth * t.cols
	}
	return list, at
}

// packRows packs rows [from, to) of the matrix b with leading dimension ld,
// columns from p.col on, into dst.
func (p panel) packRows(dst, b []float32, ld, from, to int) {
	w := p.tile.cols
	for r := from; r < to; r++ {
		out := dst[p.at+r*w:][:w]
		src := b[r*ld+p.col:][:p.cols]
		if p.cols == w {
			copy(out, src)
			continue
		}
		clear(out[copy(out, src):])
	}
}

// packColumns packs rows [from, to) of the transpose of b.
func (p panel) packColumns(dst, b []float32, ld, from, to int) {
	w := p.tile.cols
	for j := range w {
		if j >= p.cols {
			for r := from; r < to; r++ {
				dst[p.at+r*w+j] = 0
			}
			continue
		}
		src := b[(p.col+j)*ld:]
		for r := from; r < to; r++ {
			dst[p.at+r*w+j] = src[r]
		}
	}
}

// packRowsPerItem is how many rows one work item packs.
const packRowsPerItem = 256

// packAll packs the k rows of every panel.
func packAll(dst, b []float32, ld int, trans bool, list []panel, k int) {
	blocks := (k + packRowsPerItem - 1) / packRowsPerItem
	workpool.For(len(list)*blocks, func(i int) {
		p, from := list[i/blocks], i%blocks*packRowsPerItem
		to := min(from+packRowsPerItem, k)
		if trans {
			p.packColumns(dst, b, ld, from, to)
		} else {
			p.packRows(dst, b, ld, from, to)
		}
	})
}
