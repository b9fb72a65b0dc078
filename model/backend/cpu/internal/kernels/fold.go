package kernels

import "github.com/retort-ml/retort/internal/workpool"

var doubles scratch[float64]

// fold views [rows, cols] with few columns as fewer, wider rows, so that
// vectors are full and sums have many accumulators, and cuts it into blocks
// that stay in cache.
type fold struct {
	rows, cols int
	times      int // rows folded into one
	width      int // times · cols
	blockRows  int // rows of a block, a multiple of times
	blocks     int
}

const (
	foldWidth = 512     // floats
	foldBlock = 1 << 15 // floats: 128 KiB
)

func (f fold) cut() fold {
	if f.rows == 0 || f.cols == 0 {
		f.rows = 0
		f.times, f.width, f.blockRows = 1, f.cols, 1
		return f
	}
	f.times = max(1, foldWidth/f.cols)
	f.width = f.times * f.cols
	f.blockRows = max(1, foldBlock/f.width) * f.times
	f.blocks = (f.rows + f.blockRows - 1) / f.blockRows
	return f
}

// block is a range of rows.
type block struct {
	*fold
	index    int
	from, to int // rows
}

func (f *fold) each(work func(b block)) {
	workpool.For(f.blocks, func(i int) {
		work(block{fold: f, index: i, from: i * f.blockRows, to: min((i+1)*f.blockRows, f.rows)})
	})
}

// run calls kernel on the whole folded rows of the block and then on the rest:
// n elements a row from index at.
func (b block) run(kernel func(at, n, rows int)) {
	if whole := (b.to - b.from) / b.times; whole > 0 {
		kernel(b.from*b.cols, b.width, whole)
	}
	if rest := (b.to - b.from) % b.times; rest > 0 {
		kernel((b.to-rest)*b.cols, rest*b.cols, 1)
	}
}

// narrow sums the folds of acc.
func (f *fold) narrow(dst []float64, acc []float32) {
	clear(dst)
	for t := range f.times {
		for c, v := range acc[t*f.cols:][:f.cols] {
			dst[c] += float64(v)
		}
	}
}

// combine sums the blocks' partial sums in order.
func (f *fold) combine(dst, partials []float64) {
	clear(dst)
	for i := range f.blocks {
		for c, v := range partials[i*f.cols:][:f.cols] {
			dst[c] += v
		}
	}
}

// widen repeats the per-channel values v over the folded width.
func (f *fold) widen(dst, v []float32) []float32 {
	for t := range f.times {
		copy(dst[t*f.cols:], v[:f.cols])
	}
	return dst
}
