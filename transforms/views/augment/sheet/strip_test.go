package sheet

import (
	"bytes"
	"image/png"
	"testing"
)

func TestStrips(t *testing.T) {
	big, small := gradient(500, 375), gradient(10, 20)
	for _, strips := range [][]Strip{
		nil,
		{{Title: "empty"}},
		{{Title: "cats", Images: []Thumbnail{NewThumbnail(big.Pix, 500, 375), NewThumbnail(small.Pix, 10, 20)}}, {Title: "broken", Images: []Thumbnail{NewThumbnail(nil, 3, 3)}}},
	} {
		var out bytes.Buffer
		if err := EncodeStrips(&out, strips); err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(&out)
		if err != nil {
			t.Fatal(err)
		}
		if want := gap + len(strips)*(lineHeight+Thumb+gap); img.Bounds().Dy() != want {
			t.Errorf("height %d, want %d", img.Bounds().Dy(), want)
		}
	}
	if got := NewThumbnail(big.Pix, 500, 375).img.Rect.Size(); got.X != Thumb || got.Y != 72 {
		t.Errorf("500 x 375 became %v", got)
	}
	if got := NewThumbnail(small.Pix, 10, 20).img.Rect.Size(); got.X != 40 || got.Y != 80 {
		t.Errorf("10 x 20 became %v", got)
	}
}
