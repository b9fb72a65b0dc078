package jpeg

import (
	"image"
	"sync"
)

var pool = sync.Pool{New: func() any { return new(Decoder) }}

// maxComponents is what one frame may have.
const maxComponents = 4

// maxParts is how many parts of an image are decoded at once: one at each scale.
const maxParts = 4

// Decoder decodes one image at a time; it is not safe for concurrent use. The
// zero value is ready.
type Decoder struct {
	// Ink says that four components are inks, 255 the most, as in TIFF; a JPEG
	// on its own has them inverted.
	Ink bool
	// Plain repeats chroma samples instead of interpolating them.
	Plain bool

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

	color colorSpace
	outs  []output // the parts wanted
	parts [1]Part  // of DecodeRegion

	// Scan state.
	bits    bits
	scan    scan
	units   []unit
	runs    bool // MCUs are decoded in runs
	run     run
	buffers bool      // coefficients of the whole image are kept
	skipped [64]int16 // where coefficients outside the region go
}

// component is one colour plane.
type component struct {
	id   byte
	h, v int // sampling factors
	tq   byte
	pred int32 // DC prediction

	blockX, blockY int // blocks, padded to whole MCUs
	realX, realY   int // blocks that hold real samples

	coefs     []int16    // of the whole image, if buffered
	seen      [64]int8   // progressive: the bit position reached + 1, 0 = never
	table     *[64]int16 // dequantisation, captured at the component's first scan
	tableCopy [64]int16
}

// output is one part of the image at one scale, as it is being made.
type output struct {
	scale   int // denominator
	size    int // output samples a block side at full resolution: 8/scale
	rect    image.Rectangle
	mcus    image.Rectangle // MCUs whose pixels are needed
	halved  bool            // halvedRow makes the rows
	fancy   bool            // some component needs the chroma row below
	nextY   int             // next output row
	dst     []byte
	means   bool // a plane shows its blocks' means only
	rowwise bool // runs are transformed by rows of whole blocks
	pend    pending
	planes  [maxComponents]plane
}

// plane is a component in an output.
type plane struct {
	size             int // samples a block side comes out as
	width, height    int // real samples at that size
	expandX, expandY int // output pixels a sample spreads over
	up               upsampler

	firstBlock, lastBlock int    // block columns kept
	toEdge                bool   // the last of them is the image's last
	ring                  []byte // rows y live at row y % ringRows
	ringRows              int
	stride                int
	wide                  []byte // an upsampled row
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
	d.buffers = false
}

// release forgets the caller's memory.
func (d *Decoder) release() {
	d.data, d.bits.src, d.parts = nil, nil, [1]Part{}
	for i := range d.outs {
		d.outs[i].dst = nil
	}
	d.info.Exif, d.info.XMP = nil, nil
}

// row is row y of the ring; index ringPad is the sample at the left
// edge of block column firstBlock.
func (p *plane) row(y int) []byte {
	at := int(uint32(y)%uint32(p.ringRows)) * p.stride
	return p.ring[at : at+p.stride]
}

func grow(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}
