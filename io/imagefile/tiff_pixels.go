package imagefile

import (
	"github.com/retort-ml/retort/io/imagefile/jpeg"
)

// decodeTIFF decodes the first page.
func decodeTIFF(data []byte, h header, out *RGB) error {
	t, err := scanTIFF(data)
	if err != nil {
		return err
	}
	out.resize(h.width, h.height)
	if t.compression == tiffOldJPEG {
		return t.oldJPEG(out)
	}
	c := &tiffCanvas{tiffFile: t, out: out, kept: t.colours}
	if t.alpha != 0 {
		c.kept++
	}
	if t.planar {
		c.planes = make([]uint8, t.width*t.height*c.kept)
	}
	per := t.across * t.down
	for i := range per * t.planes() {
		plane, k := i/per, i%per
		if plane >= c.kept {
			break
		}
		if err := c.chunk(i, plane, k%t.across*t.chunkW, k/t.across*t.chunkH); err != nil {
			return err
		}
	}
	for y := 0; t.planar && y < t.height; y++ {
		n := t.width * c.kept
		c.colour(c.planes[y*n:][:n], c.kept, out.Pix[3*t.width*y:][:3*t.width])
	}
	return nil
}

// tiffCanvas takes the chunks. Samples that lie in planes are gathered first.
type tiffCanvas struct {
	*tiffFile
	out    *RGB
	kept   int // samples a pixel: colours and alpha
	planes []uint8
	bytes  []byte
	row    []uint8
}

// chunk unpacks chunk i, whose first pixel is (x0, y0).
func (c *tiffCanvas) chunk(i, plane, x0, y0 int) error {
	rows, cols := min(c.chunkH, c.height-y0), min(c.chunkW, c.width-x0)
	full := rows
	if c.tiled {
		full = c.chunkH
	}
	if c.compression == tiffJPEG {
		return c.jpegChunk(i, plane, x0, y0, cols, rows)
	}
	if c.subX > 1 || c.subY > 1 {
		return c.sampledChunk(i, x0, y0, cols, rows, full)
	}
	size := c.rowBytes(c.chunkW)
	c.bytes = sized(c.bytes, int64(size*full))
	if err := c.unpack(c.stored(i, size*full), c.bytes, full); err != nil {
		return err
	}
	n := c.samples / c.tiffFile.planes()
	for y := range rows {
		row := c.bytes[y*size:][:size]
		switch {
		case c.predictor == 2 && c.bits >= 8:
			c.predict(row)
		case c.predictor != 1:
			return c.unsupported("predictor %d of %d bits", c.predictor, c.bits)
		}
		c.place(c.eight(row, cols*n), n, plane, x0, y0+y)
	}
	return nil
}

// place puts a row of 8-bit samples, n a pixel, where it belongs.
func (c *tiffCanvas) place(samples []uint8, n, plane, x0, y int) {
	if !c.planar {
		c.colour(samples, n, c.out.Pix[3*(y*c.width+x0):][:len(samples)/n*3])
		return
	}
	to := c.planes[(y*c.width+x0)*c.kept+plane:]
	for x, v := range samples {
		to[x*c.kept] = v
	}
}

// eight is a row's samples in 8 bits; indexes stay what they are.
func (c *tiffCanvas) eight(row []byte, n int) []uint8 {
	if c.bits == 8 {
		return row[:n]
	}
	c.row = sized(c.row, int64(n))
	if c.bits == 16 {
		for i := range c.row {
			if v := c.order.Uint16(row[2*i:]); c.alpha == 1 {
				c.row[i] = uint8(v >> 8)
			} else {
				c.row[i] = narrow(uint32(v))
			}
		}
		return c.row
	}
	most := uint8(1)<<c.bits - 1
	factor := 255 / most
	if c.photometric == paletteSamples {
		factor = 1
	}
	for i := range c.row {
		bit := i * c.bits
		c.row[i] = row[bit/8] >> (8 - c.bits - bit%8) & most * factor
	}
	return c.row
}

// colour makes RGB of samples, n a pixel.
func (c *tiffCanvas) colour(in []uint8, n int, out []uint8) {
	for x := 0; 3*x < len(out); x++ {
		p, q := in[n*x:n*x+n], out[3*x:3*x+3]
		switch c.photometric {
		case whiteIsZero:
			put(q, 255-p[0], 255-p[0], 255-p[0])
		case blackIsZero:
			put(q, p[0], p[0], p[0])
		case paletteSamples:
			i, size := int(p[0]), len(c.palette)/3
			put(q, uint8(c.palette[i]>>8), uint8(c.palette[i+size]>>8), uint8(c.palette[i+2*size]>>8))
		case rgbSamples:
			copy(q, p[:3])
		case cmykSamples:
			put(q, printed(p[0], p[3]), printed(p[1], p[3]), printed(p[2], p[3]))
		case ycbcrSamples:
			ycbcr(q, p[0], p[1], p[2])
		}
		switch c.alpha {
		case 1: // the colours are multiplied; the way over what they were is Pillow's
			a := p[c.colours]
			for k, v := range q {
				if a > 0 {
					v = uint8(min(255, int(v)*255/int(a)))
				}
				q[k] = over(v, a)
			}
		case 2:
			a := p[c.colours]
			put(q, over(q[0], a), over(q[1], a), over(q[2], a))
		}
	}
}

