package imagefile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"path"
	"slices"
	"strings"

	store "github.com/retort-ml/retort/io/blob"
	"github.com/retort-ml/retort/io/tfrecord"
)

// blob is the bytes of an archive or of a file of records: a file, a stretch of
// one, or a stream out of another archive.
type blob struct {
	label  string // how errors name it: the file, and what inside it
	uri    string // the file
	name   string // of the archive itself, which tells its kind where its bytes do not
	prefix string // of the names of its entries
	class  string // the class folder of entries that lie in none; "" for none
	depth  int    // how many archives it lies in

	sr   *io.SectionReader // of a stretch of uri, nil for a stream
	base int64             // where sr begins in uri
	r    *bufio.Reader     // of sr, or the stream
	pos  int64             // of r, from the beginning
}

// maxDepth is how many archives and compressions may lie in each other.
const maxDepth = 6

func (b *blob) plain() bool { return b.sr != nil }

func (b *blob) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.pos += int64(n)
	return n, err
}

func (b *blob) discard(n int) {
	n, _ = b.r.Discard(n)
	b.pos += int64(n)
}

const archiveBuffer = 128 << 10

// openBlob opens a file as a blob.
func openBlob(p, prefix string) (*blob, store.File, error) {
	f, err := store.OpenFile(p)
	if err != nil {
		return nil, nil, fmt.Errorf("image archive %s: %w", p, cause(err))
	}
	b := &blob{label: p, uri: p, name: unset(p), prefix: prefix, sr: io.NewSectionReader(f, 0, f.Size())}
	b.r = bufio.NewReaderSize(b.sr, archiveBuffer)
	return b, f, nil
}

// archive lists the archive at p, whose entries are named below prefix and, if
// they lie in no folder inside it, belong to the class folder.
func (l *lister) archive(p, prefix, folder string) error {
	if l.opt.Closed {
		return l.leave(&Closed{Path: p, Prefix: prefix, Folder: folder})
	}
	b, f, err := openBlob(p, prefix)
	if err != nil {
		return err
	}
	defer f.Close()
	b.class = folder
	if b.sr.Size() == 0 {
		return fmt.Errorf("image archive %s: the file is empty; get it again", p)
	}
	return l.open(b)
}

// open lists an archive by what its first bytes say that it is.
func (l *lister) open(b *blob) error {
	if b.depth > maxDepth {
		return fmt.Errorf("image archive %s: lies in more than %d archives; unpack the outer ones", b.label, maxDepth)
	}
	head, err := b.r.Peek(tarBlock)
	if len(head) == 0 && err != io.EOF {
		return fmt.Errorf("image archive %s: %w", b.label, cause(err))
	}
	if ext, mend := foreignMagic(head); ext != "" {
		return fmt.Errorf("image archive %s: %s archives are not read; unpack it (%s) and name the folder", b.label, ext, mend)
	}
	for i := range streams {
		if bytes.HasPrefix(head, []byte(streams[i].magic)) {
			return l.compressed(b, &streams[i])
		}
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")), strings.HasSuffix(strings.ToLower(b.name), ".zip"):
		return l.zip(b)
	case isTarHeader(head):
		return l.tar(b)
	}
	for i := range streams { // its name says compressed, its bytes do not
		for _, suffix := range streams[i].suffixes {
			if strings.HasSuffix(strings.ToLower(b.name), suffix) {
				return fmt.Errorf("image archive %s: not %s: it begins with % x; get the file again", b.label, streams[i].name, head[:min(8, len(head))])
			}
		}
	}
	return l.tar(b)
}

// compressed lists the archive inside a compressed stream.
func (l *lister) compressed(b *blob, s *stream) error {
	z, err := s.open(b)
	if err != nil {
		return fmt.Errorf("image archive %s: %s: %w; get the file again", b.label, s.name, err)
	}
	defer z.Close()
	inner := *b
	inner.name, inner.sr, inner.pos, inner.depth = inside(b.name), nil, 0, b.depth+1
	inner.r = bufio.NewReaderSize(z, archiveBuffer)
	if _, err := inner.r.Peek(1); err != nil && err != io.EOF {
		return fmt.Errorf("image archive %s: %s: %w; get the file again", b.label, s.name, err)
	}
	return l.open(&inner)
}

// item is one file of an archive, as archives of its kind tell of it.
type item struct {
	name   string // as it stands there
	size   int64  // as it is claimed
	offset int64  // in the blob's file, -1 where its bytes do not lie there plainly
	crc    uint32 // of its bytes (CRC-32), 0 for unknown
	open   func() (io.Reader, error)

	reason Reason // why it must not be used, if it must not
	detail string
}

// crate is an archive that is being listed, of any kind.
type crate struct {
	*lister
	*blob
	samples samples

	dir   string // of the last member, and what it was left behind as, if it was
	left  string
	known bool

	names []uint64 // hashes of the names of images
}

// again counts the names that come more than once. Archives that were appended
// to or updated have them, and so may joined ones.
func (a *crate) again() {
	slices.Sort(a.names)
	a.opt.Stats.Again += int64(len(a.names) - len(slices.Compact(a.names)))
	a.names = nil
}

var nameSeed = maphash.MakeSeed()

