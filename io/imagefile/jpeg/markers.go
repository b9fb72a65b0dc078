package jpeg

import (
	"encoding/binary"
	"fmt"
	"slices"
)

const (
	mSOF0 = 0xC0
	mSOF1 = 0xC1
	mSOF2 = 0xC2
	mDHT  = 0xC4
	mDAC  = 0xCC
	mRST0 = 0xD0
	mRST7 = 0xD7
	mSOI  = 0xD8
	mEOI  = 0xD9
	mSOS  = 0xDA
	mDQT  = 0xDB
	mDNL  = 0xDC
	mDRI  = 0xDD
	mAPP0 = 0xE0
	mAPP1 = 0xE1
	mAPPE = 0xEE
)

func (d *Decoder) bad(format string, args ...any) error {
	return &FormatError{Offset: d.pos, Text: fmt.Sprintf(format, args...)}
}

func (d *Decoder) cut() error {
	return &FormatError{Offset: len(d.data), Truncated: true, Text: "the data ends before the image does"}
}

// readHeader reads segments up to the first scan header, which is left for
// readScans.
func (d *Decoder) readHeader() error {
	if len(d.data) < 2 {
		return d.cut()
	}
	if d.data[0] != 0xFF || d.data[1] != mSOI {
		return d.bad("no JPEG start marker")
	}
	d.pos = 2
	for {
		marker, err := d.marker()
		if err != nil {
			return err
		}
		switch marker {
		case mSOS:
			if !d.frame {
				return d.bad("a scan before the frame header")
			}
			return nil
		case mEOI:
			return d.bad("the image has no scan")
		}
		if err := d.segment(marker); err != nil {
			return err
		}
	}
}

// marker steps over one marker. Bytes between segments that are no marker are
// skipped, as other decoders do.
func (d *Decoder) marker() (byte, error) {
	for d.pos+1 < len(d.data) {
		if d.data[d.pos] != 0xFF {
			d.pos++
			continue
		}
		switch m := d.data[d.pos+1]; m {
		case 0xFF:
			d.pos++
		case 0x00:
			d.pos += 2
		default:
			d.pos += 2
			return m, nil
		}
	}
	return 0, d.cut()
}

// body returns the payload of the segment at pos and steps over it.
func (d *Decoder) body() ([]byte, error) {
	if len(d.data)-d.pos < 2 {
		return nil, d.cut()
	}
	n := int(binary.BigEndian.Uint16(d.data[d.pos:]))
	if n < 2 {
		return nil, d.bad("segment length %d", n)
	}
	if len(d.data)-d.pos < n {
		return nil, d.cut()
	}
	b := d.data[d.pos+2 : d.pos+n]
	d.pos += n
	return b, nil
}

func (d *Decoder) segment(marker byte) error {
	switch {
	case marker >= mRST0 && marker <= mRST7 || marker == 0x01:
		return nil // no payload; harmless between segments
	case marker == mSOI:
		return d.bad("a second start marker")
	case marker < mSOF0:
		return d.bad("unknown marker %#02x", marker)
	}
	b, err := d.body()
	if err != nil {
		return err
	}
	switch marker {
	case mSOF0, mSOF1, mSOF2:
		return d.readFrame(b, marker == mSOF2)
	case mDHT:
		return d.readHuffman(b)
	case mDQT:
		return d.readQuant(b)
	case mDRI:
		if len(b) != 2 {
			return d.bad("restart interval of %d bytes", len(b))
		}
		d.interval = int(binary.BigEndian.Uint16(b))
	case mAPP0:
		d.jfif = d.jfif || len(b) >= 5 && string(b[:5]) == "JFIF\x00"
	case mAPP1:
		d.readApp1(b)
	case mAPPE:
		if len(b) >= 12 && string(b[:5]) == "Adobe" {
			d.adobe = int(b[11])
		}
	case mDNL:
		return UnsupportedError("the height comes after the scan (DNL)")
	case 0xC3, 0xC7, 0xCB, 0xCF:
		return UnsupportedError("lossless JPEG")
	case 0xC5, 0xC6, 0xCD, 0xCE, 0xDE, 0xDF:
		return UnsupportedError("hierarchical JPEG")
	case 0xC9, 0xCA, mDAC:
		return UnsupportedError("arithmetic coding")
	}
	return nil
}

