package tfrecord

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Split appends to dst the records of a part of a file that lies in memory, of one
// that begins where a Break was, or at any record of an uncompressed file, and ends
// likewise. at says where it begins: Record and FileOffset. All checksums are
// verified; an error is a *FormatError. Options.Compression must be said.
//
// The records of an uncompressed file are parts of data. Others are put into
// memory, which grows as need be.
func Split(dst [][]byte, data []byte, memory *[]byte, at Position, opts Options) ([][]byte, error) {
	if opts.Compression == None {
		return split(dst, data, at, opts)
	}
	opts.Strict = true
	r := NewReader(bytes.NewReader(data), opts)
	defer r.Close()
	room, ends := (*memory)[:0], []int(nil)
	defer func() { *memory = room }()
	for {
		record, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return dst, moved(err, at)
		}
		room = append(room, record...)
		ends = append(ends, len(room))
	}
	dst = slices.Grow(dst, len(ends))
	from := 0
	for _, to := range ends {
		dst = append(dst, room[from:to:to])
		from = to
	}
	return dst, nil
}

// split is Split of a file that is not compressed.
func split(dst [][]byte, data []byte, at Position, opts Options) ([][]byte, error) {
	offset, record := at.FileOffset, at.Record
	fail := func(c Cause, detail string) error {
		return &FormatError{Path: opts.Path, Record: record, Offset: offset, Cause: c, Detail: detail}
	}
	for ; len(data) > 0; record++ {
		if len(data) < headerSize {
			return dst, fail(leftover(data))
		}
		if !headerOK(data) {
			return dst, fail(cause(LengthChecksum, record), "")
		}
		n := binary.LittleEndian.Uint64(data)
		if n > opts.maxRecord() || n+frameSize > uint64(len(data)) {
			return dst, fail(Truncated, fmt.Sprintf("%d bytes are there, the length says %d", len(data), n))
		}
		end := headerSize + n
		if maskedCRC(data[headerSize:end]) != binary.LittleEndian.Uint32(data[end:]) {
			return dst, fail(DataChecksum, fmt.Sprintf("%d bytes", n))
		}
		dst = append(dst, data[headerSize:end:end])
		data, offset = data[end+footerSize:], offset+int64(n)+frameSize
	}
	return dst, nil
}

// moved makes an error of a part one of its file.
func moved(err error, at Position) error {
	var format *FormatError
	if errors.As(err, &format) {
		if format.Record == 0 && at.Record > 0 && format.Cause == NotTFRecord {
			format.Cause = LengthChecksum
		}
		format.Record += at.Record
		detail := fmt.Sprintf("of the stream at byte %d of the file", at.FileOffset)
		if format.Detail != "" {
			detail = format.Detail + ", " + detail
		}
		format.Detail = detail
	}
	return err
}
