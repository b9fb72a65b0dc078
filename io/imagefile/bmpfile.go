package imagefile

import (
	"encoding/binary"
	"math/bits"
)

// bmpFile is what the headers of a BMP say.
type bmpFile struct {
	width, height int
	topDown       bool
	depth         int // bits a pixel
	compression   uint32
	masks         [4]uint32 // red, green, blue, alpha of 16, 24 and 32 bits
	colours       []byte    // the colour table
	colourSize    int       // bytes a colour: 3 or 4, blue first
	pixels        int       // where they begin
}

// The kinds of compression.
const (
	bmpRGB, bmpRLE8, bmpRLE4, bmpBitFields, bmpAlphaBitFields = 0, 1, 2, 3, 6
)

func bmpHeader(data []byte, h *header) error {
	b, err := scanBMP(data)
	if err != nil {
		return err
	}
	h.width, h.height = b.width, b.height
	if b.depth <= 8 && len(b.colours) == 0 {
		h.note(NoColourTable)
	}
	if b.runs() {
		return nil
	}
	return plausible(*h, data, int64(h.height-1)*b.stride())
}

// stride is how many bytes a row takes.
func (b *bmpFile) stride() int64 { return (int64(b.width)*int64(b.depth) + 31) / 32 * 4 }

func (b *bmpFile) runs() bool { return b.compression == bmpRLE8 || b.compression == bmpRLE4 }

// scanBMP reads the file's header, where there is one, and the picture's: that
// of OS/2 (12 or up to 64 bytes), of Windows (40), or a longer one.
func scanBMP(data []byte) (*bmpFile, error) {
	r := reader{data: data}
	b := &bmpFile{colourSize: 4}
	start := 0
	if string(data[:2]) == "BM" {
		r.take(10)
		b.pixels, start = int(r.u32()), 14
	}
	size := int(r.u32())
	var colours uint32
	switch {
	case r.short:
	case size == 12:
		b.width, b.height, b.colourSize = int(r.u16()), int(r.u16()), 3
		r.u16()
		b.depth = int(r.u16())
	case size >= 16 && size <= 1<<16:
		head := make([]byte, 64) // what a short header lacks is 0
		copy(head, r.take(size-4))
		colours = b.scanInfo(head, size)
	default:
		return nil, reject(Unsupported, "bmp: a header of %d bytes", size)
	}
	if r.short {
		return nil, reject(Truncated, "bmp: the data ends inside the header")
	}
	if err := b.check(); err != nil {
		return nil, err
	}
	b.readMasks(&r, size)
	if b.depth <= 8 {
		if colours == 0 {
			colours = 1 << b.depth
		}
		if colours > 1<<16 {
			return nil, reject(Corrupt, "bmp: %d colours", colours)
		}
		if b.pixels == start+size { // a table where the pixels should be
			b.pixels = 0
		}
		b.colours = r.take(min(int(colours)*b.colourSize, len(r.rest())))
	}
	if b.pixels == 0 {
		b.pixels = r.at
	}
	return b, nil
}

// scanInfo reads a header of 16 bytes and more.
func (b *bmpFile) scanInfo(head []byte, size int) (colours uint32) {
	le := binary.LittleEndian
	height := int(int32(le.Uint32(head[4:])))
	b.width, b.height, b.topDown = int(int32(le.Uint32(head))), max(height, -height), height < 0
	b.depth, b.compression = int(le.Uint16(head[10:])), le.Uint32(head[12:])
	if size >= 52 && b.compression == bmpBitFields {
		for i := range b.masks[:3] {
			b.masks[i] = le.Uint32(head[36+4*i:])
		}
	}
	if size >= 56 && b.compression == bmpBitFields {
		b.masks[3] = le.Uint32(head[48:])
	}
	return le.Uint32(head[28:])
}

func (b *bmpFile) check() error {
	switch b.compression {
	case bmpRGB:
		switch b.depth {
		case 1, 2, 4, 8, 16, 24, 32:
			return nil
		}
	case bmpRLE8, bmpRLE4:
		if b.depth == 8 || b.depth == 4 {
			return nil
		}
	case bmpBitFields, bmpAlphaBitFields:
		if b.depth == 16 || b.depth == 24 || b.depth == 32 {
			return nil
		}
	}
	return reject(Unsupported, "bmp: %d bits a pixel with compression %d", b.depth, b.compression)
}

// readMasks reads the masks that follow a short header, and gives those that a
// depth has without any. The fourth byte of 32 bits is then no alpha.
func (b *bmpFile) readMasks(r *reader, size int) {
	switch {
	case b.compression == bmpBitFields && size < 52:
		for i := range b.masks[:3] {
			b.masks[i] = r.u32()
		}
	case b.compression == bmpAlphaBitFields:
		for i := range b.masks {
			b.masks[i] = r.u32()
		}
	}
	if b.masks != [4]uint32{} {
		return
	}
	switch {
	case b.depth == 16:
		b.masks = [4]uint32{0x7c00, 0x3e0, 0x1f}
	case b.depth == 32 && b.compression != bmpRGB:
		b.masks = [4]uint32{0xff0000, 0xff00, 0xff, 0xff000000}
	default:
		b.masks = [4]uint32{0xff0000, 0xff00, 0xff}
	}
}

