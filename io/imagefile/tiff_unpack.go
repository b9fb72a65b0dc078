package imagefile

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"io"
	"math/bits"

	"github.com/klauspost/compress/zstd"
	"github.com/therootcompany/xz"
	"golang.org/x/image/ccitt"
	"golang.org/x/image/tiff/lzw"
)

// The kinds of compression.
const (
	tiffRaw, tiffG3, tiffG4, tiffLZW, tiffOldJPEG, tiffJPEG              = 1, 3, 4, 5, 6, 7
	tiffDeflate, tiffPackBits, tiffOldDeflate, tiffLZMA, tiffZstd uint64 = 8, 32773, 32946, 34925, 50000
)

// stored is the bytes of a chunk as they lie in the file. They are bounded by
// what they unpack to, since any number of chunks may lie at one place.
func (t *tiffFile) stored(i, unpacked int) []byte {
	left := t.from(t.offsets[i])
	most := uint64(2*unpacked + 1<<16)
	if i < len(t.sizes) && t.sizes[i] > 0 {
		most = min(most, t.sizes[i])
	}
	left = left[:min(most, uint64(len(left)))]
	if t.reversed && t.compression != tiffG3 && t.compression != tiffG4 && t.compression != tiffJPEG {
		turned := make([]byte, len(left))
		for k, b := range left {
			turned[k] = bits.Reverse8(b)
		}
		return turned
	}
	return left
}

// unpack fills out with a chunk's bytes.
func (t *tiffFile) unpack(stored, out []byte, rows int) error {
	in := bytes.NewReader(stored)
	var r io.Reader = in
	switch t.compression {
	case tiffRaw:
	case tiffPackBits:
		return unpackBits(stored, out)
	case tiffLZW:
		if len(stored) > 1 && stored[0] == 0 && stored[1] == 1 {
			return t.unsupported("LZW of the old kind")
		}
		z := lzw.NewReader(in, lzw.MSB, 8)
		defer z.Close()
		r = z
	case tiffDeflate, tiffOldDeflate:
		z, err := zlib.NewReader(in)
		if err != nil {
			return err
		}
		r = z
	case tiffZstd:
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
		if err != nil {
			return err
		}
		defer z.Close()
		r = z
	case tiffLZMA:
		z, err := xz.NewReader(in, xzDictionary)
		if err != nil {
			return err
		}
		r = z
	case tiffG3, tiffG4:
		return t.unpackFax(in, out, rows)
	default:
		return t.unsupported("compression %d", t.compression)
	}
	_, err := io.ReadFull(r, out)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// unpackFax unpacks a fax: white is 0, whatever the picture takes that for.
func (t *tiffFile) unpackFax(in io.Reader, out []byte, rows int) error {
	order, kind := ccitt.MSB, ccitt.Group4
	if t.reversed {
		order = ccitt.LSB
	}
	if t.compression == tiffG3 {
		if kind = ccitt.Group3; t.number(tagT4Options, 0)&1 != 0 {
			return t.unsupported("a fax of group 3 in two dimensions")
		}
	}
	if t.bits != 1 || t.samples != 1 {
		return reject(Corrupt, "tiff: a fax of %d bits", t.bits*t.samples)
	}
	_, err := io.ReadFull(ccitt.NewReader(in, order, kind, t.chunkW, rows, &ccitt.Options{Invert: true}), out)
	return err
}

// unpackBits unpacks runs of bytes.
func unpackBits(in, out []byte) error {
	for len(out) > 0 {
		if len(in) < 2 {
			return io.ErrUnexpectedEOF
		}
		n := int(int8(in[0]))
		switch in = in[1:]; {
		case n >= 0:
			n = min(n+1, len(out))
			if len(in) < n {
				return io.ErrUnexpectedEOF
			}
			copy(out[:n], in)
			in = in[n:]
		case n == -128:
			continue
		default:
			n = min(1-n, len(out))
			for i := range out[:n] {
				out[i] = in[0]
			}
			in = in[1:]
		}
		out = out[n:]
	}
	return nil
}

// predict adds up rows that hold differences from the pixel on the left.
func (t *tiffFile) predict(row []byte) {
	n := t.samples / t.planes()
	if t.bits == 8 {
		for i := n; i < len(row); i++ {
			row[i] += row[i-n]
		}
		return
	}
	for i := 2 * n; i+1 < len(row); i += 2 {
		t.order.PutUint16(row[i:], t.order.Uint16(row[i:])+t.order.Uint16(row[i-2*n:]))
	}
}

// abbreviated makes a whole JPEG of a chunk and the tables that all share. What
// says which colours it holds is replaced by a marker that says what the TIFF
// does.
func (t *tiffFile) abbreviated(stored []byte) []byte {
	transform := byte(0)
	if t.photometric == ycbcrSamples {
		transform = 1
	}
	out := append([]byte("\xff\xd8\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"), transform)
	if tables := t.entries[tagJPEGTables].value; len(tables) > 4 {
		out = appendSegments(out, bytes.TrimSuffix(tables[2:], []byte("\xff\xd9")))
	}
	return appendSegments(out, stored[min(2, len(stored)):])
}

// appendSegments appends a JPEG but for the application's segments before its
// first scan.
func appendSegments(out, in []byte) []byte {
	for len(in) >= 4 && in[0] == 0xff && in[1] != 0xda {
		n := 2 + int(binary.BigEndian.Uint16(in[2:]))
		if n > len(in) {
			break
		}
		if in[1]&0xf0 != 0xe0 {
			out = append(out, in[:n]...)
		}
		in = in[n:]
	}
	return append(out, in...)
}
