// Package wire is how records lie between the phases of a stage: numbers as varints,
// texts behind their length. It costs a fraction of a tf.train.Example, and nobody
// but the program that wrote it reads it.
package wire

import (
	"encoding/binary"
	"errors"
)

// AppendText appends a text to b.
func AppendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// AppendNumber appends a number.
func AppendNumber(b []byte, n uint64) []byte { return binary.AppendUvarint(b, n) }

// AppendSigned appends a number that may be negative.
func AppendSigned(b []byte, n int64) []byte { return binary.AppendVarint(b, n) }

// Reader reads records one after another. It keeps the texts that many share.
type Reader struct {
	b     []byte
	bad   bool
	texts map[string]string
}

// Open begins a record.
func (r *Reader) Open(record []byte) { r.b, r.bad = record, false }

var errDamaged = errors.New("what an earlier phase left is damaged; run again")

// Close ends it. What was read is good if the error is nil.
func (r *Reader) Close() error {
	if r.bad || len(r.b) > 0 {
		return errDamaged
	}
	return nil
}

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if len(r.b) == 0 {
		r.bad = true
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

// Number reads a number.
func (r *Reader) Number() uint64 {
	v, n := binary.Uvarint(r.b)
	return v * r.took(n)
}

// Signed reads a number that may be negative.
func (r *Reader) Signed() int64 {
	v, n := binary.Varint(r.b)
	return v * int64(r.took(n))
}

// took passes over n bytes; it is 0 where there are none.
func (r *Reader) took(n int) uint64 {
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return 1
}

func (r *Reader) text() []byte {
	n := r.Number()
	if n > uint64(len(r.b)) {
		r.bad = true
		return nil
	}
	text := r.b[:n]
	r.b = r.b[n:]
	return text
}

// Text reads a text.
func (r *Reader) Text() string { return string(r.text()) }

// sharedTexts bounds the texts that a reader remembers.
const sharedTexts = 4096

// Shared reads a text that other records may have too: the archive, the class.
func (r *Reader) Shared() string {
	text := r.text()
	if s, ok := r.texts[string(text)]; ok {
		return s
	}
	if r.texts == nil || len(r.texts) >= sharedTexts {
		r.texts = map[string]string{}
	}
	s := string(text)
	r.texts[s] = s
	return s
}
