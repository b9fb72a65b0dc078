package kernels

import "sync"

// maxRows and maxCols bound every tile.
const (
	maxRows = 16
	maxCols = 64
)

// bounce takes a tile at the edge of a matrix, which is narrower or lower
// than the kernel writes.
type bounce struct {
	tile [maxRows * maxCols]float32
	coff [maxRows]int
	aoff [maxRows]int
	tap  int // always 0
	fin  finish
}

// items keeps work items between calls: assembly takes addresses in them, so
// that they cannot lie on the stack.
type items[T any] struct{ pool sync.Pool }

func (p *items[T]) get() *T {
	if t, ok := p.pool.Get().(*T); ok {
		return t
	}
	return new(T)
}

func (p *items[T]) put(t *T) { p.pool.Put(t) }

// rowsOf sets the offsets of rows that lie ld apart.
func (b *bounce) rowsOf(ld int) *int {
	for p := range b.coff {
		b.coff[p] = p * ld
	}
	return &b.coff[0]
}

// copyTo stores, or adds, the first rows of a tile of width w in c, row p at
// coff[p].
func (b *bounce) copyTo(c []float32, coff []int, w, cols int, accumulate bool) {
	for p, at := range coff {
		out, src := c[at:][:cols], b.tile[p*w:][:cols]
		if accumulate {
			for j, v := range src {
				out[j] += v
			}
		} else {
			copy(out, src)
		}
	}
}
