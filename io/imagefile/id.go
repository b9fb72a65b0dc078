package imagefile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// ID names an image by content: the first 16 bytes of the SHA-256 of its
// encoded bytes. Exact duplicates have the same ID wherever they lie.
type ID [16]byte

// IDOf returns the ID of encoded bytes.
func IDOf(encoded []byte) ID {
	sum := sha256.Sum256(encoded)
	return ID(sum[:16])
}

// String is 32 lower-case hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// ParseID reads what String wrote.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 2*len(id) {
		return ID{}, fmt.Errorf("image id %q has %d characters; want 32 hexadecimal digits", s, len(s))
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return ID{}, fmt.Errorf("image id %q: %w; want 32 hexadecimal digits", s, err)
	}
	return id, nil
}

// MarshalText writes the hexadecimal form.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the hexadecimal form.
func (id *ID) UnmarshalText(text []byte) error {
	parsed, err := ParseID(string(text))
	if err == nil {
		*id = parsed
	}
	return err
}

// UnknownLabel is Ref.Label of an image without a label.
const UnknownLabel int32 = -1

// Ref locates one image's encoded bytes and says what is known of it without
// its pixels. It is what moves through a pipeline instead of pixels.
type Ref struct {
	ID     ID     `json:"id"`
	URI    string `json:"uri"`    // the image file, or the .tar that holds it
	Offset int64  `json:"offset"` // of the first encoded byte in URI
	Length int64  `json:"length"` // encoded bytes
	Width  int    `json:"width"`  // pixels, after EXIF orientation
	Height int    `json:"height"`
	Label  int32  `json:"label"` // class index, or UnknownLabel
	Name   string `json:"name"`  // slash-separated path inside the folder or archive
}