// printed is the light that an ink c and black k leave.
func printed(c, k uint8) uint8 {
	light := uint(255 - k)
	t := light*uint(c) + 128
	return uint8(light - (t>>8+t)>>8)
}

// ycbcr is JFIF's conversion.
func ycbcr(q []uint8, y, cb, cr uint8) {
	l, b, r := int(y)<<16+1<<15, int(cb)-128, int(cr)-128
	for k, v := range [3]int{l + 91881*r, l - 22554*b - 46802*r, l + 116130*b} {
		q[k] = uint8(max(0, min(255, v>>16)))
	}
}

// sampledChunk unpacks YCbCr in blocks of subX x subY lumas and two chromas.
func (c *tiffCanvas) sampledChunk(i, x0, y0, cols, rows, full int) error {
	across, block := ceilDiv(c.chunkW, c.subX), c.subX*c.subY+2
	size := across * ceilDiv(full, c.subY) * block
	c.bytes = sized(c.bytes, int64(size))
	if c.predictor != 1 {
		return c.unsupported("predictor %d of YCbCr", c.predictor)
	}
	if err := c.unpack(c.stored(i, size), c.bytes, full); err != nil {
		return err
	}
	for y := range rows {
		for x := range cols {
			b := c.bytes[(y/c.subY*across+x/c.subX)*block:][:block]
			ycbcr(c.out.Pix[3*((y+y0)*c.width+x+x0):], b[y%c.subY*c.subX+x%c.subX], b[block-2], b[block-1])
		}
	}
	return nil
}

// jpegChunk decodes a chunk that is a JPEG.
func (c *tiffCanvas) jpegChunk(i, plane, x0, y0, cols, rows int) error {
	img, info, err := c.decodeStream(c.abbreviated(c.stored(i, 3*c.chunkW*c.chunkH)), c.chunkW, c.chunkH)
	if err != nil {
		return err
	}
	if info.Width < cols || info.Height < rows {
		return reject(Truncated, "tiff: a JPEG of %d x %d pixels in a part of %d x %d", info.Width, info.Height, cols, rows)
	}
	if n := c.samples / c.tiffFile.planes(); info.Components != n || n > 1 && n != c.colours {
		return c.unsupported("a JPEG of %d components for %d samples", info.Components, n)
	}
	for y := range rows {
		row := img[3*info.Width*y:][:3*cols]
		if info.Components != 1 {
			copy(c.out.Pix[3*((y+y0)*c.width+x0):], row)
			continue
		}
		for x := range cols {
			row[x] = row[3*x]
		}
		c.place(row[:cols], 1, plane, x0, y0+y)
	}
	return nil
}

// oldJPEG decodes a TIFF of the old kind that holds a whole JPEG.
func (t *tiffFile) oldJPEG(out *RGB) error {
	data := t.from(t.number(tagOldJPEG, uint64(len(t.data))))
	if len(data) < 4 || data[0] != 0xff || data[1] != 0xd8 {
		return t.unsupported("JPEG of the old kind, in pieces")
	}
	img, info, err := t.decodeStream(data, t.width, t.height)
	if err != nil {
		return err
	}
	if info.Width != t.width || info.Height != t.height {
		return reject(Corrupt, "tiff: %d x %d pixels, its JPEG has %d x %d", t.width, t.height, info.Width, info.Height)
	}
	copy(out.Pix, img)
	return nil
}

// decodeStream decodes a JPEG of at most so many pixels.
func (t *tiffFile) decodeStream(stream []byte, width, height int) ([]byte, jpeg.Info, error) {
	d := jpeg.Decoder{Ink: t.photometric == cmykSamples, Plain: t.compression == tiffOldJPEG}
	info, err := d.ReadInfo(stream)
	if err != nil {
		return nil, info, jpegError(err)
	}
	if info.Width > width || info.Height > height {
		return nil, info, reject(Corrupt, "tiff: a JPEG of %d x %d pixels in a part of %d x %d", info.Width, info.Height, width, height)
	}
	img, _, _, err := d.Decode(stream, nil)
	if err != nil {
		return nil, info, jpegError(err)
	}
	return img, info, nil
}
