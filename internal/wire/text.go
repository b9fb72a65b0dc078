package wire

import (
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"
)

// hexed begins a text that is written as hexadecimal digits.
const hexed = "\x00hex:"

// Safe is a text that JSON keeps as it is, from which Plain makes the text again.
// Names of files may be any bytes, and JSON holds valid UTF-8 only: it would put
// other characters in their place, and the file would not be found.
func Safe(text string) string {
	if utf8.ValidString(text) && !strings.HasPrefix(text, hexed) {
		return text
	}
	return hexed + hex.EncodeToString([]byte(text))
}

// Plain takes a text out of what Safe made.
func Plain(text string) string {
	if digits, ok := strings.CutPrefix(text, hexed); ok {
		if raw, err := hex.DecodeString(digits); err == nil {
			return string(raw)
		}
	}
	return text
}

// Readable is a text with what is no UTF-8 in it as \xe9, for where people read it.
func Readable(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for text != "" {
		r, n := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, text[0])
		} else {
			b.WriteString(text[:n])
		}
		text = text[n:]
	}
	return b.String()
}
