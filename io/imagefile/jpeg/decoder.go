package jpeg

import (
	"image"
	"sync"
)

var pool = sync.Pool{New: func() any { return new(Decoder) }}

// maxComponents is what one frame may have.
const maxComponents = 4

// Decoder decodes one image at a time; it is not safe for concurrent use. The
// zero value is ready.
type Decoder struct {
	data     []byte
	pos      int
	infoOnly bool
	info     Info

	// Header state.
	frame      bool // SOF seen
	comps      [maxComponents]component
	n          int // components
	maxH, maxV int
	mcuX, mcuY int
	interval   int // MCUs between restarts, 0 = none
	jfif       bool
	adobe      int // transform of the Adobe marker, -1 = no marker
	quant      [4]quantTable
	dc, ac     [4]*huffman
	tables     tableCache
	scans      int

	// Layout of the output.
	scale int // denominator
	size  int // output samples a block side at full resolution: 8/scale
	rect  image.Rectangle
	mcus  image.Rectangle // MCUs whose pixels are needed
	fancy bool            // some component needs the chroma row below
	color colorSpace
	nextY int // next output row
	dst   []byte

	// Scan state.
	bits    bits
	scan    scan
	pend    pending
	wide    [maxComponents][]byte // upsampled rows
	buffers bool                  // coefficients of the whole image are kept
	skipped [64]int16             // where coefficients outside the region go
}

// component is one colour plane.
type component struct {
	id   byte
	h, v int // sampling factors
	tq   byte
	pred int32 // DC prediction

	size           int // samples a block side comes out as
	width, height  int // real samples at that size
	blockX, blockY int // blocks, padded to whole MCUs
	realX, realY   int // blocks that hold real samples
	expandX        int // output pixels a sample spreads over
	expandY        int
	up             upsampler

	firstBlock, lastBlock int    // block columns kept
	ring                  []byte // rows y live at row y % ringRows
	ringRows              int
	stride                int
	coefs                 []int16    // of the whole image, if buffered
	seen                  [64]int8   // progressive: the bit position reached + 1, 0 = never
	table                 *[64]int16 // dequantisation, captured at the component's first scan
	tableCopy             [64]int16
}

// ringPad is how many samples lie before the first of a ring row.
const ringPad = 32

func (d *Decoder) start(data []byte, infoOnly bool) {
	d.data, d.pos, d.infoOnly = data, 0, infoOnly
	d.info = Info{}
	d.frame, d.n, d.interval, d.jfif, d.adobe, d.scans = false, 0, 0, false, -1, 0
	for i := range d.quant {
		d.quant[i].ok = false
	}
	d.dc, d.ac = [4]*huffman{}, [4]*huffman{}
	d.buffers, d.nextY = false, 0
	d.pend.n = 0
	d.pend.coefs = [2][64]int16{} // a block that failed half-way left some
}

// release forgets the caller's memory.
func (d *Decoder) release() {
	d.data, d.dst = nil, nil
	d.info.Exif = nil
}

// row is row y of a component's ring; index ringPad is the sample at the left
// edge of block column firstBlock.
func (c *component) row(y int) []byte {
	at := y % c.ringRows * c.stride
	return c.ring[at : at+c.stride]
}

func grow(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}
