// Package inflate decompresses gzip (RFC 1952) and zlib (RFC 1950) streams of
// data that hardly compress, such as pixels: nearly all of the work is then to
// decode literals and repeated pixels, four or five literals or one repetition to a
// refill of its bit buffer. Each literal waits for the one before: a look-up and a
// shift, which assembly for BMI2 keeps short; its twin in Go gives the same on
// other machines.
//
// It gives what compress/gzip and compress/zlib give, and reads not a byte
// further. Errors: [io.ErrUnexpectedEOF] where the stream is cut, else a
// [*Error]; those of the reader below as they are.
package inflate

import "fmt"

// Error is damage in a stream.
type Error struct{ Cause string }

func (e *Error) Error() string { return "inflate: " + e.Cause }

func damage(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }
