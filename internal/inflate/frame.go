package inflate

import (
	"bufio"
	"encoding/binary"
	"hash"
	"hash/adler32"
	"hash/crc32"
	"io"
)

// Reader decompresses the streams of a file. It is not safe for concurrent use.
type Reader struct {
	in   *bufio.Reader
	body *deflate
	sum  hash.Hash32
	size uint32 // of the member, uncompressed
	gzip bool
	err  error
}

// NewGzip reads the head of a gzip file from in. Members that follow each other
// are one stream.
func NewGzip(in *bufio.Reader) (*Reader, error) {
	r := &Reader{in: in, gzip: true, sum: crc32.NewIEEE()}
	if err := r.gzipHead(); err != nil {
		return nil, noEOF(err)
	}
	r.body = newDeflate(in)
	return r, nil
}

// NewZlib reads the head of a zlib stream from in. What follows the stream is
// left unread.
func NewZlib(in *bufio.Reader) (*Reader, error) {
	r := &Reader{in: in, sum: adler32.New()}
	var head [2]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, noEOF(err)
	}
	switch h := binary.BigEndian.Uint16(head[:]); {
	case h&0x0f00 != 0x0800 || h>>12 > 7 || h%31 != 0:
		return nil, damage("no head of a zlib stream")
	case h&0x20 != 0:
		return nil, damage("a zlib stream that wants a dictionary")
	}
	r.body = newDeflate(in)
	return r, nil
}

func (r *Reader) Read(p []byte) (int, error) {
	if r.err != nil || len(p) == 0 {
		return 0, r.err
	}
	for {
		n, err := r.body.read(p)
		_, _ = r.sum.Write(p[:n])
		r.size += uint32(n)
		if err != io.EOF {
			r.err = err
			return n, err
		}
		if r.err = r.next(); r.err != nil {
			return n, r.err
		}
	}
}

// next checks what follows a stream and goes on to the next one; io.EOF if there
// is none.
func (r *Reader) next() error {
	tail := make([]byte, 4, 8)
	if r.gzip {
		tail = tail[:8]
	}
	if _, err := io.ReadFull(r.in, tail); err != nil {
		return noEOF(err)
	}
	if !r.gzip {
		if binary.BigEndian.Uint32(tail) != r.sum.Sum32() {
			return damage("the checksum differs")
		}
		return io.EOF
	}
	if binary.LittleEndian.Uint32(tail) != r.sum.Sum32() || binary.LittleEndian.Uint32(tail[4:]) != r.size {
		return damage("the checksum or the length differs")
	}
	r.sum.Reset()
	r.size = 0
	r.body.reset()
	return r.gzipHead()
}

// Flags of a gzip head.
const (
	headSum = 1 << (iota + 1)
	extra
	name
	comment
	reserved = 0xe0
)

// gzipHead reads the head of a member; io.EOF if there is nothing at all.
func (r *Reader) gzipHead() error {
	var head [10]byte
	if _, err := io.ReadFull(r.in, head[:]); err != nil {
		return err
	}
	flags := head[3]
	if head[0] != 0x1f || head[1] != 0x8b || head[2] != 8 || flags&reserved != 0 {
		return damage("no head of a gzip stream")
	}
	sum := crc32.NewIEEE()
	_, _ = sum.Write(head[:])
	in := io.TeeReader(r.in, sum)
	if flags&extra != 0 {
		if _, err := io.ReadFull(in, head[:2]); err != nil {
			return noEOF(err)
		}
		if _, err := io.CopyN(io.Discard, in, int64(binary.LittleEndian.Uint16(head[:]))); err != nil {
			return noEOF(err)
		}
	}
	for _, field := range []byte{name, comment} {
		for head[0] = 1; flags&field != 0 && head[0] != 0; {
			if _, err := io.ReadFull(in, head[:1]); err != nil {
				return noEOF(err)
			}
		}
	}
	if flags&headSum == 0 {
		return nil
	}
	want := uint16(sum.Sum32())
	if _, err := io.ReadFull(r.in, head[:2]); err != nil {
		return noEOF(err)
	}
	if binary.LittleEndian.Uint16(head[:]) != want {
		return damage("the checksum of the head differs")
	}
	return nil
}
