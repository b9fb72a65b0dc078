package imagefile

import (
	"bytes"
	"path"
	"slices"
	"strings"
)

// Format is what an image's first bytes say it is: one that Decode reads, or
// one that is known to be an image of another kind.
type Format string

// The formats that are decoded.
const (
	JPEG Format = "jpeg"
	PNG  Format = "png"
	WebP Format = "webp"
	GIF  Format = "gif"
	BMP  Format = "bmp"
	TIFF Format = "tiff"
	PNM  Format = "pnm"
	TGA  Format = "tga"
	ICO  Format = "ico"
	QOI  Format = "qoi"
)

// row is one format: how its files are known, and how they are read. The table
// of rows is what listing, decoding and the documentation go by.
type row struct {
	format     Format
	title      string   // as people write it
	extensions []string // lower case
	magics     []magic

	read    string // what is decoded, in words
	without string // what of the format is not; "" for nothing
	// header reads size and orientation, decode the stored pixels; nil where the
	// format is only known by name.
	header func(data []byte, h *header) error
	decode func(data []byte, h header, out *RGB) error

	convert string // of a format that is not decoded: a command that makes one that is
}

// magic is the bytes that files of a format have at an offset. A weak one is too
// common in other files to make an image of a file without an image's name.
type magic struct {
	offset int
	bytes  string
	weak   bool
	also   func(head []byte) bool // looks closer, if not nil
}

func (m magic) match(head []byte) bool {
	return len(head) >= m.offset && bytes.HasPrefix(head[m.offset:], []byte(m.bytes)) && (m.also == nil || m.also(head))
}

// decoded is whether Decode reads the format.
func (r *row) decoded() bool { return r != nil && (r.decode != nil || r.format == JPEG) }

// formats is the table, filled at the start, since decoders look into it again.
var formats []row

func init() { formats = slices.Concat(decodedFormats(), foreignFormats()) }

// recognise finds the format of an image that starts with head, nil if it is
// none that is known.
func recognise(head []byte, weak bool) *row {
	if weak {
		if r := recognise(head, false); r != nil {
			return r
		}
	}
	for i := range formats {
		for _, m := range formats[i].magics {
			if m.weak == weak && m.match(head) {
				return &formats[i]
			}
		}
	}
	return nil
}

// sniff names the format of an image that starts with head, "" if it is none
// that can be told from a few bytes.
func sniff(head []byte) Format {
	if r := recognise(head, false); r != nil {
		return r.format
	}
	return ""
}

// FormatOf names the format of encoded bytes by how they begin, "" if it cannot be
// told.
func FormatOf(data []byte) Format {
	if r := recognise(data, true); r != nil {
		return r.format
	}
	return ""
}

// imageName reports whether the name is that of an image, decodable or not.
func imageName(name string) bool {
	ext := strings.ToLower(path.Ext(name))
	return slices.ContainsFunc(formats, func(r row) bool { return slices.Contains(r.extensions, ext) })
}

// Titles names the formats that are decoded, as people write them: "JPEG, PNG
// or BMP".
func Titles() string {
	var titles []string
	for i := range formats {
		if formats[i].decoded() {
			titles = append(titles, formats[i].title)
		}
	}
	last := len(titles) - 1
	return strings.Join(titles[:last], ", ") + " or " + titles[last]
}

