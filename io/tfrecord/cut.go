package tfrecord

import "encoding/binary"

// Cut takes the first record off b, the bytes of uncompressed records in memory;
// its data and the rest are parts of b. The checksums are verified.
func Cut(b []byte) (data, rest []byte, err error) {
	if len(b) < headerSize || !headerOK(b) {
		return nil, b, &FormatError{Cause: LengthChecksum}
	}
	n := binary.LittleEndian.Uint64(b)
	if n > uint64(len(b)-headerSize) || uint64(len(b)-headerSize)-n < footerSize {
		return nil, b, &FormatError{Cause: Truncated}
	}
	data = b[headerSize : headerSize+n : headerSize+n]
	if rest = b[headerSize+n:]; maskedCRC(data) != binary.LittleEndian.Uint32(rest) {
		return nil, b, &FormatError{Cause: DataChecksum}
	}
	return data, rest[footerSize:], nil
}
