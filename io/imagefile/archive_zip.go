package imagefile

import (
	"archive/zip"
	"bufio"
	"compress/bzip2"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
	"github.com/therootcompany/xz"
	"golang.org/x/text/encoding/charmap"
)

// Methods of compression inside a zip beside those that archive/zip names.
const (
	zipBzip2 = 12
	zipZstd  = 93
	zipXz    = 95
)

// zipMethods name the others, for messages.
var zipMethods = map[uint16]string{1: "shrink", 6: "implode", 9: "deflate64", 14: "LZMA", 96: "JPEG", 98: "PPMd", 99: "AES"}

// zipLister lists a zip in the order of its directory, which is in memory: some
// 300 bytes a member.
type zipLister struct {
	crate
	zip    *zip.Reader
	labels map[string]string // of the images of a folder of the archive, by name
}

func (l *lister) zip(b *blob) error {
	if !b.plain() {
		drop, err := b.spool(l.ctx)
		if err != nil {
			return err
		}
		defer drop()
	}
	z, err := zip.NewReader(b.sr, b.sr.Size())
	if err != nil {
		return fmt.Errorf("image archive %s: %w: the directory at its end is missing or damaged; get the whole file again", b.label, err)
	}
	z.RegisterDecompressor(zip.Deflate, flate.NewReader)
	z.RegisterDecompressor(zipBzip2, func(r io.Reader) io.ReadCloser { return io.NopCloser(bzip2.NewReader(r)) })
	z.RegisterDecompressor(zipZstd, zstd.ZipDecompressor(zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30)))
	z.RegisterDecompressor(zipXz, openZipXz)
	a := &zipLister{crate: crate{lister: l, blob: b}, zip: z}
	if err := a.annotations(); err != nil {
		return err
	}
	for _, f := range z.File {
		if err := a.file(f); err != nil {
			return err
		}
	}
	return a.end()
}

func openZipXz(r io.Reader) io.ReadCloser {
	z, err := xz.NewReader(r, xzDictionary)
	if err != nil {
		return failed{err}
	}
	return io.NopCloser(z)
}

// failed is a reader that has nothing but an error.
type failed struct{ error }

func (f failed) Read([]byte) (int, error) { return 0, f.error }
func (f failed) Close() error             { return nil }

// spool copies a stream into a temporary file, since a zip is read from its end.
func (b *blob) spool(ctx context.Context) (drop func(), err error) {
	f, err := os.CreateTemp("", "retort-zip-*")
	if err != nil {
		return nil, fmt.Errorf("image archive %s: a zip inside a compressed archive is unpacked into a temporary file: %w", b.label, err)
	}
	drop = func() { f.Close(); os.Remove(f.Name()) }
	n, err := io.Copy(f, until{ctx, b.r})
	if err != nil {
		drop()
		return nil, fmt.Errorf("image archive %s: unpacking it into a temporary file: %w", b.label, err)
	}
	b.sr, b.base, b.pos = io.NewSectionReader(f, 0, n), -1, 0
	b.r = bufio.NewReader(b.sr)
	return drop, nil
}

// until reads until the context ends.
type until struct {
	ctx context.Context
	r   io.Reader
}

func (u until) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

func (a *zipLister) file(f *zip.File) error {
	if strings.HasSuffix(f.Name, "/") || strings.HasSuffix(f.Name, `\`) {
		return nil
	}
	m := a.member(f)
	if f.Flags&1 != 0 && m.reason == "" && (imageName(m.name) || isArchive(m.name)) {
		return fmt.Errorf("image archive %s: %s is encrypted; unpack the archive with its password (unzip, or 7z x) and name the folder", a.label, m.name)
	}
	if label := a.labels[m.name]; label != "" && m.reason == "" {
		a.samples.given = label
		defer func() { a.samples.given = "" }()
	}
	return a.take(m)
}

func (a *zipLister) member(f *zip.File) item {
	m := item{name: zipName(f), size: int64(f.UncompressedSize64), offset: -1, crc: f.CRC32, open: a.opener(f)}
	m.reason, m.detail = badName(m.name)
	switch {
	case m.reason != "":
	case f.Mode()&os.ModeSymlink != 0:
		m.reason, m.detail = Link, "a link"
	case f.Mode()&os.ModeType != 0:
		m.reason, m.detail = SpecialFile, f.Mode().String()
	case m.size < 0 || f.Method == zip.Store && f.CompressedSize64 != f.UncompressedSize64 && f.Flags&1 == 0,
		f.CompressedSize64 > uint64(a.sr.Size()),                                     // more than the archive has
		f.Method == zip.Deflate && f.UncompressedSize64/1032 > f.CompressedSize64+64: // more than deflate can pack
		m.reason, m.detail = Corrupt, fmt.Sprintf("zip: %d bytes cannot become %d", f.CompressedSize64, f.UncompressedSize64)
		m.size = 0
	}
	if f.Method == zip.Store && m.reason == "" && f.Flags&1 == 0 && a.base >= 0 {
		if at, err := f.DataOffset(); err != nil || at > a.sr.Size()-m.size {
			m.reason, m.detail = Corrupt, "zip: its bytes lie behind the end of the archive"
		} else {
			m.offset = a.base + at
		}
	}
	return m
}

// opener opens a member. What is wrong with it concerns no other member.
func (a *zipLister) opener(f *zip.File) func() (io.Reader, error) {
	return func() (io.Reader, error) {
		if f.Flags&1 != 0 {
			return nil, &damage{Unsupported, "zip: encrypted"}
		}
		in, err := f.Open()
		if errors.Is(err, zip.ErrAlgorithm) {
			name := zipMethods[f.Method]
			if name == "" {
				name = fmt.Sprintf("method %d", f.Method)
			}
			return nil, &damage{Unsupported, fmt.Sprintf("zip: packed by %s, which is not read; unpack the archive with 7z x", name)}
		}
		if err != nil {
			return nil, &damage{Corrupt, err.Error()}
		}
		return zipMember{in}, nil
	}
}

type zipMember struct{ in io.Reader }

func (m zipMember) Read(p []byte) (int, error) {
	n, err := m.in.Read(p)
	if err != nil && err != io.EOF {
		err = &damage{Corrupt, err.Error()}
	}
	return n, err
}

// zipName is a member's name in UTF-8 with slashes: without the mark for UTF-8
// it is the DOS code page 437, unless it is valid UTF-8, as macOS writes it.
func zipName(f *zip.File) string {
	name := f.Name
	if f.NonUTF8 && !utf8.ValidString(name) {
		if decoded, err := charmap.CodePage437.NewDecoder().String(name); err == nil {
			name = decoded
		}
	}
	if !strings.Contains(name, "/") {
		name = strings.ReplaceAll(name, `\`, "/") // Windows' own
	}
	return name
}

// annotations reads the labels that an archive has in files of its own, such as
// Tiny ImageNet's.
func (a *zipLister) annotations() error {
	for _, f := range a.zip.File {
		if path.Base(f.Name) != annotationsName || f.Flags&1 != 0 {
			continue
		}
		in, err := f.Open()
		if err != nil {
			return fmt.Errorf("image archive %s: %s: %w", a.label, f.Name, err)
		}
		labels, err := readAnnotations(in)
		in.Close()
		if err != nil {
			return fmt.Errorf("image archive %s: %s: %w", a.label, f.Name, err)
		}
		for name, label := range labels {
			if a.labels == nil {
				a.labels = map[string]string{}
			}
			a.labels[path.Join(path.Dir(f.Name), "images", name)] = label
		}
	}
	return nil
}
