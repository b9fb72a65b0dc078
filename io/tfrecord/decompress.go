package tfrecord

import (
	"bufio"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/retort-ml/retort/internal/inflate"
)

var errTrailing = errors.New("bytes after the end of the stream")

// errCut says that a compressed stream ends before its end.
var errCut = errors.New("the compressed stream is cut short")

// streamError is damage inside a compressed stream.
type streamError struct{ err error }

func (e *streamError) Error() string { return e.err.Error() }
func (e *streamError) Unwrap() error { return e.err }

func isDamage(err error) bool {
	var damage *streamError
	return errors.As(err, &damage)
}

// local is the file where it is one of this machine, with the place where reading it
// began: who opened it may have gone on from its start. in, if not nil, has bytes of
// it that nobody took.
func (w *window) local(in *bufio.Reader) (f mappable, pos int64, ok bool) {
	if f, ok = w.file.r.(mappable); !ok {
		return nil, 0, false
	}
	pos, err := f.Seek(0, io.SeekCurrent)
	if in != nil {
		pos -= int64(in.Buffered())
	}
	return f, pos, err == nil
}

// open looks at the first bytes and starts decompression. It reports whether
// there is something to read.
func (w *window) open() bool {
	const look = 64 << 10
	var in *bufio.Reader
	w.compression = w.opts.Compression
	if w.compression == Auto || w.compression != None {
		in = bufio.NewReaderSize(w.file, look)
		first, err := in.Peek(headerSize)
		if len(first) == 0 {
			w.compression, w.err = sniff(nil, w.opts.Path), err
			return false
		}
		if w.compression == Auto {
			w.compression = sniff(first, w.opts.Path)
		}
	}
	if w.compression == None {
		local, pos, ok := w.local(in)
		switch {
		case ok:
			w.src = &mapping{file: local, pos: pos}
		case in != nil:
			w.src = &rest{in, w.file}
		default:
			w.src = w.file
		}
		return true
	}
	w.in = in
	src, err := decompressor(in, w.compression, w.opts.recordsOnly)
	if err != nil {
		w.err = w.streamEnd(err)
		return false
	}
	w.src = src
	return true
}

// rest reads what was buffered while looking, then the file itself.
type rest struct {
	in   *bufio.Reader
	file io.Reader
}

func (r *rest) Read(p []byte) (int, error) {
	if r.in != nil && r.in.Buffered() > 0 {
		return r.in.Read(p[:min(len(p), r.in.Buffered())])
	}
	r.in = nil
	return r.file.Read(p)
}

func decompressor(in *bufio.Reader, c Compression, recordsOnly bool) (io.Reader, error) {
	switch c {
	case Gzip:
		return source(inflate.NewGzip(in))
	case Zlib:
		return source(inflate.NewZlib(in))
	case Zstd:
		d, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20),
			zstd.IgnoreChecksum(recordsOnly))
		if err != nil {
			return nil, err
		}
		return &zstdSource{d}, nil
	}
	return nil, &VersionError{Cause: "unknown compression " + c.String()}
}

// source keeps a nil reader from becoming an interface that is not nil.
func source(r *inflate.Reader, err error) (io.Reader, error) {
	if err != nil {
		return nil, err
	}
	return r, nil
}

type zstdSource struct{ *zstd.Decoder }

func (z *zstdSource) release() { z.Close() }

// streamEnd sorts the error of a decompressor: trouble with the file below, end,
// cut, or else damage.
func (w *window) streamEnd(err error) error {
	switch {
	case w.file.err != nil:
		return w.file.err
	case err == io.EOF:
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errCut
	}
	var version *VersionError
	if errors.As(err, &version) {
		return err
	}
	return &streamError{err}
}
