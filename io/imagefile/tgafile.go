package imagefile

import (
	"encoding/binary"
	"slices"
)

// tgaFile is the header of a Targa.
type tgaFile struct {
	width, height  int
	kind           uint8 // 1 indexes, 2 colours, 3 gray
	runs           bool
	depth          int // bits a pixel
	upward, mirror bool
	colours        [][4]uint8 // with alpha
	pixels         []byte
	opaque         bool // what looks like alpha is none
}

func tgaHeader(data []byte, h *header) error {
	t, err := scanTGA(data)
	if err != nil {
		return err
	}
	h.width, h.height = t.width, t.height
	if t.runs { // a packet has up to 128 pixels
		return plausible(*h, data, int64(h.width)*int64(h.height)/128)
	}
	return plausible(*h, data, int64(h.width)*int64(h.height)*int64(t.depth)/8)
}

func scanTGA(data []byte) (*tgaFile, error) {
	if len(data) < 18 {
		return nil, reject(Truncated, "tga: the data ends inside the header")
	}
	le := binary.LittleEndian
	t := &tgaFile{width: int(le.Uint16(data[12:])), height: int(le.Uint16(data[14:])), kind: data[2] &^ 8, runs: data[2]&8 != 0,
		depth: int(data[16]), upward: data[17]&0x20 == 0, mirror: data[17]&0x10 != 0}
	r := reader{data: data, at: 18}
	r.take(int(data[0]))
	if data[1] == 1 {
		t.readColours(r.take(int(le.Uint16(data[5:]))*((int(data[7])+7)/8)), min(int(le.Uint16(data[3:])), 256), int(data[7]))
	}
	switch {
	case r.short:
		return nil, reject(Truncated, "tga: the data ends inside the header")
	case t.kind == 1 && (t.depth != 8 || data[1] != 1), t.kind == 2 && t.depth < 15, t.kind == 3 && t.depth != 8 && t.depth != 16:
		return nil, reject(Unsupported, "tga: kind %d with %d bits a pixel", t.kind, t.depth)
	}
	t.pixels, t.opaque = r.rest(), t.kind == 2 && noAlpha(data)
	return t, nil
}

// readColours reads the colour table, whose first colours, not in the file, are
// 0 in all bits.
func (t *tgaFile) readColours(table []byte, first, bits int) {
	size := (bits + 7) / 8
	table = slices.Concat(make([]byte, first*size), table)
	for ; t.kind == 1 && len(table) >= size && len(t.colours) < 256; table = table[size:] {
		t.colours = append(t.colours, tgaColour(table, bits))
	}
}

// noAlpha looks into the extension that the second version of the format may end
// with.
func noAlpha(data []byte) bool {
	const footer, attributes = 26, 494
	if len(data) < footer || string(data[len(data)-18:]) != "TRUEVISION-XFILE.\x00" {
		return false
	}
	at := uint64(binary.LittleEndian.Uint32(data[len(data)-footer:]))
	return at > 0 && at+attributes < uint64(len(data)) && data[at+attributes] == 0
}

// tgaColour is a colour of 15, 16, 24 or 32 bits, blue first. The highest of 16
// makes it transparent.
func tgaColour(p []byte, bits int) [4]uint8 {
	if bits > 16 {
		c := [4]uint8{p[2], p[1], p[0], 255}
		if bits == 32 {
			c[3] = p[3]
		}
		return c
	}
	v := int(binary.LittleEndian.Uint16(p))
	c := [4]uint8{uint8(v >> 10 & 31 * 255 / 31), uint8(v >> 5 & 31 * 255 / 31), uint8(v & 31 * 255 / 31), 255}
	if bits == 16 && v>>15 != 0 {
		c[3] = 0
	}
	return c
}

// pixel is the colour that the bytes of one pixel mean.
func (t *tgaFile) pixel(p []byte) [4]uint8 {
	switch t.kind {
	case 1:
		if int(p[0]) < len(t.colours) {
			return t.colours[p[0]]
		}
		return [4]uint8{3: 255}
	case 3:
		if t.depth == 16 {
			return [4]uint8{p[0], p[0], p[0], p[1]}
		}
		return [4]uint8{p[0], p[0], p[0], 255}
	}
	return tgaColour(p, t.depth)
}

func decodeTGA(data []byte, h header, out *RGB) error {
	t, err := scanTGA(data)
	if err != nil {
		return err
	}
	out.resize(h.width, h.height)
	r := reader{data: t.pixels}
	size := (t.depth + 7) / 8
	for i, n := 0, t.width*t.height; i < n; {
		count, repeat := n, false
		if t.runs {
			packet := r.u8()
			count, repeat = int(packet&127)+1, packet&128 != 0
		}
		var colour [4]uint8
		for k := range min(count, n-i) {
			if k == 0 || !repeat {
				p := r.take(size)
				if p == nil {
					return reject(Truncated, "tga: %d of %d pixels", i, n)
				}
				colour = t.pixel(p)
			}
			t.set(out, i, colour)
			i++
		}
	}
	return nil
}

// set puts the i-th pixel of the file where it belongs.
func (t *tgaFile) set(out *RGB, i int, c [4]uint8) {
	if t.opaque {
		c[3] = 255
	}
	x, y := i%t.width, i/t.width
	if t.mirror {
		x = t.width - 1 - x
	}
	if t.upward {
		y = t.height - 1 - y
	}
	put(out.Pix[3*(y*t.width+x):], over(c[0], c[3]), over(c[1], c[3]), over(c[2], c[3]))
}

// tgaHead: a Targa has no magic bytes, but its header's fields agree.
func tgaHead(head []byte) bool {
	if len(head) < 18 || head[17]&0xc0 != 0 || word(head[12:]) == 0 || word(head[14:]) == 0 {
		return false
	}
	mapped := head[1] == 1 && (head[7] == 15 || head[7] == 16 || head[7] == 24 || head[7] == 32)
	switch depth := head[16]; head[2] &^ 8 {
	case 1:
		return mapped && depth == 8
	case 2:
		return (head[1] == 0 || mapped) && (depth == 15 || depth == 16 || depth == 24 || depth == 32)
	case 3:
		return (head[1] == 0 || mapped) && (depth == 8 || depth == 16)
	}
	return false
}
