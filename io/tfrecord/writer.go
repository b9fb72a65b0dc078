package tfrecord

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/retort-ml/retort/internal/crc32c"
)

// A writer's buffer grows as it is filled, from writeFirst to writeMost: the
// larger the calls, the less they cost, but many writers have little to write.
const (
	writeFirst = 64 << 10
	writeMost  = 1 << 20
)

var errClosed = errors.New("tfrecord: write after Close")

// Writer writes records. It is not safe for use by several goroutines.
type Writer struct {
	out     counted
	zip     io.WriteCloser // nil without compression
	sum     crc32c.File    // of an uncompressed file
	space   reserve
	buf     []byte
	most    int // how large buf may grow
	filled  int // bytes of whole buffers
	records int64
	opts    Options
	before  int64 // records before the last Break
	ended   bool  // by Break: the next record begins another stream
	err     error // the first error, kept
}

// NewWriter writes records to w. Close ends the compressed stream and hands on
// what is buffered; it does not close w.
func NewWriter(w io.Writer, opts Options) (*Writer, error) {
	if opts.Compression == Auto {
		opts.Compression = CompressionOf(opts.Path)
	}
	t := &Writer{out: counted{w: w}, space: newReserve(w), opts: opts}
	zip, err := compressor(&t.out, opts)
	if err != nil {
		return nil, err
	}
	t.zip, t.out.sum = zip, zip != nil
	if t.most = opts.BufferBytes; t.most <= 0 {
		t.most = writeMost
	}
	t.buf = make([]byte, 0, min(writeFirst, t.most))
	return t, nil
}

// Write appends one record; data is not kept. After an error every further call
// returns that error.
func (w *Writer) Write(data []byte) error {
	if w.err != nil {
		return w.err
	}
	var header [headerSize]byte
	binary.LittleEndian.PutUint64(header[:], uint64(len(data)))
	binary.LittleEndian.PutUint32(header[8:], maskedCRC(header[:8]))
	w.put(header[:])
	crc := w.putSummed(data)
	var footer [footerSize]byte
	binary.LittleEndian.PutUint32(footer[:], mask(crc))
	w.put(footer[:])
	if w.zip == nil {
		w.sum.Add(header[:])
		w.sum.Join(data, crc)
		w.sum.Add(footer[:])
	}
	if w.err == nil {
		w.records++
	}
	return w.err
}

// putSummed is put, and returns the CRC of p.
func (w *Writer) putSummed(p []byte) (crc uint32) {
	for len(p) > 0 && w.err == nil {
		at := len(w.buf)
		n := min(len(p), cap(w.buf)-at)
		w.buf = w.buf[:at+n]
		crc = crc32c.Copy(w.buf[at:], p[:n], crc)
		w.handOn()
		p = p[n:]
	}
	return crc
}

// put appends to the buffer, and hands on whole buffers.
func (w *Writer) put(p []byte) {
	for len(p) > 0 && w.err == nil {
		n := copy(w.buf[len(w.buf):cap(w.buf)], p)
		w.buf, p = w.buf[:len(w.buf)+n], p[n:]
		w.handOn()
	}
}

// handOn hands on the buffer if it is full. The next one is as large as all
// before, so that it begins at a multiple of its size: a kernel keeps a file in
// pages as large as that allows.
func (w *Writer) handOn() {
	if len(w.buf) < cap(w.buf) {
		return
	}
	w.flush()
	if w.filled += cap(w.buf); w.filled > cap(w.buf) && cap(w.buf) < w.most {
		w.buf = make([]byte, 0, min(2*cap(w.buf), w.most))
	}
}

func (w *Writer) flush() {
	if len(w.buf) == 0 || w.err != nil {
		return
	}
	var err error
	if w.zip != nil {
		if err = w.reopen(); err == nil {
			_, err = w.zip.Write(w.buf)
		}
	} else {
		w.space.ahead(w.out.n + int64(len(w.buf)))
		_, err = w.out.Write(w.buf)
	}
	w.buf = w.buf[:0]
	if err != nil {
		w.err = fmt.Errorf("writing record %d: %w", w.records, err)
	}
}

// Close hands on what is buffered and ends the compressed stream. Records, Bytes
// and CRC32C are final after it.
func (w *Writer) Close() error {
	if w.err == errClosed {
		return nil
	}
	w.flush()
	if w.zip != nil && w.err == nil && !w.ended {
		if err := w.zip.Close(); err != nil {
			w.err = fmt.Errorf("ending the %d records: %w", w.records, err)
		}
	}
	err := w.err
	if err == nil && w.zip == nil {
		err = w.space.end(w.out.n)
	}
	w.err, w.buf = errClosed, nil
	return err
}

// Break makes the records that follow readable without those before: in a file
// compressed with gzip or zstd they begin another stream, which readers take for
// the same file. It returns the place in the file where they will lie. TensorFlow
// reads one stream of zlib only: there, Break is an error.
func (w *Writer) Break() (offset int64, err error) {
	if w.err == nil && w.opts.Compression == Zlib {
		return 0, errors.New("tfrecord: a file compressed with zlib is one stream")
	}
	if w.zip == nil {
		return w.out.n + int64(len(w.buf)), w.err
	}
	w.flush()
	if w.err == nil && w.records > w.before && !w.ended {
		if err := w.zip.Close(); err != nil {
			w.err = fmt.Errorf("ending a stream after %d records: %w", w.records, err)
		}
		w.ended = true
	}
	w.before = w.records
	return w.out.n, w.err
}

// reopen begins the next stream, where Break ended the last one.
func (w *Writer) reopen() (err error) {
	if !w.ended {
		return nil
	}
	w.ended = false
	if z, ok := w.zip.(*zstd.Encoder); ok {
		z.Reset(&w.out)
		return nil
	}
	w.zip, err = compressor(&w.out, w.opts)
	return err
}

// Records is the number of records written.
func (w *Writer) Records() int64 { return w.records }

// Bytes is the number of bytes handed on so far: after Close, the file's size.
func (w *Writer) Bytes() int64 { return w.out.n }

// CRC32C is the CRC-32C (Castagnoli, not masked) of those bytes: after Close,
// the file's.
func (w *Writer) CRC32C() uint32 {
	if w.zip == nil {
		return w.sum.Sum()
	}
	return w.out.crc
}

// counted passes bytes on and keeps their count, and their checksum where nobody
// else does.
type counted struct {
	w   io.Writer
	n   int64
	sum bool
	crc uint32
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	if c.sum {
		c.crc = crc32c.Update(c.crc, p[:n])
	}
	return n, err
}

// Flush hands on what is buffered, so that a reader of the growing file sees all
// records so far. A compressed stream keeps what it needs to compress well until
// Close.
func (w *Writer) Flush() error {
	w.flush()
	return w.err
}