// readApp1 keeps EXIF, which may go on in further segments, and XMP.
func (d *Decoder) readApp1(b []byte) {
	const exif, xmp = "Exif\x00\x00", "http://ns.adobe.com/xap/1.0/\x00"
	switch {
	case len(b) > len(exif) && string(b[:len(exif)]) == exif:
		if d.info.Exif != nil {
			d.info.Exif = slices.Concat(d.info.Exif, b[len(exif):])
		} else {
			d.info.Exif = b[len(exif):]
		}
	case len(b) > len(xmp) && string(b[:len(xmp)]) == xmp:
		d.info.XMP = b[len(xmp):]
	}
}

func (d *Decoder) readFrame(b []byte, progressive bool) error {
	if d.frame {
		return d.bad("a second frame header")
	}
	if len(b) < 6 || len(b) != 6+3*int(b[5]) {
		return d.bad("frame header of %d bytes", len(b))
	}
	if b[0] != 8 {
		return UnsupportedError(fmt.Sprintf("%d bits a sample", b[0]))
	}
	d.info.Height = int(binary.BigEndian.Uint16(b[1:]))
	d.info.Width = int(binary.BigEndian.Uint16(b[3:]))
	d.info.Progressive = progressive
	d.n = int(b[5])
	d.info.Components = d.n
	if d.info.Height == 0 {
		return UnsupportedError("the height comes after the scan (DNL)")
	}
	if d.info.Width == 0 {
		return d.bad("the image is 0 pixels wide")
	}
	if d.n != 1 && d.n != 3 && d.n != 4 {
		return UnsupportedError(fmt.Sprintf("%d components", d.n))
	}
	d.maxH, d.maxV = 1, 1
	for i := range d.n {
		p := b[6+3*i:]
		c := &d.comps[i]
		c.id, c.h, c.v, c.tq = p[0], int(p[1]>>4), int(p[1]&15), p[2]
		for j := range i {
			if d.comps[j].id == c.id {
				return d.bad("two components have id %d", c.id)
			}
		}
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || c.tq > 3 {
			return d.bad("component %d: sampling %dx%d, table %d", c.id, c.h, c.v, c.tq)
		}
		if d.n == 1 {
			c.h, c.v = 1, 1 // a lone component is not interleaved (T.81 A.2.2)
		}
		d.maxH, d.maxV = max(d.maxH, c.h), max(d.maxV, c.v)
		c.table, c.pred = nil, 0
		c.seen = [64]int8{}
	}
	d.mcuX = ceilDiv(d.info.Width, 8*d.maxH)
	d.mcuY = ceilDiv(d.info.Height, 8*d.maxV)
	for i := range d.n {
		c := &d.comps[i]
		c.blockX, c.blockY = d.mcuX*c.h, d.mcuY*c.v
		c.realX = ceilDiv(ceilDiv(d.info.Width*c.h, d.maxH), 8)
		c.realY = ceilDiv(ceilDiv(d.info.Height*c.v, d.maxV), 8)
	}
	d.frame = true
	return nil
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// quantTable is a quantisation table in natural order.
type quantTable struct {
	ok   bool
	step [64]int16 // 16-bit steps wrap, as they do in libjpeg's SIMD kernels
}

func (d *Decoder) readQuant(b []byte) error {
	for len(b) > 0 {
		id, wide := b[0]&15, b[0]>>4
		size := 64 << wide
		if id > 3 || wide > 1 || len(b) < 1+size {
			return d.bad("quantisation table %d of %d bytes", id, len(b))
		}
		t := &d.quant[id]
		t.ok = true
		for i := range 64 {
			if wide == 0 {
				t.step[natural[i]] = int16(b[1+i])
			} else {
				t.step[natural[i]] = int16(binary.BigEndian.Uint16(b[1+2*i:]))
			}
		}
		b = b[1+size:]
	}
	return nil
}

// natural maps a zigzag position to a row-major one. Positions past the end,
// which only damaged data reaches before it is noticed, map to the last.
var natural = [128]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

func init() {
	for i := 64; i < len(natural); i++ {
		natural[i] = 63
	}
}
