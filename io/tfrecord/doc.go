// Package tfrecord reads and writes TFRecord files: the framing that TensorFlow
// gives to a sequence of byte records.
//
// A record on disk, integers little-endian:
//
//	bytes   content
//	8       length n of the data
//	4       masked CRC-32C of those 8 bytes
//	n       data
//	4       masked CRC-32C of the data
//
// The mask is ((crc >> 15) | (crc << 17)) + 0xa282ead8. A file is nothing but
// records, whole or inside one gzip, zlib (both readable by TensorFlow) or zstd
// stream.
//
// The [Reader] agrees with TensorFlow on which records of a damaged file are
// good: it yields records until the first bad one and then a [*FormatError]; up
// to 11 bytes after the last record, and a compressed stream that lacks only its
// trailer, count as a clean end. With [Options].Strict these are errors too.
// [Verify] finds all the damage of a file, [Repair] saves what is intact.
package tfrecord

import (
	"encoding/binary"

	"github.com/retort-ml/retort/internal/crc32c"
)

const (
	headerSize = 12 // length and its checksum
	footerSize = 4  // checksum of the data
	frameSize  = headerSize + footerSize

	maskDelta = 0xa282ead8
)

// mask is TensorFlow's masking of a CRC that is stored beside its data, so that
// the CRC of data holding CRCs stays well distributed.
func mask(crc uint32) uint32 { return (crc>>15 | crc<<17) + maskDelta }

func maskedCRC(data []byte) uint32 { return mask(crc32c.Of(data)) }

// headerOK reports whether b starts with a length whose checksum matches. b
// holds at least headerSize bytes.
func headerOK(b []byte) bool {
	return mask(crc32c.Word(binary.LittleEndian.Uint64(b))) == binary.LittleEndian.Uint32(b[8:headerSize])
}
