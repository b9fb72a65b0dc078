package deflate

import "io"

const (
	// blockSize is how much of the input shares one set of codes. Pixels change
	// their statistics from row to row: with 32 KiB views were 1 % larger, with
	// 8 KiB the codes cost what they gain.
	blockSize = 16 << 10
	window    = history + 4*blockSize

	// slack is what matchLength reads behind the last byte, at most.
	slack = maxMatch + 14

	outSize = 64 << 10
	// blockRoom is what a block may write at most, its bytes stored, and what
	// emit touches behind it.
	blockRoom = blockSize + 64
)

type buffer [window + slack]byte

// compressor writes one DEFLATE stream (RFC 1951).
type compressor struct {
	out io.Writer
	err error

	buf   buffer // from history on; buf[from:to] is not compressed yet
	from  int
	to    int
	shift uint16 // a position is its place in buf and shift, modulo 64 Ki

	seen    positions
	seqs    [blockSize/minMatch + 1]seq
	tally   tally
	builder builder
	codes   codes
	header  header
	w       bitWriter
}

func newCompressor(out io.Writer) *compressor {
	// The first position is farther than history from 0, which is what unused
	// places of the table of positions hold.
	c := &compressor{out: out, from: history, to: history, shift: 1}
	c.w.out = make([]byte, 0, outSize)
	return c
}

// write returns how many bytes of p were taken.
func (c *compressor) write(p []byte) (n int, err error) {
	for n < len(p) && c.err == nil {
		if c.to == window {
			c.slide()
		}
		k := copy(c.buf[c.to:c.from+blockSize], p[n:])
		c.to += k
		n += k
		if c.to == c.from+blockSize {
			c.block(false)
		}
	}
	return n, c.err
}

// slide keeps the history of what comes next.
func (c *compressor) slide() {
	const by = window - history
	copy(c.buf[:history], c.buf[by:window])
	c.from -= by
	c.to -= by
	c.shift += by & 0xffff
}

// end writes the last block and fills its last byte.
func (c *compressor) end() {
	c.block(true)
	c.w.align()
}

// raw writes whole bytes between streams.
func (c *compressor) raw(p ...byte) { c.w.out = append(c.w.out, p...) }

func (c *compressor) flush() error {
	if c.err == nil {
		_, c.err = c.out.Write(c.w.out)
	}
	c.w.out = c.w.out[:0]
	return c.err
}

// block compresses what lies in the buffer, in the shortest of the three ways;
// codes that save less than a tenth are not worth it: of photos this is a quarter
// of the blocks and 2 % of the bytes, and what is stored is only copied by who reads.
func (c *compressor) block(last bool) {
	data := c.buf[c.from:c.to]
	c.tally = tally{}
	seqs := c.parse(c.from, c.to)
	c.from = c.to
	c.tally.sum()
	c.codes.fit(&c.builder, &c.tally)
	c.header.plan(&c.builder, &c.codes)

	dynamic := c.header.bits + c.codes.size(&c.tally)
	fixed := fixedCodes.size(&c.tally)
	stored := 8 * (len(data) + 5)
	if cap(c.w.out)-len(c.w.out) < blockRoom {
		_ = c.flush() // the error is kept
	}
	switch {
	case 10*min(dynamic, fixed) > 9*stored:
		c.w.store(data, last)
	case fixed <= dynamic:
		c.w.head(1, last)
		c.w.emit(fixedCodes, data, seqs)
	default:
		c.w.head(2, last)
		c.header.write(&c.w)
		c.w.emit(&c.codes, data, seqs)
	}
}
