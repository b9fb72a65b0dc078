package tfrecord

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Compression says how the records of a file are compressed, all of them as one
// stream.
type Compression int

const (
	// Auto is for readers: by the first bytes of the file, then by its name. A
	// writer takes it from the file's name, and None without a name.
	Auto Compression = iota
	None
	Gzip // TensorFlow's "GZIP"
	Zlib // TensorFlow's "ZLIB"
	Zstd // not readable by TensorFlow
)

// Compressions lists every compression a file can have.
var Compressions = []Compression{None, Gzip, Zlib, Zstd}

var compressionNames = []string{"auto", "none", "gzip", "zlib", "zstd"}

func (c Compression) String() string {
	if c < 0 || int(c) >= len(compressionNames) {
		return fmt.Sprintf("Compression(%d)", int(c))
	}
	return compressionNames[c]
}

// Ext is the suffix that a file's name carries after ".tfrecord": "", ".gz",
// ".zlib" or ".zst".
func (c Compression) Ext() string {
	switch c {
	case Gzip:
		return ".gz"
	case Zlib:
		return ".zlib"
	case Zstd:
		return ".zst"
	}
	return ""
}

// MarshalText writes the name, for configurations and JSON.
func (c Compression) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads a name as ParseCompression does.
func (c *Compression) UnmarshalText(text []byte) (err error) {
	*c, err = ParseCompression(string(text))
	return err
}

// ParseCompression reads "auto", "none", "gzip", "zlib" or "zstd", in any case;
// the empty string is None, as in TensorFlow.
func ParseCompression(name string) (Compression, error) {
	if name == "" {
		return None, nil
	}
	for c, n := range compressionNames {
		if strings.EqualFold(n, name) {
			return Compression(c), nil
		}
	}
	return Auto, &VersionError{Cause: fmt.Sprintf("unknown compression %q; want one of %s",
		name, strings.Join(compressionNames, ", "))}
}

// CompressionOf tells the compression from a file's name: None unless the name
// ends in .gz, .zlib, .zz, .zst or .zstd.
func CompressionOf(path string) Compression {
	for suffix, c := range map[string]Compression{
		".gz": Gzip, ".gzip": Gzip, ".zlib": Zlib, ".zz": Zlib, ".zst": Zstd, ".zstd": Zstd} {
		if strings.HasSuffix(strings.ToLower(path), suffix) {
			return c
		}
	}
	return None
}

// Options configure readers and writers; the zero value is right for most.
type Options struct {
	Compression Compression
	// Level is the compression's own level. gzip and zlib: 1 (fast) to 9 (small);
	// 0 is an encoder for pixels, which is faster than level 3 and compresses
	// photos within a tenth as well as TensorFlow's default. zstd: 1 to 22; 0 is 3.
	// Writers only.
	Level int
	// BufferBytes is how large a writer's buffer may grow; 0 is 1 MiB. It is for
	// those who write many files at once.
	BufferBytes int
	// Path names the file in errors. Open and Create set it.
	Path string
	// Strict makes a reader report what TensorFlow passes over: up to 11 bytes
	// after the last record, a compressed stream without its end.
	Strict bool
	// NoChecksums makes a reader skip the checksum of the data. The checksum of
	// the length is always verified.
	NoChecksums bool
	// MaxRecordBytes is the longest record a reader accepts; 0 is 2 GiB. Memory
	// grows only with bytes that are there, whatever a length claims.
	MaxRecordBytes int64

	// recordsOnly passes over zstd's own checksum, which withholds a whole block:
	// for Repair the records' checksums decide.
	recordsOnly bool
}

// defaultMaxRecord is the limit of protobuf, hence of every tf.train.Example.
const defaultMaxRecord = 2 << 30

func (o Options) maxRecord() uint64 {
	if o.MaxRecordBytes > 0 {
		return uint64(o.MaxRecordBytes)
	}
	return defaultMaxRecord
}

// sniff tells the compression from the first bytes of a file. A valid record
// header beats every magic number: a record of 559,903 bytes starts like gzip.
// Without a verdict of the bytes the name decides.
func sniff(first []byte, path string) Compression {
	switch {
	case len(first) >= headerSize && headerOK(first):
		return None
	case len(first) >= 3 && first[0] == 0x1f && first[1] == 0x8b && first[2] == 8:
		return Gzip
	case len(first) >= 4 && isZstdMagic(binary.LittleEndian.Uint32(first)):
		return Zstd
	case len(first) >= 2 && first[0]&0x8f == 0x08 && (uint(first[0])<<8|uint(first[1]))%31 == 0:
		return Zlib
	}
	return CompressionOf(path)
}

// isZstdMagic accepts frames and skippable frames.
func isZstdMagic(magic uint32) bool {
	return magic == 0xfd2fb528 || magic&^0xf == 0x184d2a50
}
