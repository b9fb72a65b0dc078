package kernels

import "github.com/retort-ml/retort/internal/workpool"

// partialSums are those of the chunks that a sum over a batch is cut into.
type partialSums struct {
	total  []float32
	chunks int
	buf    *buffer[float32] // the chunks' own; nil with one chunk
}

// begin gets memory for chunks, end gives it back.
func (p *partialSums) begin(total []float32, chunks int) {
	p.total, p.chunks = total, chunks
	if chunks > 1 {
		p.buf = floats.get(chunks * len(total))
	}
}

func (p *partialSums) end() {
	if p.buf != nil {
		floats.put(p.buf)
	}
}

// of is where the sum of a chunk goes.
func (p *partialSums) of(chunk int) []float32 {
	if p.buf == nil {
		return p.total
	}
	return p.buf.data[chunk*len(p.total):][:len(p.total)]
}

// add adds the sums of the chunks in order.
func (p *partialSums) add() {
	if p.buf == nil {
		return
	}
	const strip = 4096
	n, sums := len(p.total), p.buf.data
	workpool.For((n+strip-1)/strip, func(i int) {
		from, to := i*strip, min((i+1)*strip, n)
		out := p.total[from:to]
		copy(out, sums[from:to])
		for c := 1; c < p.chunks; c++ {
			Add(out, out, sums[c*n+from:c*n+to])
		}
	})
}
