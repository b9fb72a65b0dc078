package tfrecord

import (
	"bufio"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"github.com/retort-ml/retort/internal/deflate"
)

const (
	defaultZstd = 3

	// deflateBlock is how much of the input shares one table of codes. Pixels
	// change their statistics from row to row: shorter blocks than the library's
	// own 64 KiB make views 2 % smaller for 5 bytes a block.
	deflateBlock = 32 << 10
	// deflateCalls gathers the library's output, which comes in pieces of some
	// hundred bytes.
	deflateCalls = 64 << 10
)

// compressor returns the stream that opts asks for, nil for None.
func compressor(w io.Writer, opts Options) (io.WriteCloser, error) {
	limit := map[Compression]int{None: 0, Gzip: 9, Zlib: 9, Zstd: 22}
	top, ok := limit[opts.Compression]
	switch {
	case !ok:
		return nil, &VersionError{opts.Path, fmt.Sprintf("unknown compression %v", opts.Compression)}
	case opts.Level < 0 || opts.Level > top:
		return nil, &VersionError{opts.Path, fmt.Sprintf("level %d of %v; want 0 (the default) to %d",
			opts.Level, opts.Compression, top)}
	}
	level := opts.Level
	switch opts.Compression {
	case Gzip:
		if level == 0 {
			return deflate.NewGzip(w), nil
		}
		return newBlocks(w, func(w io.Writer) (deflater, error) { return gzip.NewWriterLevel(w, level) })
	case Zlib:
		if level == 0 {
			return deflate.NewZlib(w), nil
		}
		return newBlocks(w, func(w io.Writer) (deflater, error) { return zlib.NewWriterLevel(w, level) })
	case Zstd:
		return zstd.NewWriter(w,
			zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(orDefault(level, defaultZstd))),
			zstd.WithEncoderConcurrency(1))
	}
	return nil, nil
}

func orDefault(level, def int) int {
	if level == 0 {
		return def
	}
	return level
}

// deflater is the library's.
type deflater interface {
	io.WriteCloser
	Flush() error
}

// blocks ends a deflate block every deflateBlock bytes.
type blocks struct {
	deflater
	out *bufio.Writer
	n   int // bytes in the block
}

func newBlocks(w io.Writer, open func(io.Writer) (deflater, error)) (*blocks, error) {
	out := bufio.NewWriterSize(w, deflateCalls)
	z, err := open(out)
	return &blocks{deflater: z, out: out}, err
}

func (b *blocks) Close() error {
	if err := b.deflater.Close(); err != nil {
		return err
	}
	return b.out.Flush()
}

func (b *blocks) Write(p []byte) (written int, err error) {
	for len(p) > 0 && err == nil {
		var n int
		n, err = b.deflater.Write(p[:min(len(p), deflateBlock-b.n)])
		b.n, written, p = b.n+n, written+n, p[n:]
		if err == nil && b.n == deflateBlock {
			b.n, err = 0, b.Flush()
		}
	}
	return written, err
}