// leftover is what a member was left behind as. Its folder is mostly that of the
// one before it.
func (a *crate) leftover(name string) (as string, ok bool) {
	base := strings.LastIndexByte(name, '/') + 1
	if !a.known || a.dir != name[:base] {
		a.dir, a.known = name[:base], true
		a.left, _ = leftover(a.dir)
	}
	if a.left != "" {
		return a.left, true
	}
	return leftoverPart(name[base:])
}

// take lists one member.
func (a *crate) take(m item) error {
	if err := a.ctx.Err(); err != nil {
		return err
	}
	if as, ok := a.leftover(m.name); ok {
		a.opt.Stats.pass(passedLeftover, as)
		return nil
	}
	clean := path.Clean(m.name)
	named := imageName(clean)
	switch {
	case named:
	case m.reason == "" && isArchive(clean):
		return a.nested(m, clean)
	case m.reason == "" && m.size > 0 && tfrecord.IsName(path.Base(clean)):
		return a.recordsOf(m, clean)
	case m.reason == "" && labelFile(clean):
		if done, err := a.sidecar(&m, clean); done || err != nil {
			return err
		}
	}
	return a.image(m, clean, named)
}

// image lists a member that is an image by its name or by its first bytes.
func (a *crate) image(m item, clean string, named bool) error {
	e := Entry{Name: clean, URI: a.uri, Offset: m.offset, Length: m.size, CRC: m.crc, Reason: m.reason, Detail: m.detail}
	e.place(a.folderOf(clean))
	if a.prefix != "" {
		e.Name = path.Join(a.prefix, clean)
	}
	if m.offset < 0 {
		e.Offset = 0
	}
	if e.Reason != "" {
		e.Name, e.Class, e.Folder = m.name, "", ""
	}
	var head [sniffLen]byte
	var in io.Reader
	n := 0
	if e.Reason == "" || e.Reason == BadName {
		var err error
		if in, err = m.open(); err == nil {
			n, err = io.ReadFull(in, head[:min(sniffLen, m.size)])
		}
		if err != nil {
			return a.unreadable(e, m, err)
		}
	}
	if !named && sniff(head[:n]) == "" {
		a.opt.Stats.other(m.name)
		return nil
	}
	if m.offset < 0 && e.Reason == "" && m.size <= a.opt.MaxBytes {
		e.Data = make([]byte, m.size)
		copy(e.Data, head[:n])
		if err := readWhole(in, e.Data[n:]); err != nil {
			return a.unreadable(e, m, err)
		}
	}
	if e.Folder != "" && e.Folder == a.blob.class {
		a.opt.Stats.ByArchive++
	}
	a.names = append(a.names, maphash.String(nameSeed, clean))
	return a.hold(e)
}

// readWhole reads what must fill p, to its end, where a zip compares checksums.
func readWhole(in io.Reader, p []byte) error {
	if _, err := io.ReadFull(in, p); err != nil {
		return err
	}
	var more [1]byte
	switch n, err := in.Read(more[:]); {
	case n > 0:
		return &damage{Corrupt, "more bytes than its archive tells"}
	case err != nil && err != io.EOF:
		return err
	}
	return nil
}

// damage is the error of a member that cannot be read while the rest of its
// archive can.
type damage struct {
	reason Reason
	cause  string
}

func (d *damage) Error() string { return d.cause }

func (a *crate) unreadable(e Entry, m item, err error) error {
	var d *damage
	if !errors.As(err, &d) {
		return err
	}
	if !imageName(m.name) {
		a.opt.Stats.other(m.name)
		return nil
	}
	e.Reason, e.Detail, e.Data = d.reason, d.cause, nil
	return a.hold(e)
}

// folderOf is the class folder of a member: that inside the archive, or else
// that which the archive stands for.
func (a *crate) folderOf(clean string) string {
	if dir := folderOf(clean); dir != "" {
		return dir
	}
	return a.blob.class
}

// nested lists an archive inside an archive. Its name, without extension, is
// the class of images that lie in no folder inside it.
func (a *crate) nested(m item, clean string) error {
	if err := a.flush(); err != nil {
		return err
	}
	inner := &blob{label: a.label + ": " + clean, uri: a.uri, name: clean, prefix: path.Join(a.prefix, clean),
		class: path.Join(path.Dir(clean), stem(clean)), depth: a.depth + 1}
	if shardLike(stem(clean)) {
		inner.class = a.folderOf(clean)
	}
	in, err := a.inner(inner, m)
	if err != nil || in == nil {
		return err
	}
	return a.lister.open(inner)
}

// inner gives a blob the bytes of a member.
func (a *crate) inner(b *blob, m item) (io.Reader, error) {
	if m.offset >= 0 {
		b.sr, b.base = io.NewSectionReader(a.sr, m.offset-a.base, m.size), m.offset
		b.r = bufio.NewReaderSize(b.sr, archiveBuffer)
		return b.sr, nil
	}
	in, err := m.open()
	if err != nil {
		return nil, fmt.Errorf("image archive %s: %w", b.label, err)
	}
	b.r = bufio.NewReaderSize(in, archiveBuffer)
	return in, nil
}

// recordsOf lists a TFRecord file inside an archive.
func (a *crate) recordsOf(m item, clean string) error {
	if err := a.flush(); err != nil {
		return err
	}
	inner := &blob{label: a.label + ": " + clean, uri: a.uri, name: clean, prefix: path.Join(a.prefix, clean), depth: a.depth + 1}
	if _, err := a.inner(inner, m); err != nil {
		return err
	}
	return a.lister.records(inner, nil, false)
}