func decodeBMP(data []byte, h header, out *RGB) error {
	b, err := scanBMP(data)
	if err != nil {
		return err
	}
	out.resize(h.width, h.height)
	return b.decode(data[min(b.pixels, len(data)):], b.pixels, out)
}

// decode decodes the pixels, which lie at byte start of their file.
func (b *bmpFile) decode(pixels []byte, start int, out *RGB) error {
	if b.runs() {
		indexes, err := b.unpackRLE(pixels, start)
		if err != nil {
			return err
		}
		for y := range b.height {
			b.indexed(indexes[y*b.width:], 8, b.row(out, y))
		}
		return nil
	}
	stride, need := int(b.stride()), (b.width*b.depth+7)/8
	for y := range b.height {
		at := y * stride
		if at+need > len(pixels) {
			return reject(Truncated, "bmp: %d of %d rows", y, b.height)
		}
		row := pixels[at : at+need]
		if b.depth <= 8 {
			b.indexed(row, b.depth, b.row(out, y))
			continue
		}
		b.masked(row, b.row(out, y))
	}
	return nil
}

// row is where the y-th row of the file goes.
func (b *bmpFile) row(out *RGB, y int) []uint8 {
	if !b.topDown {
		y = b.height - 1 - y
	}
	return out.Pix[3*b.width*y:][:3*b.width]
}

// indexed looks up indexes of so many bits; a missing colour is black, without a
// table they are gray.
func (b *bmpFile) indexed(in []byte, depth int, out []uint8) {
	mask, most := uint(1)<<depth-1, uint(1)<<b.depth-1
	for x := 0; 3*x < len(out); x++ {
		bit := x * depth
		i := uint(in[bit/8]) >> (8 - depth - bit%8) & mask
		at := int(i) * b.colourSize
		switch {
		case at+3 <= len(b.colours):
			put(out[3*x:], b.colours[at+2], b.colours[at+1], b.colours[at])
		case len(b.colours) == 0:
			v := uint8(i * 255 / most)
			put(out[3*x:], v, v, v)
		default:
			put(out[3*x:], 0, 0, 0)
		}
	}
}

// masked takes the colours out of pixels of 16, 24 or 32 bits.
func (b *bmpFile) masked(in []byte, out []uint8) {
	if b.depth >= 24 && b.masks == [4]uint32{0xff0000, 0xff00, 0xff} {
		n := b.depth / 8
		for x := 0; 3*x < len(out); x++ {
			put(out[3*x:], in[n*x+2], in[n*x+1], in[n*x])
		}
		return
	}
	var shift [4]int
	var most [4]uint64
	for c, m := range b.masks {
		shift[c] = bits.TrailingZeros32(m) & 31
		most[c] = uint64(m >> shift[c])
	}
	for x := 0; 3*x < len(out); x++ {
		var v uint32
		for i := b.depth/8 - 1; i >= 0; i-- {
			v = v<<8 | uint32(in[x*b.depth/8+i])
		}
		p := [4]uint8{3: 255}
		for c, m := range b.masks {
			if m != 0 {
				p[c] = uint8(uint64(v&m>>shift[c]) * 255 / most[c])
			}
		}
		put(out[3*x:], over(p[0], p[3]), over(p[1], p[3]), over(p[2], p[3]))
	}
}

// unpackRLE unpacks runs of indexes, row after row as they lie in the file.
// Pixels that no run gives are 0, as in Pillow.
func (b *bmpFile) unpackRLE(in []byte, start int) ([]byte, error) {
	out := make([]byte, b.width*b.height)
	r := reader{data: in}
	half := b.compression == bmpRLE4
	x := 0
	for at := 0; at < len(out); {
		n, value := int(r.u8()), r.u8()
		switch {
		case r.short:
			return nil, reject(Truncated, "bmp: %d of %d pixels", at, len(out))
		case n > 0:
			n = min(n, max(0, b.width-x), len(out)-at)
			for i := range n {
				out[at+i] = runValue(value, i, half)
			}
			at, x = at+n, x+n
		case value == 0: // the row ends
			at = min(len(out), (at+b.width-1)/b.width*b.width)
			x = 0
		case value == 1: // all ends
			return out, nil
		case value == 2:
			dx, dy := int(r.u8()), int(r.u8())
			at = min(len(out), at+dx+dy*b.width)
			x = at % b.width
		default:
			n = min(int(value), len(out)-at)
			size := n
			if half {
				size = (n + 1) / 2
			}
			literal := r.take(size)
			if literal == nil {
				return nil, reject(Truncated, "bmp: %d of %d pixels", at, len(out))
			}
			for i := range n {
				if half {
					out[at+i] = runValue(literal[i/2], i, true)
				} else {
					out[at+i] = literal[i]
				}
			}
			at, x = at+n, x+int(value)
			r.take((start + r.at) & 1)
		}
	}
	return out, nil
}

// runValue is the i-th pixel of a run: with two in a byte the upper half first.
func runValue(v uint8, i int, half bool) uint8 {
	switch {
	case !half:
		return v
	case i%2 == 0:
		return v >> 4
	}
	return v & 15
}
