package imagefile

import (
	"bytes"
	"encoding/binary"
)

// icoImage is the largest image of an icon or a cursor, the first of its size
// with the fewest colours, as Pillow chooses.
type icoImage struct {
	data []byte // a PNG, or a BMP without its file's header and of double height
	bmp  *bmpFile
	h    header
}

func icoHeader(data []byte, h *header) error {
	i, err := scanICO(data, h.lenient)
	if err != nil {
		return err
	}
	h.width, h.height = i.h.width, i.h.height
	return nil
}

func scanICO(data []byte, lenient *Lenient) (*icoImage, error) {
	r := reader{data: data, at: 4}
	n := int(r.u16())
	var best []byte
	for range n {
		e := r.take(16)
		if e == nil {
			return nil, reject(Truncated, "ico: the data ends inside the list of images")
		}
		if best == nil || icoSize(e) > icoSize(best) || icoSize(e) == icoSize(best) && icoBits(e) < icoBits(best) {
			best = e
		}
	}
	if r.short {
		return nil, reject(Truncated, "ico: the data ends inside the list of images")
	}
	if best == nil {
		return nil, reject(Corrupt, "ico: no images in it")
	}
	size, at := uint64(binary.LittleEndian.Uint32(best[8:])), uint64(binary.LittleEndian.Uint32(best[12:]))
	if size < 16 { // some cursors' lists have another number there
		size = uint64(len(data)) - min(at, uint64(len(data)))
	}
	if at+size > uint64(len(data)) || size < 16 {
		return nil, reject(Truncated, "ico: the data ends before the image does")
	}
	i := &icoImage{data: data[at : at+size], h: header{format: PNG, orientation: upright, lenient: lenient}}
	if bytes.HasPrefix(i.data, []byte(pngMagic)) {
		return i, pngHeader(i.data, &i.h)
	}
	b, err := scanBMP(i.data)
	if err != nil {
		return nil, err
	}
	b.height /= 2
	i.bmp, i.h.format, i.h.width, i.h.height = b, BMP, b.width, b.height
	return i, plausible(i.h, i.data, int64(b.height-1)*b.stride())
}

func icoSize(e []byte) int { return (int(e[0]-1) + 1) * (int(e[1]-1) + 1) }

func icoBits(e []byte) int {
	if b := int(binary.LittleEndian.Uint16(e[6:])); b != 0 {
		return b
	}
	return 256
}

func decodeICO(data []byte, h header, out *RGB) error {
	i, err := scanICO(data, h.lenient)
	if err != nil {
		return err
	}
	if i.bmp == nil {
		return decodePNG(i.data, i.h, out)
	}
	out.resize(h.width, h.height)
	pixels := i.data[min(i.bmp.pixels, len(i.data)):]
	if err := i.bmp.decode(pixels, i.bmp.pixels, out); err != nil {
		return err
	}
	if i.bmp.depth == 32 {
		return i.alpha(pixels, out)
	}
	return i.mask(out)
}

// alpha heeds the fourth byte of a pixel.
func (i *icoImage) alpha(pixels []byte, out *RGB) error {
	for y := range i.bmp.height {
		row := i.bmp.row(out, y)
		for x := range i.bmp.width {
			p, a := row[3*x:3*x+3], pixels[4*(y*i.bmp.width+x)+3]
			put(p, over(p[0], a), over(p[1], a), over(p[2], a))
		}
	}
	return nil
}

// mask makes white what the bits at the end call transparent.
func (i *icoImage) mask(out *RGB) error {
	stride := ceilDiv(i.bmp.width, 32) * 4
	at := len(i.data) - stride*i.bmp.height
	if at < 0 {
		return reject(Truncated, "ico: the data ends before the mask does")
	}
	for y := range i.bmp.height {
		row := i.bmp.row(out, y)
		for x := range i.bmp.width {
			if i.data[at+y*stride+x/8]>>(7-x%8)&1 != 0 {
				put(row[3*x:], 255, 255, 255)
			}
		}
	}
	return nil
}
