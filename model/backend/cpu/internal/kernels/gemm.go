package kernels

import (
	"cmp"
	"fmt"

	"github.com/retort-ml/retort/internal/workpool"
)

// Matrix is an operand of Gemm, row by row.
type Matrix struct {
	Data   []float32
	LD     int  // leading dimension: from a row to the next
	Stride int  // from a matrix of a batch to the next; 0 in an input: all share one
	Trans  bool // an input is stored transposed
}

// Product is the size of a product: op(a) is [M, K], op(b) is [K, N].
type Product struct {
	M, N, K    int
	Batch      int  // how many matrices; 0 is 1
	Accumulate bool // add to c
}

// Gemm computes c = op(a)·op(b), or c += op(a)·op(b), for a batch of matrices.
//
// c is [M, N] with a leading dimension of at least N, and not transposed. a is
// [M, K], or [K, M] if transposed; b is [K, N], or [N, K]. With K = 0 the product
// is zero. c may not overlap a or b.
func Gemm(c, a, b Matrix, p Product) {
	m, n, k, batch := p.M, p.N, p.K, cmp.Or(p.Batch, 1)
	if m < 0 || n < 0 || k < 0 || batch < 0 || c.Trans {
		panic(fmt.Sprintf("kernels: Gemm: %+v, c transposed: %v; want nothing negative, and false", p, c.Trans))
	}
	if m == 0 || n == 0 {
		return
	}
	c.check("c", m, n, batch)
	a.check("a", m, k, batch)
	b.check("b", k, n, batch)
	g := gemm{isa: active, m: m, n: n, k: k, ldc: c.LD, strideC: c.Stride, lda: a.LD, strideA: a.Stride,
		ldb: b.LD, strideB: b.Stride, transA: a.Trans, transB: b.Trans, accumulate: p.Accumulate, c: c.Data, a: a.Data, b: b.Data}
	if b.Stride == 0 && !a.Trans && c.Stride == m*c.LD && a.Stride == m*a.LD { // one tall product
		g.m, batch = m*batch, 1
	}
	g.run(batch)
}

func (x Matrix) check(name string, rows, cols, batch int) {
	if x.Trans {
		rows, cols = cols, rows
	}
	if x.LD < cols && rows > 1 {
		panic(fmt.Sprintf("kernels: Gemm: leading dimension of %s is %d; want at least %d", name, x.LD, cols))
	}
	wantLen("Gemm", name, x.Data, (batch-1)*x.Stride+matrixLen(rows, cols, x.LD))
}

// gemm is one call: its operands, and how they are cut into blocks.
type gemm struct {
	*isa
	m, n, k                   int
	c, a, b                   []float32
	ldc, strideC              int
	lda, strideA              int
	ldb, strideB              int
	transA, transB            bool
	accumulate                bool
	panels                    []panel
	packed                    []float32
	packedLen                 int // of one matrix of b; 0 if they share one
	blockRows, blocks, splits int
}

const (
	gemmDepth     = 384     // rows of b a tile runs over before c is written: a's rows stay in L1
	gemmRows      = 120     // rows of a that stay in L2
	gemmItems     = 32      // pieces a product is cut into, if it is large enough
	gemmMaxPacked = 1 << 24 // floats of b packed at once
)

func (g *gemm) run(batch int) {
	var panels int
	g.panels, panels = g.isa.panels(nil, g.n, g.k, 0)
	together := batch
	if g.strideB != 0 {
		g.packedLen = panels
		together = min(batch, max(1, gemmMaxPacked/max(panels, 1)))
		panels *= together
	}
	buf := floats.get(panels)
	defer floats.put(buf)
	g.packed = buf.data
	g.cut()
	for first := 0; first < batch; first += together {
		g.pack(first, min(first+together, batch))
		g.multiply(first, min(first+together, batch))
	}
}

// cut chooses the blocks, by shape alone.
func (g *gemm) cut() {
	g.blockRows = min(gemmRows, (g.m+g.rows-1)/g.rows*g.rows)
	g.blocks = (g.m + g.blockRows - 1) / g.blockRows
	g.splits = min(len(g.panels), max(1, gemmItems/g.blocks))
}

func (g *gemm) pack(from, to int) {
	if g.packedLen == 0 {
		to = from + 1
	}
	for i := from; i < to; i++ {
		packAll(g.packed[(i-from)*g.packedLen:], g.b[i*g.strideB:], g.ldb, g.transB, g.panels, g.k)
	}
}

