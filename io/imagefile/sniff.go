package imagefile

import (
	"bytes"
	"io"
	"os"
	"path"
	"strings"
)

// sniffLen is how many leading bytes tell every format apart.
const sniffLen = 16

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
)

// foreign formats are recognised so that they are quarantined by name, not
// skipped in silence.
var magics = []struct {
	format Format
	offset int
	magic  string
}{
	{JPEG, 0, "\xff\xd8\xff"},
	{PNG, 0, "\x89PNG\r\n\x1a\n"},
	{WebP, 8, "WEBP"},
	{GIF, 0, "GIF87a"}, {GIF, 0, "GIF89a"},
	{BMP, 0, "BM"},
	{"tiff", 0, "II*\x00"}, {"tiff", 0, "MM\x00*"},
	{"avif", 4, "ftypavif"}, {"avif", 4, "ftypavis"},
	{"heic", 4, "ftypheic"}, {"heic", 4, "ftypheix"}, {"heic", 4, "ftypmif1"}, {"heic", 4, "ftyphevc"},
	{"jpeg-xl", 0, "\xff\x0a"}, {"jpeg-xl", 4, "JXL \r\n\x87\n"},
	{"jpeg-2000", 4, "jP  \r\n\x87\n"},
}

// sniff names the format of an image that starts with head, "" if it is none.
func sniff(head []byte) Format {
	for _, m := range magics {
		if len(head) < m.offset || !bytes.HasPrefix(head[m.offset:], []byte(m.magic)) {
			continue
		}
		switch m.format {
		case WebP:
			if !bytes.HasPrefix(head, []byte("RIFF")) {
				continue
			}
		case BMP: // two letters are a weak sign: the reserved words are zero
			if len(head) < 10 || !bytes.Equal(head[6:10], make([]byte, 4)) {
				continue
			}
		}
		return m.format
	}
	return ""
}

func sniffFile(p string) bool {
	f, err := os.Open(p)
	if err != nil {
		return false
	}
	defer f.Close()
	var head [sniffLen]byte
	n, _ := io.ReadFull(f, head[:])
	return sniff(head[:n]) != ""
}

// imageName reports whether the name is that of an image, decodable or not.
func imageName(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".dib",
		".tif", ".tiff", ".heic", ".heif", ".avif", ".jxl", ".jp2":
		return true
	}
	return false
}

// junk is what file managers leave behind under an image's name.
func junk(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(base, "._") || base == ".DS_Store" || base == "Thumbs.db" ||
		base == "__MACOSX" || strings.HasPrefix(name, "__MACOSX/")
}
