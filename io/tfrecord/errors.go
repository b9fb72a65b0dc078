package tfrecord

import (
	"fmt"
	"strings"
)

// Cause says what is wrong with a file.
type Cause int

const (
	// Truncated: the file ends inside a record (in Strict mode also inside the
	// header of one, or inside its compressed stream). Everything before is as it
	// was written.
	Truncated Cause = iota + 1
	// LengthChecksum: the length of a record does not match its checksum.
	LengthChecksum
	// DataChecksum: the data of a record do not match their checksum.
	DataChecksum
	// NotTFRecord: the very first length does not match its checksum; this is
	// probably another kind of file, or compressed otherwise.
	NotTFRecord
	// Stream: the compressed stream around the records is damaged.
	Stream
	// TrailingBytes: up to 11 bytes after the last record that are not the
	// beginning of one either (Strict mode).
	TrailingBytes
)

var causeTexts = map[Cause]string{
	Truncated:      "the file is cut short",
	LengthChecksum: "length checksum differs",
	DataChecksum:   "data checksum differs",
	NotTFRecord:    "length checksum differs: is this a TFRecord file?",
	Stream:         "compressed stream is damaged",
	TrailingBytes:  "bytes that are no record",
}

func (c Cause) String() string {
	if text, ok := causeTexts[c]; ok {
		return text
	}
	return fmt.Sprintf("Cause(%d)", int(c))
}

// MarshalText writes the cause in words, for JSON reports.
func (c Cause) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// FormatError says that a file is wrong, and where. Records before Record are
// intact.
type FormatError struct {
	Path   string // as given to Open, or Options.Path
	Record int64  // number of the record, from 0
	Offset int64  // where it starts, in bytes after decompression
	Cause  Cause
	Detail string // numbers that help a person, may be empty
	Err    error  // of the decompressor, may be nil
	Mend   string // what mends it, if not "retort tfrecord repair"
}

func (e *FormatError) Error() string {
	var b strings.Builder
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	fmt.Fprintf(&b, "record %d at byte %d: %s", e.Record, e.Offset, e.Cause)
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	switch {
	case e.Mend != "":
		b.WriteString(" (" + e.Mend + ")")
	case e.Cause == NotTFRecord:
		b.WriteString(` (run "retort tfrecord verify", or name the compression)`)
	default:
		b.WriteString(` (run "retort tfrecord repair")`)
	}
	return b.String()
}

func (e *FormatError) Unwrap() error { return e.Err }

// Truncated reports whether the file is merely too short, as after an
// interrupted copy, rather than changed.
func (e *FormatError) Truncated() bool { return e.Cause == Truncated }

// VersionError says that the file may be right but this program cannot read or
// write it.
type VersionError struct {
	Path  string
	Cause string
}

func (e *VersionError) Error() string {
	if e.Path == "" {
		return "tfrecord: " + e.Cause
	}
	return e.Path + ": " + e.Cause
}
