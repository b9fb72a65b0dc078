package jpeg

import (
	"bytes"
	"errors"
	"os"
	"testing"
)

// TestCoarse: a progressive image that ends after a scan, with an end marker, but
// before those that refine it, is cut, not a picture.
func TestCoarse(t *testing.T) {
	data, err := os.ReadFile("testdata/golden/prog-0-37x29.jpg")
	if err != nil {
		t.Fatal(err)
	}
	var d Decoder
	if _, _, _, err := d.Decode(data, nil); err != nil {
		t.Fatal(err)
	}
	for n := bytes.LastIndex(data, []byte("\xff\xda")); n > 0; n = bytes.LastIndex(data[:n], []byte("\xff\xda")) {
		_, _, _, err := d.Decode(append(bytes.Clone(data[:n]), 0xff, mEOI), nil)
		var bad *FormatError
		if !errors.As(err, &bad) {
			t.Errorf("cut at byte %d: %v", n, err)
		}
	}
}
