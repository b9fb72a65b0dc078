package imagefile

import (
	"bytes"
	"slices"
)

// foreignFormats are recognised so that they are set aside by name, with the
// command that makes an image of them that is read.
func foreignFormats() []row {
	return []row{
		{format: "avif", title: "AVIF", extensions: []string{".avif", ".avifs"},
			magics: append(brands("avif", "avis"), magic{offset: 4, bytes: "ftypmif1", also: compatible("avif")}), convert: "avifdec a.avif a.png"},
		{format: "heic", title: "HEIC", extensions: []string{".heic", ".heif", ".hif"},
			magics: brands("heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"), convert: "heif-convert a.heic a.jpg"},
		{format: "jpeg-xl", title: "JPEG XL", extensions: []string{".jxl"},
			magics: []magic{{bytes: "\xff\x0a"}, {offset: 4, bytes: "JXL \r\n\x87\n"}}, convert: "djxl a.jxl a.png"},
		{format: "jpeg-2000", title: "JPEG 2000", extensions: []string{".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".jpc"},
			magics: []magic{{offset: 4, bytes: "jP  \r\n\x87\n"}, {bytes: "\xff\x4f\xff\x51"}}, convert: "opj_decompress -i a.jp2 -o a.png"},
		{format: "jpeg-xr", title: "JPEG XR", extensions: []string{".jxr", ".wdp", ".hdp"},
			magics: []magic{{bytes: "II\xbc\x01"}}, convert: "JxrDecApp -i a.jxr -o a.bmp"},
		{format: "camera-raw", title: "camera raw", extensions: []string{".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2",
			".dng", ".orf", ".rw2", ".raf", ".pef", ".srw", ".x3f", ".erf", ".mrw", ".3fr", ".iiq"},
			magics: []magic{{bytes: "II*\x00", also: at(8, "CR\x02")}, {offset: 4, bytes: "ftypcrx "}, {bytes: "IIRO"}, {bytes: "IIRS"}, {bytes: "MMOR"},
				{bytes: "IIU\x00"}, {bytes: "FUJIFILMCCD-RAW"}, {bytes: "FOVb"}, {bytes: "\x00MRM"}, {offset: 6, bytes: "HEAPCCDR"}},
			convert: "exiftool -b -PreviewImage -w jpg a.nef (the camera's own JPEG), or darktable-cli a.nef a.jpg"},
		{format: "psd", title: "Photoshop", extensions: []string{".psd", ".psb"},
			magics: []magic{{bytes: "8BPS"}}, convert: `magick "a.psd[0]" a.png`},
		{format: "openexr", title: "OpenEXR", extensions: []string{".exr"},
			magics: []magic{{bytes: "\x76\x2f\x31\x01"}}, convert: "magick a.exr a.png"},
		{format: "radiance", title: "Radiance HDR", extensions: []string{".hdr"},
			magics: []magic{{bytes: "#?RADIANCE"}, {bytes: "#?RGBE"}}, convert: "magick a.hdr a.png"},
		{format: "dds", title: "DirectDraw surface", extensions: []string{".dds"},
			magics: []magic{{bytes: "DDS \x7c\x00\x00\x00"}}, convert: "magick a.dds a.png"},
	}
}

func brands(names ...string) []magic {
	magics := make([]magic, len(names))
	for i, n := range names {
		magics[i] = magic{offset: 4, bytes: "ftyp" + n}
	}
	return magics
}

// compatible looks for another brand that such a file is of.
func compatible(brand string) func([]byte) bool {
	return func(head []byte) bool { return len(head) > 16 && bytes.Contains(head[16:], []byte(brand)) }
}

func at(offset int, text string) func([]byte) bool {
	return func(head []byte) bool { return len(head) >= offset && startsWith(text)(head[offset:]) }
}

// notCanon tells a TIFF from a camera's file that begins as one.
func notCanon(head []byte) bool { return !at(8, "CR\x02")(head) }

// foreign is the row of a format.
func foreign(f Format) *row {
	i := slices.IndexFunc(formats, func(r row) bool { return r.format == f })
	return &formats[i]
}
