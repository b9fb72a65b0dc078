package imagefile

import (
	"archive/tar"
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

type archiveType int

const (
	notArchive archiveType = iota
	plainTar
	gzipTar
	zstdTar
)

func archiveKind(name string) archiveType {
	lower := strings.ToLower(name)
	switch {
	case strings.HasSuffix(lower, ".tar"):
		return plainTar
	case strings.HasSuffix(lower, ".tar.gz"), strings.HasSuffix(lower, ".tgz"):
		return gzipTar
	case strings.HasSuffix(lower, ".tar.zst"), strings.HasSuffix(lower, ".tzst"):
		return zstdTar
	}
	return notArchive
}

// archive lists the tar at p, whose entries are named below prefix.
func (l *lister) archive(p, prefix string, kind archiveType) error {
	f, err := os.Open(p)
	if err != nil {
		return fmt.Errorf("image archive %s: %w", p, cause(err))
	}
	defer f.Close()
	src := &tarSource{f: f, r: bufio.NewReaderSize(f, 128<<10)}
	a := &archiveLister{lister: l, uri: p, prefix: prefix, src: src}
	switch kind {
	case plainTar:
		a.tar = tar.NewReader(src)
	case gzipTar:
		z, err := gzip.NewReader(src.r)
		if err != nil {
			return fmt.Errorf("image archive %s: not gzip: %w", p, err)
		}
		a.tar, a.packed = tar.NewReader(z), true
	case zstdTar:
		z, err := zstd.NewReader(src.r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
		if err != nil {
			return fmt.Errorf("image archive %s: not zstd: %w", p, err)
		}
		defer z.Close()
		a.tar, a.packed = tar.NewReader(z), true
	}
	return a.run()
}

type archiveLister struct {
	*lister
	uri, prefix string
	src         *tarSource
	tar         *tar.Reader
	packed      bool // compressed: bytes come with the entry
	seen        int
}

func (a *archiveLister) run() error {
	for {
		h, err := a.tar.Next()
		if err == io.EOF {
			return a.atEnd()
		}
		if err != nil {
			return a.broken(err)
		}
		a.seen++
		if err := a.entry(h); err != nil {
			return err
		}
	}
}

// atEnd tells an archive that ends from one that never began: tar readers take
// an empty file for an empty archive.
func (a *archiveLister) atEnd() error {
	if info, err := a.src.f.Stat(); err == nil && info.Size() == 0 {
		return fmt.Errorf("image archive %s: the file is empty; get it again", a.uri)
	}
	return nil
}

func (a *archiveLister) broken(err error) error {
	switch {
	case a.seen == 0 && errors.Is(err, tar.ErrHeader):
		return fmt.Errorf("image archive %s: not a tar archive", a.uri)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("image archive %s: cut short after %d entries; get the whole file again", a.uri, a.seen)
	}
	return fmt.Errorf("image archive %s: damaged after %d entries: %w", a.uri, a.seen, err)
}

// entry lists one member; it never follows or unpacks anything.
func (a *archiveLister) entry(h *tar.Header) error {
	if h.Typeflag == tar.TypeDir || h.Typeflag == tar.TypeXGlobalHeader || junk(h.Name) {
		if h.Typeflag != tar.TypeDir && h.Typeflag != tar.TypeXGlobalHeader {
			a.opt.Stats.Skipped++
		}
		return nil
	}
	clean := path.Clean(h.Name)
	e := Entry{Name: path.Join(a.prefix, clean), URI: a.uri, Offset: a.src.pos, Length: h.Size, Class: class(clean)}
	if a.packed {
		e.Offset = 0
	}
	e.Reason, e.Detail = badMember(h)
	if e.Reason != "" {
		e.Name, e.Class = h.Name, ""
	}
	var head [sniffLen]byte
	n := 0
	if e.Reason == "" || e.Reason == BadName {
		var err error
		if n, err = io.ReadFull(a.tar, head[:min(sniffLen, h.Size)]); err != nil {
			return a.broken(err)
		}
	}
	if !imageName(h.Name) && sniff(head[:n]) == "" {
		a.opt.Stats.Skipped++
		return nil
	}
	if a.packed && e.Reason == "" && h.Size <= a.opt.MaxBytes {
		e.Data = make([]byte, h.Size)
		copy(e.Data, head[:n])
		if _, err := io.ReadFull(a.tar, e.Data[n:]); err != nil {
			return a.broken(err)
		}
	}
	return a.emit(e)
}

// badMember says why a member must not be used, if it must not.
func badMember(h *tar.Header) (Reason, string) {
	switch h.Typeflag {
	case tar.TypeReg:
	case tar.TypeSymlink, tar.TypeLink:
		return Link, "link to " + h.Linkname
	default:
		return SpecialFile, fmt.Sprintf("tar entry of type %q", h.Typeflag)
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return SpecialFile, "sparse tar entry"
		}
	}
	if strings.HasPrefix(h.Name, "/") {
		return BadName, "absolute path"
	}
	for part := range strings.SplitSeq(strings.ReplaceAll(h.Name, "\\", "/"), "/") {
		if part == ".." {
			return BadName, `path with ".."`
		}
	}
	return "", ""
}

// tarSource reads an archive through a buffer, knows where it is, and skips by
// seeking when the next header lies beyond the buffer.
type tarSource struct {
	f   *os.File
	r   *bufio.Reader
	pos int64
}

func (s *tarSource) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.pos += int64(n)
	return n, err
}

// Seek serves tar.Reader, which only ever asks for the position and for moves
// relative to it or to the end.
func (s *tarSource) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += s.pos
	case io.SeekEnd:
		info, err := s.f.Stat()
		if err != nil {
			return s.pos, err
		}
		offset += info.Size()
	}
	if ahead := offset - s.pos; ahead >= 0 && ahead <= int64(s.r.Buffered()) {
		n, err := s.r.Discard(int(ahead))
		s.pos += int64(n)
		return s.pos, err
	}
	if _, err := s.f.Seek(offset, io.SeekStart); err != nil {
		return s.pos, err
	}
	s.r.Reset(s.f)
	s.pos = offset
	return s.pos, nil
}
