package kernels

import (
	"math"
	"sync"

	"github.com/retort-ml/retort/internal/workpool"
)

// ByteEpilogue is what ConvBytes does to its sums:
//
//	y = relu(scale[o]·sum + bias[o] + residual)
//
// Each part that is nil or false is left out. Where the result is in bytes ReLU is
// set.
type ByteEpilogue struct {
	Scale, Bias  []float32 // [Co]
	Residual     []float32 // [N, OH, OW, Co]
	ByteResidual Bytes     // the same, in 8 bits; nil Data where there is none
	ReLU         bool
}

// ConvBytes computes a convolution of x by w, in float32 where y is given, else in
// bytes into z. An image whose x has no finite values has none in the result.
func ConvBytes(y []float32, z Bytes, x Bytes, w *ByteWeights, s Conv, e ByteEpilogue) {
	if !s.FitsBytes() {
		panic("kernels: ConvBytes: the convolution does not fit")
	}
	checkBytes("ConvBytes", "x", x, s.lenX(), s.N)
	if y != nil {
		wantLen("ConvBytes", "y", y, s.lenY())
	} else {
		checkBytes("ConvBytes", "z", z, s.lenY(), s.N)
	}
	e.check(s)
	c := byteConv{set: active.byteKernels(), s: s, y: y, z: z, x: x, w: w, e: e}
	c.plan()
	defer c.release()
	units := (s.N + c.frame.images - 1) / c.frame.images
	if units >= 2*workpool.Size() {
		workpool.For(units, func(u int) { c.unit(u, false) })
		return
	}
	for u := range units {
		c.unit(u, true)
	}
}

func checkBytes(op, name string, b Bytes, n, images int) {
	if len(b.Data) < n {
		panic("kernels: " + op + ": " + name + " is too short")
	}
	wantLen(op, name+"'s scale", b.Scale, images)
}

func (e ByteEpilogue) check(s Conv) {
	Epilogue{Scale: e.Scale, Bias: e.Bias, Residual: e.Residual}.check(s)
	if e.ByteResidual.Data != nil {
		checkBytes("ConvBytes", "residual", e.ByteResidual, s.lenY(), s.N)
	}
}

// byteConv is a convolution in 8 bits. Its frames, which count quads of bytes, are
// those of the float32 convolution. A unit is the images of a frame, or the image
// that some frames cut: its results in float32 and their largest values are known
// before it becomes bytes.
type byteConv struct {
	set    *byteKernels
	s      Conv
	y      []float32
	z      Bytes
	x      Bytes
	w      *ByteWeights
	e      ByteEpilogue
	quads  Conv // s with quads for channels
	frame  frame
	taps   []int
	depth  int // quads of a tap
	splits int
	scale  []float32
	offset []float32
	aoff   []int
	coff   []int
	table  *buffer[int]
	vector *buffer[float32]
}

func (c *byteConv) plan() {
	q := c.s
	q.Ci /= 4
	c.quads = q
	pixels := min(framePixels, max(byteRows, q.N*q.OH*q.OW/convItems))
	c.frame = frameFor(q, pixels, frameFloats, byteRows)
	panels := (q.Co + 2*byteCols - 1) / (2 * byteCols)
	c.splits = min(panels, max(1, convItems/c.frame.perImage()))
	c.depth = q.Ci
	columns := q.KW
	if q.fused() {
		c.depth, columns = q.Ci*q.KW, 1
	}
	full := c.frame.images * c.frame.bands * q.OW
	c.table = offsets.get(q.KH*columns + 2*full)
	c.taps = c.table.data[:q.KH*columns]
	for i := range c.taps {
		c.taps[i] = i/columns*q.DilH*c.frame.rowPitch() + i%columns*q.DilW*q.Ci
	}
	c.locate(c.table.data[len(c.taps):][:full], c.table.data[len(c.taps)+full:])
	c.vector = floats.get(2 * q.Co)
	c.scale, c.offset = c.vector.data[:q.Co], c.vector.data[q.Co:]
	copy(c.scale, c.w.scale)
	clear(c.offset)
	for o, v := range c.e.Scale[:min(len(c.e.Scale), q.Co)] {
		c.scale[o] *= v
	}
	copy(c.offset, c.e.Bias)
}

func (c *byteConv) release() {
	offsets.put(c.table)
	floats.put(c.vector)
}

// locate sets the offsets of the pixels of a full frame, in x and in y.
func (c *byteConv) locate(aoff, coff []int) {
	f := &c.frame
	for p := range aoff {
		image, rest := p/(f.bands*c.s.OW), p%(f.bands*c.s.OW)
		aoff[p], coff[p] = f.at(p), (image*c.s.OH*c.s.OW+rest)*c.s.Co
	}
	c.aoff, c.coff = aoff, coff
}

// unit computes some images whole.
func (c *byteConv) unit(u int, parallel bool) {
	f, size := &c.frame, c.s.OH*c.s.OW*c.s.Co
	first := u * f.images
	images := min(f.images, c.s.N-first)
	y, splits, each := c.y, 1, func(n int, f func(int)) {
		for i := range n {
			f(i)
		}
	}
	if parallel {
		splits, each = c.splits, workpool.For
	}
	tops := peaks{max: make([]float32, images)}
	if y == nil {
		buf := floats.get(images * size)
		defer floats.put(buf)
		y = buf.data
	} else {
		y = y[first*size:]
	}
	each(f.perImage()*splits, func(i int) { c.item(y, first, u*f.perImage()+i/splits, i%splits, splits, &tops) })
	if c.y != nil {
		c.spoil(y, first, images)
		return
	}
	for i := range images {
		scale, factor := scaleOf(tops.max[i], byteLevels)
		if !c.known(first + i) {
			scale, factor = float32(math.NaN()), 0
		}
		c.z.Scale[first+i] = scale
		c.toBytes(c.z.Data[(first+i)*size:][:size], y[i*size:], factor, each)
	}
}

// bytesPerItem is how many values become bytes at once.
const bytesPerItem = 1 << 16

func (c *byteConv) toBytes(dst []uint8, src []float32, factor float32, each func(int, func(int))) {
	each((len(dst)+bytesPerItem-1)/bytesPerItem, func(i int) {
		from := i * bytesPerItem
		c.set.bytes(&dst[from], &src[from], min(bytesPerItem, len(dst)-from), factor)
	})
}

// known says whether an image has finite values.
func (c *byteConv) known(image int) bool {
	return finite(c.x.Scale[image]) && (c.e.ByteResidual.Data == nil || finite(c.e.ByteResidual.Scale[image]))
}

// spoil makes the results of images without finite values NaN, also where a ReLU
// made them 0.
func (c *byteConv) spoil(y []float32, first, images int) {
	size := c.s.OH * c.s.OW * c.s.Co
	for i := range images {
		if !c.known(first + i) {
			Fill(y[i*size:][:size], float32(math.NaN()))
		}
	}
}

// peaks are the largest values of a unit's images.
type peaks struct {
	mu  sync.Mutex
	max []float32
}
