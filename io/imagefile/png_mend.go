package imagefile

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

const (
	pngMagic = "\x89PNG\r\n\x1a\n"
	pngEnd   = "\x00\x00\x00\x00IEND\xaeB`\x82"
)

// pngParts are the chunks that make the picture, of a PNG that the decoder
// refuses, and what else was found.
type pngParts struct {
	ihdr, plte, trns, idat []byte
	found                  Lenient
	whole                  bool // the checksums of those before the pixels are right
	ended                  bool
	size                   int // bytes of whole chunks
}

func scanPNG(data []byte) *pngParts {
	p := &pngParts{whole: true, size: len(pngMagic)}
	behind := false // the picture is the first run of IDAT
	pngChunks(data, func(id string, body, chunk []byte) bool {
		p.size += len(chunk)
		good := crc32.ChecksumIEEE(chunk[4:8+len(body)]) == binary.BigEndian.Uint32(chunk[8+len(body):])
		behind = behind || p.idat != nil && id != "IDAT"
		into := map[string]*[]byte{"IHDR": &p.ihdr, "PLTE": &p.plte, "tRNS": &p.trns}[id]
		switch {
		case into != nil:
			if p.whole = p.whole && good; *into == nil {
				*into = body
			}
			return p.whole
		case id == "IDAT" && !behind:
			p.idat = append(p.idat, body...)
		}
		if !good {
			p.found |= WrongChecksum
		}
		p.ended = id == "IEND"
		return !p.ended
	})
	return p
}

// mendPNG makes a PNG without the damage that does not touch the pixels: a wrong
// checksum of a chunk beside the picture, surplus behind the last row, a missing
// end. It is tried on what the decoder refuses with err, which it gives back
// where the damage is any other. For the header alone the pixels are left out:
// nobody has looked yet at how many there are.
func mendPNG(data []byte, err error, pixels bool) (mended []byte, found Lenient, _ error) {
	p := scanPNG(data)
	if !p.whole || len(p.ihdr) != 13 {
		return nil, 0, err
	}
	if !p.ended { // a chunk that is cut might have said how the picture is turned
		if len(p.idat) == 0 || !bytes.HasPrefix([]byte(pngEnd), data[p.size:]) {
			return nil, 0, reject(Truncated, "png: the data ends before the image does")
		}
		p.found |= DamagedTail
	}
	var rows []byte
	if pixels {
		var surplus Lenient
		if rows, surplus = pngRows(p.ihdr, p.idat); rows == nil {
			return nil, 0, err
		}
		p.found |= surplus
	}
	out := appendChunk([]byte(pngMagic), "IHDR", p.ihdr)
	plte := p.plte[:min(len(p.plte)/3*3, 3<<min(8, p.ihdr[8]))]
	if colour := p.ihdr[9]; len(plte) > 0 && (colour == 2 || colour == 3 || colour == 6) {
		out = appendChunk(out, "PLTE", plte)
	}
	if trns := trimTRNS(p.trns, p.ihdr[9], len(plte)/3); len(trns) > 0 {
		out = appendChunk(out, "tRNS", trns)
	}
	return append(appendChunk(out, "IDAT", rows), pngEnd...), p.found, nil
}

// trimTRNS leaves of a tRNS chunk what belongs to the colour type.
func trimTRNS(trns []byte, colour byte, colours int) []byte {
	want := map[byte]int{0: 2, 2: 6, 3: colours}[colour]
	if len(trns) < want && colour != 3 {
		return nil
	}
	return trns[:min(len(trns), want)]
}

func appendChunk(out []byte, id string, body []byte) []byte {
	out = binary.BigEndian.AppendUint32(out, uint32(len(body)))
	at := len(out)
	out = append(append(out, id...), body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[at:]))
}

// pngRows unpacks exactly the bytes of all rows and packs them again. What lies
// behind them is read on as far as it goes, since the checksum of all is there:
// where it is wrong, the rows are not to be trusted.
func pngRows(ihdr, idat []byte) ([]byte, Lenient) {
	width, height := binary.BigEndian.Uint32(ihdr), binary.BigEndian.Uint32(ihdr[4:])
	if width == 0 || height == 0 || width > 1<<30 || height > 1<<30 {
		return nil, 0
	}
	h := header{format: PNG, width: int(width), height: int(height)}
	want := pngBytes(h, ihdr[8], ihdr[9])
	if ihdr[12] == 1 {
		want = interlacedBytes(h, pngBits(ihdr[8], ihdr[9]))
	}
	if want/deflateMost > int64(len(idat)) {
		return nil, 0
	}
	z, err := zlib.NewReader(bytes.NewReader(idat))
	if err != nil {
		return nil, 0
	}
	var packed bytes.Buffer
	w, _ := zlib.NewWriterLevel(&packed, flate.NoCompression)
	if n, _ := io.Copy(w, io.LimitReader(z, want)); n < want || w.Close() != nil {
		return nil, 0
	}
	var found Lenient
	surplus, err := io.Copy(io.Discard, z)
	if surplus > 0 {
		found = SurplusData
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		found |= DamagedTail
	case err != nil:
		return nil, 0
	}
	return packed.Bytes(), found
}

// interlacedBytes is how many bytes the rows of Adam7's seven passes have.
func interlacedBytes(h header, bits int64) (n int64) {
	for _, p := range [7][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}} {
		w, rows := int64((h.width-p[0]+p[2]-1)/p[2]), int64((h.height-p[1]+p[3]-1)/p[3])
		if w > 0 && rows > 0 {
			n += rows * (1 + (w*bits+7)/8)
		}
	}
	return n
}
