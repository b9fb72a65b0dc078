package tfrecord

import (
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

const (
	defaultDeflate = 5
	defaultZstd    = 3
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
		return gzip.NewWriterLevel(w, orDefault(level, defaultDeflate))
	case Zlib:
		return zlib.NewWriterLevel(w, orDefault(level, defaultDeflate))
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
