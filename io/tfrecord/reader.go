package tfrecord

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Position says where a record is.
type Position struct {
	Record int64 // number of the record, from 0
	Offset int64 // where its header starts, in bytes after decompression
	// FileOffset is Offset for an uncompressed file. In a compressed one it is a
	// place in the file before which the whole record lies.
	FileOffset int64
}

// Reader reads records in order. It is not safe for use by several goroutines.
type Reader struct {
	opts   Options
	win    window
	closer io.Closer
	next   int64    // number of the next record
	pos    Position // of the last record
	err    error    // the first error, kept
}

// NewReader reads records from r, which it does not close. Errors that concern
// the start of the file come with the first record.
func NewReader(r io.Reader, opts Options) *Reader {
	t := &Reader{opts: opts}
	t.win.init(r, opts, false)
	return t
}

// Next returns the next record, io.EOF after the last, a *FormatError when the
// file is wrong. The bytes are valid until the next call.
func (r *Reader) Next() ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	b, err := r.framed()
	if err != nil {
		return nil, err
	}
	n, total := binary.LittleEndian.Uint64(b), len(b)
	data := b[headerSize : headerSize+n : headerSize+n]
	if !r.opts.NoChecksums && r.win.lo >= r.win.good && maskedCRC(data) != binary.LittleEndian.Uint32(b[headerSize+n:]) {
		return nil, r.fail(DataChecksum, fmt.Sprintf("%d bytes", n), nil)
	}
	r.pos = Position{r.next, r.win.offset(), r.win.fileOffset()}
	r.win.skip(total)
	r.next++
	return data, nil
}

// framed is the next record with its frame, of which the header is as it should
// be.
func (r *Reader) framed() ([]byte, error) {
	b := r.win.need(headerSize)
	if len(b) < headerSize {
		return nil, r.end(b)
	}
	if r.win.lo >= r.win.good && !headerOK(b) {
		return nil, r.fail(cause(LengthChecksum, r.next), "", nil)
	}
	n := binary.LittleEndian.Uint64(b)
	if n > r.opts.maxRecord() {
		return nil, r.tooLong(n)
	}
	total := int(n) + frameSize
	if len(b) < total {
		if b = r.win.need(total); len(b) < total {
			return nil, r.short(b, n)
		}
	}
	return b[:total], nil
}

// Skip passes over the next n records as Next does, but without a look at their
// data. The error is io.EOF where there are not so many.
func (r *Reader) Skip(n int64) error {
	for ; n > 0 && r.err == nil; n-- {
		b, err := r.framed()
		if err != nil {
			return err
		}
		r.win.skip(len(b))
		r.next++
	}
	return r.err
}

// All yields the records that are left; an error comes last, with nil bytes. The
// bytes are valid until the next one.
func (r *Reader) All() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for {
			rec, err := r.Next()
			if err == io.EOF || !yield(rec, err) || err != nil {
				return
			}
		}
	}
}

// Position is that of the record that Next returned last.
func (r *Reader) Position() Position { return r.pos }

// Compression is what the file has, known after the first call of Next.
func (r *Reader) Compression() Compression { return r.win.compression }

// Close gives buffers back, and closes the file that Open opened.
func (r *Reader) Close() error {
	r.win.release()
	if r.err == nil {
		r.err = errors.New("tfrecord: read after Close")
	}
	if r.closer == nil {
		return nil
	}
	c := r.closer
	r.closer = nil
	return c.Close()
}

// cause tells a file that never was a TFRecord from one that is damaged.
func cause(c Cause, record int64) Cause {
	if c == LengthChecksum && record == 0 {
		return NotTFRecord
	}
	return c
}

func (r *Reader) fail(c Cause, detail string, err error) error {
	r.err = &FormatError{Path: r.opts.Path, Record: r.next, Offset: r.win.offset(),
		Cause: c, Detail: detail, Err: err}
	return r.err
}

// leftover tells the beginning of a header that was cut from bytes that are no
// header: as far as they are there, a length is below 4 GiB and its checksum
// matches.
func leftover(b []byte) (Cause, string) {
	var crc [4]byte
	if len(b) > 8 {
		binary.LittleEndian.PutUint32(crc[:], maskedCRC(b[:8]))
	}
	cut := bytes.HasPrefix(crc[:], b[min(len(b), 8):]) && len(bytes.Trim(b[min(len(b), 4):min(len(b), 8)], "\x00")) == 0
	if cut {
		return Truncated, fmt.Sprintf("%d of the %d bytes of a header are there", len(b), headerSize)
	}
	return TrailingBytes, fmt.Sprintf("%d bytes", len(b))
}

// end judges a file that has fewer bytes left than a header.
func (r *Reader) end(left []byte) error {
	switch err := r.win.err; {
	case err == io.EOF && len(left) > 0 && r.opts.Strict:
		c, detail := leftover(left)
		return r.fail(c, detail, nil)
	case err == io.EOF:
		r.err = io.EOF
		return io.EOF
	case errors.Is(err, errCut) && r.opts.Strict:
		return r.fail(Truncated, "", err)
	case errors.Is(err, errCut):
		r.err = io.EOF
		return io.EOF
	default:
		return r.broken(err)
	}
}

// short judges a file that ends inside a record of n bytes.
func (r *Reader) short(have []byte, n uint64) error {
	if err := r.win.err; err != io.EOF && !errors.Is(err, errCut) {
		return r.broken(err)
	}
	return r.fail(Truncated, fmt.Sprintf("%d of %d bytes are there", len(have), n+frameSize), nil)
}

// broken passes on an error of the stream: damage, or the reader's own.
func (r *Reader) broken(err error) error {
	var damage *streamError
	if errors.As(err, &damage) {
		return r.fail(Stream, "", damage.err)
	}
	r.err = fmt.Errorf("%srecord %d at byte %d: reading: %w", prefix(r.opts.Path), r.next, r.win.offset(), err)
	return r.err
}

// tooLong looks whether a record over the limit is there at all: a length that
// nothing backs is a truncated file, as TensorFlow says.
func (r *Reader) tooLong(n uint64) error {
	at := r.win.offset()
	have, whole := r.win.discard(n, frameSize)
	if !whole {
		if err := r.win.err; err != io.EOF && !errors.Is(err, errCut) {
			return r.broken(err)
		}
		r.err = &FormatError{Path: r.opts.Path, Record: r.next, Offset: at, Cause: Truncated,
			Detail: fmt.Sprintf("%d bytes are there, the length says %d", have, n)}
		return r.err
	}
	r.err = &VersionError{r.opts.Path, fmt.Sprintf("record %d at byte %d has %d bytes, over the limit of %d (raise MaxRecordBytes)",
		r.next, at, n, r.opts.maxRecord())}
	return r.err
}

func prefix(path string) string {
	if path == "" {
		return ""
	}
	return path + ": "
}
