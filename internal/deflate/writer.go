package deflate

import (
	"encoding/binary"
	"errors"
	"hash"
	"hash/adler32"
	"hash/crc32"
	"io"
)

var errClosed = errors.New("deflate: write after Close")

// Writer compresses to one stream, in about 250 KB of memory. It is not safe for
// concurrent use.
type Writer struct {
	body *compressor
	sum  hash.Hash32
	size uint32 // of what was written, modulo 2^32
	gzip bool
	err  error // the first error, kept
}

// NewGzip returns a writer of a gzip file of one member, without a name or a
// time. Whole bytes go to out, in pieces of up to 64 KiB.
func NewGzip(out io.Writer) *Writer {
	w := &Writer{body: newCompressor(out), sum: crc32.NewIEEE(), gzip: true}
	w.body.raw(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255) // no flags, no time, an unknown system
	return w
}

// NewZlib returns a writer of a zlib stream, as NewGzip.
func NewZlib(out io.Writer) *Writer {
	w := &Writer{body: newCompressor(out), sum: adler32.New()}
	w.body.raw(0x78, 0x5e) // 32 KiB of history, a fast compressor
	return w
}

// Write compresses p, and keeps what does not fill a block yet. Errors are those
// of the writer below; each is returned again by every further call.
func (w *Writer) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.body.write(p)
	_, _ = w.sum.Write(p[:n])
	w.size += uint32(n)
	w.err = err
	return n, err
}

// Close ends the stream; it does not close the writer below. A second call does
// nothing.
func (w *Writer) Close() error {
	if w.err != nil {
		if w.err == errClosed {
			return nil
		}
		return w.err
	}
	w.body.end()
	sum := w.sum.Sum32()
	if w.gzip {
		w.body.raw(binary.LittleEndian.AppendUint32(nil, sum)...)
		w.body.raw(binary.LittleEndian.AppendUint32(nil, w.size)...)
	} else {
		w.body.raw(binary.BigEndian.AppendUint32(nil, sum)...)
	}
	if err := w.body.flush(); err != nil {
		w.err = err
		return err
	}
	w.err = errClosed
	return nil
}
