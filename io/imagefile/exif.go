package imagefile

import (
	"bytes"
	"encoding/binary"
	"math"
)

// orientation is the EXIF orientation tag: how the stored image must be turned
// to stand upright. 1 is upright; 5 to 8 exchange width and height.
type orientation int

const upright orientation = 1

func (o orientation) swaps() bool { return o >= 5 }

// exifOrientation reads tag 0x0112 of a TIFF structure, 0 where there is none.
// Whatever is missing or broken counts as none: a bad EXIF block is no reason to
// lose an image. Only the first directory is looked at, so the work is bounded
// by its 65,535 entries.
func exifOrientation(tiff []byte) orientation {
	for range 2 { // JPEG's prefix, which some writers keep elsewhere or double
		tiff = bytes.TrimPrefix(tiff, []byte("Exif\x00\x00"))
	}
	if len(tiff) < 8 {
		return 0
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00", "II\x00*":
		order = binary.LittleEndian
	case "MM\x00*", "MM*\x00":
		order = binary.BigEndian
	default:
		return 0
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 0
	}
	entries := tiff[at+2:]
	for n := order.Uint16(tiff[at:]); n > 0 && len(entries) >= 12; n, entries = n-1, entries[12:] {
		if order.Uint16(entries) != orientationTag {
			continue
		}
		if v, ok := exifNumber(tiff, order, entries); ok {
			return orientation(v).known()
		}
	}
	return 0
}

const orientationTag = 0x0112

// known is the orientation, upright for a number that means none.
func (o orientation) known() orientation {
	if o < 1 || o > 8 {
		return upright
	}
	return o
}

// exifNumber is the first number of an entry: phones write an orientation as
// SHORT, LONG or otherwise, one or several of them. As in Pillow an entry without
// a value is none at all, and bytes and texts are a value, but no number.
func exifNumber(tiff []byte, order binary.ByteOrder, entry []byte) (v int64, ok bool) {
	const (
		byteType, asciiType, shortType, longType, rationalType      = 1, 2, 3, 4, 5
		sbyteType, undefinedType, sshortType, slongType, sratioType = 6, 7, 8, 9, 10
		floatType, doubleType, ifdType                              = 11, 12, 13
	)
	sizes := [14]uint64{byteType: 1, asciiType: 1, shortType: 2, longType: 4, rationalType: 8, sbyteType: 1, undefinedType: 1,
		sshortType: 2, slongType: 4, sratioType: 8, floatType: 4, doubleType: 8, ifdType: 4}
	kind, count := int(order.Uint16(entry[2:])), uint64(order.Uint32(entry[4:]))
	if kind >= len(sizes) || sizes[kind] == 0 || count == 0 {
		return 0, false
	}
	value := entry[8:12]
	if size := count * sizes[kind]; size > 4 {
		at := uint64(order.Uint32(value))
		if at+size > uint64(len(tiff)) {
			return 0, false
		}
		value = tiff[at:]
	}
	switch kind {
	case shortType, sshortType:
		return int64(order.Uint16(value)), true
	case longType, slongType, ifdType:
		return int64(order.Uint32(value)), true
	case sbyteType:
		return int64(value[0]), true
	case floatType:
		return whole(float64(math.Float32frombits(order.Uint32(value)))), true
	case doubleType:
		return whole(math.Float64frombits(order.Uint64(value))), true
	case rationalType, sratioType:
		if n, d := order.Uint32(value), order.Uint32(value[4:]); d != 0 && n%d == 0 {
			return int64(n / d), true
		}
	}
	return 0, true
}

// whole is a number that is one of the orientations, 0 for any other.
func whole(v float64) int64 {
	if v >= 1 && v <= 8 && v == math.Trunc(v) {
		return int64(v)
	}
	return 0
}

// xmpOrientation finds tiff:Orientation in a packet of XMP, 0 where there is
// none: an attribute or an element with one digit.
func xmpOrientation(xmp []byte) orientation {
	key := []byte("tiff:Orientation")
	for {
		_, rest, found := bytes.Cut(xmp, key)
		if !found {
			return 0
		}
		xmp = rest
		value, ok := bytes.CutPrefix(rest, []byte(`="`))
		if !ok {
			value, ok = bytes.CutPrefix(rest, []byte(">"))
		}
		if ok && len(value) > 0 && value[0] >= '0' && value[0] <= '9' {
			return orientation(value[0] - '0').known()
		}
	}
}

// orientationOf is how an image must be turned that has EXIF and XMP: the first
// that says anything counts.
func orientationOf(exif, xmp []byte) orientation {
	if o := exifOrientation(exif); o != 0 {
		return o
	}
	return max(xmpOrientation(xmp), upright)
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
