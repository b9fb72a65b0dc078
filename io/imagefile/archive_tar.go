package imagefile

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
)

const tarBlock = 512

// seekable lets tar.Reader skip by seeking, within a stretch of a file.
type seekable struct{ *blob }

// Seek serves tar.Reader, which only ever asks for the position and for moves
// relative to it or to the end.
func (s seekable) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += s.pos
	case io.SeekEnd:
		offset += s.sr.Size()
	}
	if ahead := offset - s.pos; ahead >= 0 && ahead <= int64(s.r.Buffered()) {
		n, err := s.r.Discard(int(ahead))
		s.pos += int64(n)
		return s.pos, err
	}
	if _, err := s.sr.Seek(offset, io.SeekStart); err != nil {
		return s.pos, err
	}
	s.r.Reset(s.sr)
	s.pos = offset
	return s.pos, nil
}

// tarLister lists a tar, and those that were joined to it.
type tarLister struct {
	crate
	src  io.Reader
	tar  *tar.Reader
	seen int
}

func (l *lister) tar(b *blob) error {
	a := &tarLister{crate: crate{lister: l, blob: b}, src: b}
	if b.plain() {
		a.src = seekable{b}
	}
	err := a.run()
	if err == errStop {
		return err
	}
	if flushed := a.end(); flushed != nil { // what came before the damage is listed
		return flushed
	}
	return err
}

func (a *tarLister) run() error {
	for more := true; more; {
		a.tar = tar.NewReader(a.src)
		if err := a.one(); err != nil {
			return err
		}
		var err error
		if more, err = a.further(); err != nil {
			return err
		}
	}
	return nil
}

// one lists the members up to an archive's end.
func (a *tarLister) one() error {
	open := func() (io.Reader, error) { return tarMember{a}, nil }
	for {
		h, err := a.tar.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return a.broken(err)
		}
		a.seen++
		if h.Typeflag == tar.TypeDir || h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		m := item{name: h.Name, size: h.Size, offset: -1, open: open}
		if a.plain() && !sparse(h) {
			m.offset = a.base + a.pos
		}
		m.reason, m.detail = badMember(h)
		if err := a.take(m); err != nil {
			return err
		}
	}
}

// tarMember reads the member that tar.Next came to last.
type tarMember struct{ *tarLister }

func (m tarMember) Read(p []byte) (int, error) {
	n, err := m.tar.Read(p)
	if err != nil && err != io.EOF {
		err = m.broken(err)
	}
	return n, err
}

// further goes on behind the two empty blocks that end a tar, as GNU tar does
// with -i: archives are joined with cat, and appended to. Reading a compressed
// stream to its end checks its checksum too.
func (a *tarLister) further() (bool, error) {
	for {
		if err := a.ctx.Err(); err != nil {
			return false, err
		}
		block, err := a.r.Peek(tarBlock)
		switch {
		case len(block) == 0 && err == io.EOF:
			return false, nil
		case len(block) == 0 && errors.Is(err, gzip.ErrHeader):
			a.opt.Stats.pass(passedTail, "")
			return false, nil
		case len(block) == 0:
			return false, a.broken(err)
		case len(bytes.TrimLeft(block, "\x00")) == 0:
			a.discard(len(block))
		case isTarHeader(block):
			return true, nil
		default:
			a.opt.Stats.pass(passedTail, "")
			return false, nil
		}
	}
}

// isTarHeader reports whether a block is a tar header, by its checksum.
func isTarHeader(block []byte) bool {
	if len(block) < tarBlock {
		return false
	}
	want, err := strconv.ParseInt(strings.Trim(string(block[148:156]), " \x00"), 8, 32)
	if err != nil {
		return false
	}
	unsigned, signed := int64(8*' '), int64(8*' ')
	for i, c := range block[:tarBlock] {
		if i < 148 || i >= 156 {
			unsigned += int64(c)
			signed += int64(int8(c))
		}
	}
	return want == unsigned || want == signed
}

func (a *tarLister) broken(err error) error {
	switch {
	case strings.HasPrefix(err.Error(), "image archive "):
		return err
	case a.seen == 0 && errors.Is(err, tar.ErrHeader):
		return fmt.Errorf("image archive %s: not a tar archive", a.label)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("image archive %s: cut short after %d entries; get the whole file again", a.label, a.seen)
	}
	return fmt.Errorf("image archive %s: damaged after %d entries, at byte %d: %w; get the file again", a.label, a.seen, a.base+a.pos, err)
}

// badMember says why a member must not be used, if it must not.
func badMember(h *tar.Header) (Reason, string) {
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse, tar.TypeCont:
	case tar.TypeSymlink:
		return Link, "link to " + h.Linkname + "; tar -h packs what links lead to"
	case tar.TypeLink:
		return Link, "link to " + h.Linkname + "; tar --hard-dereference packs what links lead to"
	default:
		return SpecialFile, fmt.Sprintf("tar entry of type %q", h.Typeflag)
	}
	return badName(h.Name)
}

// badName says why a name leads out of the archive, if it does.
func badName(name string) (Reason, string) {
	if strings.HasPrefix(name, "/") {
		return BadName, "absolute path; pack without it (tar without -P), or unpack and name the folder"
	}
	for part := range strings.SplitSeq(strings.ReplaceAll(name, "\\", "/"), "/") {
		if part == ".." {
			return BadName, `path with ".."`
		}
	}
	return "", ""
}

// sparse members have holes, so that their bytes do not lie in one stretch.
func sparse(h *tar.Header) bool {
	if h.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}
