package imagefile

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"os"
	"runtime"
	"slices"
	"testing"
)

// TestBombs: a header that promises far more pixels than are allowed, or than
// its bytes can hold, costs no memory.
func TestBombs(t *testing.T) {
	le, be := binary.LittleEndian, binary.BigEndian
	for name, patch := range map[string]func(b []byte) []byte{
		"rgb32.bmp":     func(b []byte) []byte { le.PutUint32(b[18:], 30000); le.PutUint32(b[22:], 30000); return b },
		"rle8.bmp":      func(b []byte) []byte { le.PutUint32(b[18:], 30000); le.PutUint32(b[22:], 30000); return b },
		"inside.gif":    func(b []byte) []byte { le.PutUint16(b[6:], 60000); le.PutUint16(b[8:], 60000); return b },
		"animated.webp": func(b []byte) []byte { copy(b[24:], "\xff\xff\xff\xff\xff\xff"); return b },
		"surplus.png":   func(b []byte) []byte { be.PutUint32(b[16:], 30000); be.PutUint32(b[20:], 30000); return sealed(b) },
		"alpha.qoi":     func(b []byte) []byte { be.PutUint32(b[4:], 30000); be.PutUint32(b[8:], 30000); return b },
		"rle.tga":       func(b []byte) []byte { le.PutUint16(b[12:], 60000); le.PutUint16(b[14:], 60000); return b },
		"raw.ppm":       func(b []byte) []byte { return bytes.Replace(b, []byte("11 7"), []byte("30000 30000"), 1) },
		"mask.ico":      func(b []byte) []byte { le.PutUint32(b[26:], 30000); le.PutUint32(b[30:], 60000); return b },
		"rgb-lzw.tif":   func(b []byte) []byte { return tiffPatched(b, tagHeight, tagWidth) },
		"tiled.tif":     func(b []byte) []byte { return tiffPatched(b, tagTileWidth, tagTileHeight) },
		"planar.tif":    func(b []byte) []byte { return tiffPatched(b, tagRowsPerStrip, tagHeight, tagWidth) },
		"strips.tif":    func(b []byte) []byte { return tiffPatched(b, tagSamples) },
	} {
		data, err := os.ReadFile("testdata/golden/" + name)
		if err != nil {
			t.Fatal(err)
		}
		data = patch(data)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		img, err := Decode(data, Options{})
		runtime.ReadMemStats(&after)
		var q *QuarantineError
		if img != nil || !errors.As(err, &q) {
			t.Errorf("%s: %v", name, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 4<<20 {
			t.Errorf("%s: %d bytes taken for %v", name, used, err)
		}
	}
}

// sealed gives a PNG's first chunk its right checksum.
func sealed(b []byte) []byte {
	head := appendChunk(nil, "IHDR", bytes.Clone(b[16:29]))
	copy(b[8:], head)
	return b
}

// tiffPatched gives tags 30,000 as their value.
func tiffPatched(b []byte, tags ...uint16) []byte {
	le := binary.LittleEndian
	at := le.Uint32(b[4:])
	for i := range uint32(le.Uint16(b[at:])) {
		if e := b[at+2+12*i:]; slices.Contains(tags, le.Uint16(e)) {
			le.PutUint16(e[2:], 4)
			le.PutUint32(e[4:], 1)
			le.PutUint32(e[8:], 30000)
		}
	}
	return b
}

// TestChunksAtOnePlace: tiles of a small image that all lie at one place, and
// unpack to far more than it, are no way to keep the program busy.
func TestChunksAtOnePlace(t *testing.T) {
	const side, tiles = 256, 256 * 256
	le := binary.LittleEndian
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	w.Write(make([]byte, 1<<20))
	w.Close()
	data := le.AppendUint32([]byte("II*\x00"), uint32(8+z.Len()+z.Len()&1))
	data = append(data, z.Bytes()...)
	data = append(data, make([]byte, z.Len()&1)...)
	at := uint32(len(data) + 2 + 12*9 + 4)
	data = le.AppendUint16(data, 9)
	for _, e := range [][3]uint32{{tagWidth, 1, side}, {tagHeight, 1, side}, {tagBits, 1, 8}, {tagCompression, 1, uint32(tiffDeflate)}, {tagPhotometric, 1, blackIsZero},
		{tagTileWidth, 1, 1}, {tagTileHeight, 1, 1 << 20}, {tagTileOffsets, tiles, at}, {tagSamples, 1, 1}} {
		data = le.AppendUint16(le.AppendUint16(data, uint16(e[0])), 4)
		data = le.AppendUint32(le.AppendUint32(data, e[1]), e[2])
	}
	data = append(data, 0, 0, 0, 0)
	for range tiles {
		data = le.AppendUint32(data, 8)
	}
	_, err := Decode(data, Options{})
	var q *QuarantineError
	if !errors.As(err, &q) || q.Reason != Corrupt {
		t.Errorf("%v; want it set aside", err)
	}
}
