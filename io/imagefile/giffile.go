package imagefile

import (
	"encoding/binary"
	"image"
)

// gifFile is what is known of a GIF before the pixels of its first frame.
type gifFile struct {
	canvas      image.Point
	frame       image.Rectangle
	interlaced  bool
	colours     []byte // the frame's colour table, three bytes a colour; nil if there is none
	transparent int    // the index that is, -1 for none
	data        []byte // the code size, and the blocks of codes
}

func gifHeader(data []byte, h *header) error {
	g, err := scanGIF(data)
	if err != nil {
		return err
	}
	h.width, h.height = g.canvas.X, g.canvas.Y
	if g.colours == nil {
		h.note(NoColourTable)
	}
	return nil
}

// scanGIF goes through a GIF up to the first frame. As in Pillow a frame that
// reaches beyond the canvas makes it larger.
func scanGIF(data []byte) (g gifFile, err error) {
	r := reader{data: data, at: 6}
	g.transparent = -1
	g.canvas = image.Pt(int(r.u16()), int(r.u16()))
	if flags := r.take(3); flags != nil && flags[0]&0x80 != 0 {
		g.colours = r.take(3 << (1 + flags[0]&7))
	}
	for {
		switch kind := r.u8(); {
		case r.short:
			return g, reject(Truncated, "gif: the data ends before the image does")
		case kind == '!':
			g.extension(&r)
		case kind == ',':
			g.descriptor(&r)
			if r.short || len(g.data) == 0 {
				return g, reject(Truncated, "gif: the data ends before the image does")
			}
			return g, nil
		case kind == ';':
			return g, reject(Corrupt, "gif: no image before the end")
		}
	}
}

// extension steps over an extension, but for the index that is transparent.
func (g *gifFile) extension(r *reader) {
	kind := r.u8()
	for first := true; ; first = false {
		block := r.take(int(r.u8()))
		if len(block) == 0 {
			return
		}
		if kind == 0xf9 && first && len(block) >= 4 && block[0]&1 != 0 {
			g.transparent = int(block[3])
		}
	}
}

func (g *gifFile) descriptor(r *reader) {
	x, y := int(r.u16()), int(r.u16())
	g.frame = image.Rect(x, y, x+int(r.u16()), y+int(r.u16()))
	flags := r.u8()
	g.interlaced = flags&0x40 != 0
	if flags&0x80 != 0 {
		g.colours = r.take(3 << (1 + flags&7))
	}
	g.canvas.X, g.canvas.Y = max(g.canvas.X, g.frame.Max.X), max(g.canvas.Y, g.frame.Max.Y)
	g.data = r.rest()
}

// decodeGIF decodes the first frame. The canvas around it is what is
// transparent, and where nothing is the first colour.
func decodeGIF(data []byte, h header, out *RGB) error {
	g, err := scanGIF(data)
	if err != nil {
		return err
	}
	var table [256][3]uint8 // a missing colour is black
	for i := range table {
		switch {
		case i == g.transparent:
			table[i] = [3]uint8{255, 255, 255}
		case g.colours == nil:
			table[i] = [3]uint8{uint8(i), uint8(i), uint8(i)}
		case 3*i+3 <= len(g.colours):
			table[i] = [3]uint8(g.colours[3*i:])
		}
	}
	w, rows := g.frame.Dx(), g.frame.Dy()
	pixels := make([]uint8, w*rows)
	if err := unpackGIF(g.data, pixels); err != nil {
		return err
	}
	out.resize(h.width, h.height)
	fill(out, table[max(g.transparent, 0)])
	for i := range rows {
		y := i
		if g.interlaced {
			y = interlacedRow(i, rows)
		}
		row := out.Pix[3*((y+g.frame.Min.Y)*out.Width+g.frame.Min.X):]
		for x, index := range pixels[i*w : i*w+w] {
			copy(row[3*x:3*x+3], table[index][:])
		}
	}
	return nil
}

func fill(out *RGB, colour [3]uint8) {
	for i := 0; i < len(out.Pix); i += 3 {
		copy(out.Pix[i:i+3], colour[:])
	}
}

// interlacedRow is where the i-th row in the file stands in the picture: every
// 8th, the 4th between, the 2nd between, and the rest.
func interlacedRow(i, rows int) int {
	for _, pass := range [4][2]int{{0, 8}, {4, 8}, {2, 4}, {1, 2}} {
		n := max(0, (rows-pass[0]+pass[1]-1)/pass[1])
		if i < n {
			return pass[0] + i*pass[1]
		}
		i -= n
	}
	return rows - 1
}

// unpackGIF unpacks codes of variable length (LZW) into pixels. What follows the
// last of them does not matter.
func unpackGIF(data, pixels []uint8) error {
	bits := uint(data[0])
	if bits > 11 {
		return reject(Corrupt, "gif: codes of %d bits", bits)
	}
	var (
		prefix       [4096]uint16
		suffix, rest [4096]uint8
		clear, end   = 1 << bits, 1<<bits + 1
		next, size   = end + 1, bits + 1
		last         = -1
		first        uint8
		codes        = blocks{data: data[1:]}
	)
	for at := 0; at < len(pixels); {
		code, ok := codes.read(size)
		switch {
		case !ok || code == end:
			return reject(Truncated, "gif: %d of %d pixels", at, len(pixels))
		case code == clear:
			next, size, last = end+1, bits+1, -1
			continue
		case code > next, code == next && last < 0, last < 0 && code > clear:
			return reject(Corrupt, "gif: a code that cannot be")
		}
		n, c := len(rest), code
		if code == next { // the last text and its own first byte
			n, c = n-1, last
			rest[n] = first
		}
		for ; c > end; c = int(prefix[c]) {
			n--
			rest[n] = suffix[c]
		}
		n--
		first = uint8(c)
		rest[n] = first
		at += copy(pixels[at:], rest[n:])
		if last >= 0 && next < 4096 {
			prefix[next], suffix[next] = uint16(last), first
			if next++; next == 1<<size && size < 12 {
				size++
			}
		}
		last = code
	}
	return nil
}

// blocks reads codes out of blocks of up to 255 bytes.
type blocks struct {
	data  []byte
	block []byte
	bits  uint32
	n     uint
}

func (b *blocks) read(size uint) (code int, ok bool) {
	for b.n < size {
		if len(b.block) == 0 {
			if len(b.data) < 2 || b.data[0] == 0 {
				return 0, false
			}
			n := min(int(b.data[0]), len(b.data)-1)
			b.block, b.data = b.data[1:1+n], b.data[1+n:]
		}
		b.bits |= uint32(b.block[0]) << b.n
		b.n += 8
		b.block = b.block[1:]
	}
	code = int(b.bits & (1<<size - 1))
	b.bits >>= size
	b.n -= size
	return code, true
}

// reader takes numbers off encoded bytes, little end first; short says that they
// ended before.
type reader struct {
	data  []byte
	at    int
	short bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || r.at > len(r.data) || n > len(r.data)-r.at {
		r.at, r.short = len(r.data), true
		return nil
	}
	r.at += n
	return r.data[r.at-n : r.at : r.at]
}

func (r *reader) u8() uint8 {
	if p := r.take(1); p != nil {
		return p[0]
	}
	return 0
}

func (r *reader) u16() uint16 {
	if p := r.take(2); p != nil {
		return binary.LittleEndian.Uint16(p)
	}
	return 0
}

func (r *reader) u32() uint32 {
	if p := r.take(4); p != nil {
		return binary.LittleEndian.Uint32(p)
	}
	return 0
}

func (r *reader) rest() []byte { return r.data[min(r.at, len(r.data)):] }
