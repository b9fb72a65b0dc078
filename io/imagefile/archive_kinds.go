package imagefile

import (
	"bytes"
	"compress/bzip2"
	"io"
	"path"
	"regexp"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/therootcompany/xz"
)

// stream is a compression that archives come in.
type stream struct {
	name, magic string
	suffixes    []string // of a tar inside; the first of them ends in the suffix alone
	open        func(io.Reader) (io.ReadCloser, error)
}

// xzDictionary is the most memory that an xz stream may ask for, that of xz -9e.
const xzDictionary = 64 << 20

var streams = []stream{
	{"gzip", "\x1f\x8b", []string{".tar.gz", ".tgz", ".taz"}, func(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) }},
	{"zstd", "\x28\xb5\x2f\xfd", []string{".tar.zst", ".tzst", ".tar.zstd"}, func(r io.Reader) (io.ReadCloser, error) {
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	}},
	{"bzip2", "BZh", []string{".tar.bz2", ".tbz", ".tbz2", ".tb2"}, func(r io.Reader) (io.ReadCloser, error) { return io.NopCloser(bzip2.NewReader(r)), nil }},
	{"xz", "\xfd7zXZ\x00", []string{".tar.xz", ".txz"}, func(r io.Reader) (io.ReadCloser, error) {
		z, err := xz.NewReader(r, xzDictionary)
		if err != nil {
			return nil, err
		}
		return io.NopCloser(z), nil
	}},
}

// isArchive reports whether the name is that of an archive that is read.
func isArchive(name string) bool {
	lower := strings.ToLower(name)
	if strings.HasSuffix(lower, ".tar") || strings.HasSuffix(lower, ".zip") {
		return true
	}
	for i := range streams {
		for _, suffix := range streams[i].suffixes {
			if strings.HasSuffix(lower, suffix) {
				return true
			}
		}
	}
	return false
}

// ArchiveNames are the suffixes of the archives that are read, for messages.
const ArchiveNames = ".tar, .tar.gz, .tar.bz2, .tar.xz, .tar.zst, .zip"

// foreignArchives are suffixes of archives that are known but not read, and the
// commands that unpack them.
var foreignArchives = map[string]string{
	".7z": "7z x FILE", ".rar": "unrar x FILE", ".tar.z": "tar xzf FILE", ".tar.lz": "tar --lzip -xf FILE",
	".tar.lz4": "lz4 -dc FILE | tar x", ".tar.lzma": "tar --lzma -xf FILE", ".iso": "7z x FILE", ".cab": "cabextract FILE", ".dmg": "7z x FILE",
	".part": "join the parts: cat FILE.* > WHOLE", ".z01": "join the parts: zip -s 0 FILE.zip --out WHOLE.zip",
}

var splitPart = regexp.MustCompile(`\.(0\d\d|part-?\d*|a[a-z])$`)

// foreignArchive is the suffix of an archive that is known but not read, "" for
// other names.
func foreignArchive(name string) string {
	lower := strings.ToLower(name)
	for suffix := range foreignArchives {
		if strings.HasSuffix(lower, suffix) {
			return suffix
		}
	}
	if at := splitPart.FindStringIndex(lower); at != nil && isArchive(lower[:at[0]]) {
		return ".part"
	}
	return ""
}

var foreignMagics = []struct{ magic, suffix string }{
	{"7z\xbc\xaf\x27\x1c", ".7z"}, {"Rar!\x1a\x07", ".rar"}, {"\x1f\x9d", ".tar.z"}, {"LZIP", ".tar.lz"},
	{"\x04\x22\x4d\x18", ".tar.lz4"}, {"MSCF", ".cab"},
}

func foreignMagic(head []byte) (suffix, mend string) {
	for _, m := range foreignMagics {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return m.suffix, foreignArchives[m.suffix]
		}
	}
	return "", ""
}

// inside is the name of what a compressed file holds.
func inside(name string) string {
	lower := strings.ToLower(name)
	for i := range streams {
		for k, suffix := range streams[i].suffixes {
			if strings.HasSuffix(lower, suffix) {
				if k == 0 {
					return name[:len(name)-len(path.Ext(name))]
				}
				return name[:len(name)-len(suffix)] + ".tar"
			}
		}
	}
	return strings.TrimSuffix(name, path.Ext(name))
}

// stem is the name of an archive without folders and suffix.
func stem(name string) string {
	base := path.Base(name)
	lower := strings.ToLower(base)
	for i := range streams {
		for _, suffix := range streams[i].suffixes {
			if strings.HasSuffix(lower, suffix) {
				return base[:len(base)-len(suffix)]
			}
		}
	}
	return strings.TrimSuffix(base, path.Ext(base))
}

var (
	numbered = regexp.MustCompile(`[-_. ]\d+(-of-\d+)?$`)
	digits   = regexp.MustCompile(`^\d+$`)
)

// shardLike says that an archive's name numbers the parts of a set (train-0003,
// 0003), so that it is no class.
func shardLike(stem string) bool { return numbered.MatchString(stem) || digits.MatchString(stem) }