func decodedFormats() []row {
	return []row{
		{format: JPEG, title: "JPEG", read: "8 bits: baseline and progressive; gray, YCbCr, RGB, CMYK and YCCK, with Adobe's marker or without; the first of several (MPO)", without: "arithmetic coding, lossless, hierarchical, 12 bits",
			extensions: []string{".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".mpo"},
			magics:     []magic{{bytes: "\xff\xd8\xff"}}, header: jpegHeader},
		{format: PNG, title: "PNG", read: "all depths, interlaced, palettes, transparency (of one colour as Pillow heeds it); of an animation the default image; a wrong checksum beside the pixels, surplus data behind them",
			extensions: []string{".png", ".apng"},
			magics:     []magic{{bytes: "\x89PNG\r\n\x1a\n"}}, header: pngHeader, decode: decodePNG},
		{format: WebP, title: "WebP", read: "lossy, lossless, alpha; of an animation the first frame on its canvas",
			extensions: []string{".webp"},
			magics:     []magic{{offset: 8, bytes: "WEBP", also: startsWith("RIFF")}}, header: webpHeader, decode: decodeWebP},
		{format: GIF, title: "GIF", read: "the first frame on its canvas, transparent or not; without a colour table as gray",
			extensions: []string{".gif"},
			magics:     []magic{{bytes: "GIF87a"}, {bytes: "GIF89a"}}, header: gifHeader, decode: decodeGIF},
		{format: BMP, title: "BMP", read: "1 to 32 bits, colour tables, bit fields, run lengths (RLE4, RLE8), top-down; headers of OS/2 and Windows, of any length; without the file's header (DIB)", without: "JPEG or PNG inside, run lengths of 24 bits, Huffman",
			extensions: []string{".bmp", ".dib"},
			magics:     []magic{{bytes: "BM", also: reservedZero}, {bytes: "BM", weak: true, also: bmpSize}, {weak: true, also: dibSize}}, header: bmpHeader, decode: decodeBMP},
		{format: TIFF, title: "TIFF", read: "the first page, in strips, tiles or planes, also BigTIFF; bilevel, gray and palettes of 1 to 8 bits, gray, RGB and CMYK of 8 and 16, YCbCr, alpha; uncompressed, PackBits, LZW, deflate, LZMA, zstd, JPEG, fax of groups 3 (one dimension) and 4", without: "12 and 32 bits, signed and floating point, CIELab, WebP, fax in other ways",
			extensions: []string{".tif", ".tiff"},
			magics: []magic{{bytes: "II*\x00", also: notCanon}, {bytes: "MM\x00*"}, {bytes: "II+\x00"}, {bytes: "MM\x00+"},
				{bytes: "II\x00*", weak: true}, {bytes: "MM*\x00", weak: true}}, header: tiffHeader, decode: decodeTIFF},
		{format: QOI, title: "QOI", read: "all",
			extensions: []string{".qoi"},
			magics:     []magic{{bytes: "qoif"}}, header: qoiHeader, decode: decodeQOI},
		{format: PNM, title: "PNM", read: "PBM, PGM and PPM, text and binary, to 16 bits; PAM", without: "floating point (PFM)",
			extensions: []string{".ppm", ".pgm", ".pbm", ".pnm", ".pam"},
			magics:     []magic{{bytes: "P", weak: true, also: pnmHead}}, header: pnmHeader, decode: decodePNM},
		{format: ICO, title: "ICO", read: "of icons and cursors the largest image, with its mask or alpha",
			extensions: []string{".ico", ".cur"},
			magics:     []magic{{bytes: "\x00\x00\x01\x00", weak: true}, {bytes: "\x00\x00\x02\x00", weak: true, also: manyImages}}, header: icoHeader, decode: decodeICO},
		{format: TGA, title: "TGA", read: "gray, palettes, 15 to 32 bits, run lengths, any corner first; where the name or the whole header says so",
			extensions: []string{".tga", ".vda", ".icb", ".vst"},
			magics:     []magic{{weak: true, also: tgaHead}}, header: tgaHeader, decode: decodeTGA},
	}
}

func startsWith(prefix string) func([]byte) bool {
	return func(head []byte) bool { return bytes.HasPrefix(head, []byte(prefix)) }
}

// reservedZero: two letters are a weak sign of a BMP, but its reserved words are
// zero.
func reservedZero(head []byte) bool {
	return len(head) >= 10 && bytes.Equal(head[6:10], make([]byte, 4))
}

// bmpSize: a BMP whose reserved words are used has the size of a header that
// there is.
func bmpSize(head []byte) bool { return len(head) >= 26 && dibSize(head[14:]) }

// dibSize: a BMP without its file's header begins with the size of the other.
func dibSize(head []byte) bool {
	if len(head) < 12 || head[1]|head[2]|head[3] != 0 {
		return false
	}
	switch head[0] {
	case 12:
		return head[8] == 1 && head[9] == 0
	case 16, 40, 52, 56, 64, 108, 124:
		return len(head) >= 16 && head[12] == 1 && head[13] == 0
	}
	return false
}

// manyImages: a cursor's zeros are also those of a Targa.
func manyImages(head []byte) bool {
	return len(head) >= 22 && head[5] == 0 && head[4] > 0 && head[9] == 0 && int(head[18])|int(head[19])<<8 >= 6+16*int(head[4])
}