func (g *gemm) multiply(from, to int) {
	perMatrix := g.blocks * g.splits
	workpool.For((to-from)*perMatrix, func(i int) {
		matrix, block, split := i/perMatrix, i%perMatrix/g.splits, i%g.splits
		b := gemmPool.get()
		defer gemmPool.put(b)
		b.gemm, b.row = g, block*g.blockRows
		b.c, b.a = g.c[(from+matrix)*g.strideC:], g.a[min((from+matrix)*g.strideA, len(g.a)):]
		b.packed = g.packed[matrix*g.packedLen:]
		b.panels = g.panels[split*len(g.panels)/g.splits : (split+1)*len(g.panels)/g.splits]
		b.rows = min(g.blockRows, g.m-b.row)
		b.run()
		b.gemm, b.c, b.a, b.packed, b.panels = nil, nil, nil, nil, nil
	})
}

// gemmBlock is a block of rows of c over some panels: one work item.
type gemmBlock struct {
	*gemm
	c, a, packed []float32
	panels       []panel
	row, rows    int
	bounce       bounce
}

var gemmPool items[gemmBlock]

func (b *gemmBlock) run() {
	if b.k == 0 {
		b.clear()
		return
	}
	for k := 0; k < b.k; k += gemmDepth {
		depth := min(gemmDepth, b.k-k)
		accumulate := b.accumulate || k > 0
		for _, p := range b.panels {
			for r := 0; r < b.rows; r += b.isa.rows {
				if b.transA {
					b.outerTile(p, r, k, depth, accumulate)
				} else {
					b.gatherTile(p, r, k, depth, accumulate)
				}
			}
		}
	}
}

func (b *gemmBlock) clear() {
	if b.accumulate {
		return
	}
	for r := range b.rows {
		for _, p := range b.panels {
			clear(b.c[(b.row+r)*b.ldc+p.col:][:p.cols])
		}
	}
}

// gatherTile computes a tile from rows of a.
func (b *gemmBlock) gatherTile(p panel, r, k, depth int, accumulate bool) {
	rows := min(b.isa.rows, b.rows-r)
	a := b.a[(b.row+r)*b.lda+k:]
	for i := range b.isa.rows {
		b.bounce.aoff[i] = min(i, rows-1) * b.lda
	}
	b.tile(p, b.row+r, rows, accumulate, func(c *float32, coff *int, acc int) {
		p.tile.gather(c, coff, &a[0], &b.bounce.aoff[0], &b.bounce.tap, 1, depth, &b.packed[p.at+k*p.tile.cols], acc, nil)
	})
}

// outerTile computes a tile from columns of a, through a copy where a tile
// would read past the end of a column.
func (b *gemmBlock) outerTile(p panel, r, k, depth int, accumulate bool) {
	rows := min(b.isa.rows, b.rows-r)
	a, step, at := b.a[k*b.lda:], b.lda, b.row+r
	if rows < b.isa.rows {
		buf := floats.get(depth * b.isa.rows)
		defer floats.put(buf)
		for i := range depth {
			dst := buf.data[i*b.isa.rows:][:b.isa.rows]
			clear(dst[copy(dst, a[i*b.lda+at:][:rows]):])
		}
		a, step, at = buf.data, b.isa.rows, 0
	}
	b.tile(p, b.row+r, rows, accumulate, func(c *float32, coff *int, acc int) {
		p.tile.outer(c, coff, &a[at], &b.bounce.tap, 1, depth, step, &b.packed[p.at+k*p.tile.cols], p.tile.cols, acc)
	})
}

// tile runs the kernel on c itself, or on the bounce tile at an edge.
func (b *gemmBlock) tile(p panel, row, rows int, accumulate bool, kernel func(c *float32, coff *int, acc int)) {
	if rows == b.isa.rows && p.cols == p.tile.cols {
		acc := 0
		if accumulate {
			acc = 1
		}
		kernel(&b.c[row*b.ldc+p.col], b.bounce.rowsOf(b.ldc), acc)
		return
	}
	kernel(&b.bounce.tile[0], b.bounce.rowsOf(p.tile.cols), 0)
	for i := range rows {
		b.bounce.coff[i] = i * b.ldc
	}
	b.bounce.copyTo(b.c[row*b.ldc+p.col:], b.bounce.coff[:rows], p.tile.cols, p.cols, accumulate)
}
