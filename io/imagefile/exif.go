package imagefile

import "encoding/binary"

// orientation is the EXIF orientation tag: how the stored image must be turned
// to stand upright. 1 is upright; 5 to 8 exchange width and height.
type orientation int

const upright orientation = 1

func (o orientation) swaps() bool { return o >= 5 }

// exifOrientation reads tag 0x0112 of a TIFF structure. Whatever is missing or
// broken counts as upright: a bad EXIF block is no reason to lose an image.
// Only the first directory is looked at, so the work is bounded by its 65,535
// entries.
func exifOrientation(tiff []byte) orientation {
	if len(tiff) < 8 {
		return upright
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return upright
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return upright
	}
	entries := tiff[at+2:]
	for n := order.Uint16(tiff[at:]); n > 0 && len(entries) >= 12; n, entries = n-1, entries[12:] {
		const tag, short = 0x0112, 3
		if order.Uint16(entries) != tag {
			continue
		}
		v := orientation(order.Uint16(entries[8:]))
		if order.Uint16(entries[2:]) != short || order.Uint32(entries[4:]) != 1 || v < 1 || v > 8 {
			return upright
		}
		return v
	}
	return upright
}

// orient turns img, as stored, upright. It returns img itself when there is
// nothing to do.
func orient(img *RGB, o orientation) *RGB {
	if o <= upright || o > 8 {
		return img
	}
	w, h := img.Width, img.Height
	out := &RGB{Pix: make([]uint8, len(img.Pix)), Width: w, Height: h}
	if o.swaps() {
		out.Width, out.Height = h, w
	}
	for y := range out.Height {
		sx, sy := o.source(0, y, w, h)
		ex, ey := o.source(1, y, w, h)
		at, step := 3*(sy*w+sx), 3*((ey-sy)*w+ex-sx)
		row := out.Pix[3*y*out.Width:][:3*out.Width]
		for x := 0; x < len(row); x, at = x+3, at+step {
			copy(row[x:x+3], img.Pix[at:at+3])
		}
	}
	return out
}

// source is where upright pixel (x, y) lies in the stored w x h image.
func (o orientation) source(x, y, w, h int) (int, int) {
	switch o {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return y, h - 1 - x
	case 7:
		return w - 1 - y, h - 1 - x
	case 8:
		return w - 1 - y, x
	}
	return x, y
}
