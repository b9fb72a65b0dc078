package imagefile

import (
	"encoding/binary"
	"slices"
)

// The tags of TIFF that are looked at.
const (
	tagSubfile, tagWidth, tagHeight, tagBits, tagCompression, tagPhotometric  = 254, 256, 257, 258, 259, 262
	tagFillOrder, tagStripOffsets, tagSamples, tagRowsPerStrip, tagStripSizes = 266, 273, 277, 278, 279
	tagPlanar, tagT4Options, tagPredictor, tagColours                         = 284, 292, 317, 320
	tagTileWidth, tagTileHeight, tagTileOffsets, tagTileSizes, tagSubIFDs     = 322, 323, 324, 325, 330
	tagExtra, tagSampleFormat, tagJPEGTables, tagOldJPEG, tagOldJPEGSize      = 338, 339, 347, 513, 514
	tagSubsampling, tagXMP, tagDNG                                            = 530, 700, 50706
)

// tiffNeeded are the tags whose values may lie anywhere.
var tiffNeeded = []uint16{tagBits, tagStripOffsets, tagStripSizes, tagColours, tagTileOffsets, tagTileSizes, tagExtra, tagSampleFormat,
	tagJPEGTables, tagXMP}

// tiffDir is the first directory of a TIFF, or BigTIFF: that of the first page.
type tiffDir struct {
	data    []byte
	order   binary.ByteOrder
	big     bool
	entries map[uint16]tiffEntry
	lost    bool // the value of a tag that is looked at lies behind the end
}

type tiffEntry struct {
	kind  uint16
	count uint64
	value []byte // whole
}

// tiffSizes is the bytes of a value of each type.
var tiffSizes = [19]uint64{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}

func readTIFF(data []byte) (*tiffDir, error) {
	d := &tiffDir{data: data, order: binary.LittleEndian, entries: map[uint16]tiffEntry{}}
	if data[0] == 'M' {
		d.order = binary.BigEndian
	}
	d.big = data[2] == 43 || data[3] == 43
	if len(data) < 8 || d.big && len(data) < 16 {
		return nil, d.cut()
	}
	var at, n, size uint64
	if d.big {
		at, size = d.order.Uint64(data[8:]), 20
	} else {
		at, size = uint64(d.order.Uint32(data[4:])), 12
	}
	switch left := d.from(at); {
	case d.big && len(left) >= 8:
		n, at = d.order.Uint64(left), at+8
	case !d.big && len(left) >= 2:
		n, at = uint64(d.order.Uint16(left)), at+2
	default:
		return nil, d.cut()
	}
	for left := d.from(at); n > 0 && n < 1<<16; n, left = n-1, left[size:] {
		if uint64(len(left)) < size {
			return nil, d.cut()
		}
		d.entry(left[:size])
	}
	if d.lost {
		return nil, d.cut()
	}
	return d, nil
}

func (d *tiffDir) cut() error { return reject(Truncated, "tiff: the data ends before the image does") }

// from is what follows an offset, nothing where it lies beyond the data.
func (d *tiffDir) from(at uint64) []byte { return d.data[min(at, uint64(len(d.data))):] }

// entry keeps an entry whose value is there; of two for a tag the first counts.
func (d *tiffDir) entry(e []byte) {
	tag, t := d.order.Uint16(e), tiffEntry{kind: d.order.Uint16(e[2:])}
	value := e[8:12]
	if t.count = uint64(d.order.Uint32(e[4:])); d.big {
		t.count, value = d.order.Uint64(e[4:]), e[12:20]
	}
	if _, double := d.entries[tag]; double || int(t.kind) >= len(tiffSizes) || tiffSizes[t.kind] == 0 || t.count == 0 {
		return
	}
	size := min(t.count, 1<<40) * tiffSizes[t.kind]
	if size > uint64(len(value)) {
		at := uint64(d.order.Uint32(value))
		if d.big {
			at = d.order.Uint64(value)
		}
		if value = d.from(at); size > uint64(len(value)) {
			d.lost = d.lost || slices.Contains(tiffNeeded, tag)
			return
		}
	}
	t.value = value[:size]
	d.entries[tag] = t
}

// numbers are the whole numbers of a tag, nil where it has none.
func (d *tiffDir) numbers(tag uint16) []uint64 {
	e := d.entries[tag]
	var out []uint64
	for v := range slices.Chunk(e.value, max(1, int(tiffSizes[e.kind]))) {
		switch e.kind {
		case 1, 7:
			out = append(out, uint64(v[0]))
		case 3:
			out = append(out, uint64(d.order.Uint16(v)))
		case 4, 13:
			out = append(out, uint64(d.order.Uint32(v)))
		case 16, 18:
			out = append(out, d.order.Uint64(v))
		}
	}
	return out
}

// number is the first number of a tag, or what counts where it has none.
func (d *tiffDir) number(tag uint16, otherwise uint64) uint64 {
	if v := d.numbers(tag); len(v) > 0 {
		return v[0]
	}
	return otherwise
}

// orientation is the tag's, or what XMP says.
func (d *tiffDir) orientation() orientation {
	if e, ok := d.entries[orientationTag]; ok {
		switch {
		case e.kind == 3 || e.kind == 8:
			return orientation(d.order.Uint16(e.value)).known()
		case e.kind == 4 || e.kind == 9:
			return orientation(d.order.Uint32(e.value)).known()
		}
		return upright
	}
	return max(xmpOrientation(d.entries[tagXMP].value), upright)
}
