package tfrecord

import (
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

const (
	defaultDeflate = 3
	defaultZstd    = 3

	// deflateBlock is how much of the input shares one table of codes. Pixels
	// change their statistics from row to row: shorter blocks than the encoder's
	// own 64 KiB make views 2 % smaller for 5 bytes a block.
	deflateBlock = 32 << 10
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
		z, err := gzip.NewWriterLevel(w, orDefault(level, defaultDeflate))
		return &blocks{deflater: z}, err
	case Zlib:
		z, err := zlib.NewWriterLevel(w, orDefault(level, defaultDeflate))
		return &blocks{deflater: z}, err
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

type deflater interface {
	io.WriteCloser
	Flush() error
}

// blocks ends a deflate block every deflateBlock bytes.
type blocks struct {
	deflater
	n int // bytes in the block
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
