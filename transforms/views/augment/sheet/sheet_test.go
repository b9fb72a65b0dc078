package sheet

import (
	"bytes"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"github.com/retort-ml/retort/transforms/views/augment"
)

func gradient(width, height int) augment.Image {
	img := augment.Image{Width: width, Height: height, Pix: make([]uint8, 3*width*height)}
	for i := range width * height {
		copy(img.Pix[3*i:], []uint8{uint8(255 * (i % width) / width), uint8(255 * (i / width) / height), 128})
	}
	return img
}

func row(t *testing.T, img augment.Image, views ...augment.Config) Row {
	r := Row{Title: "photos/gradient.png", Original: img}
	for i, cfg := range views {
		recipe := augment.Draw(&cfg, img.Width, img.Height, augment.Key{View: i})
		pix := make([]uint8, 3*cfg.Size*cfg.Size)
		if err := augment.Render(pix, &cfg, img, recipe); err != nil {
			t.Fatal(err)
		}
		r.Views = append(r.Views, View{Pix: pix, Size: cfg.Size, Recipe: recipe})
	}
	return r
}

func TestSheetShowsOriginalAndViews(t *testing.T) {
	rows := []Row{
		row(t, gradient(500, 375), augment.BYOL(224)...),
		row(t, gradient(32, 32), augment.Pretrain(32), augment.Eval(32), augment.FineTune(32)),
	}
	var out bytes.Buffer
	if err := Encode(&out, rows); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&out)
	if err != nil {
		t.Fatal(err)
	}
	if want := gap + 4*(cell+gap); img.Bounds().Dx() != want {
		t.Errorf("width %d, want %d", img.Bounds().Dx(), want)
	}
	seen := map[color.Color]int{}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			seen[img.At(x, y)]++
		}
	}
	// Each of the frames and boxes of a view's colour, and the captions' ink.
	for _, c := range []color.RGBA{palette[0], palette[1], palette[2], ink} {
		if seen[c] < 100 {
			t.Errorf("colour %v covers %d pixels", c, seen[c])
		}
	}
}

func TestSheetOfNothing(t *testing.T) {
	for _, rows := range [][]Row{nil, {{}}, {{Title: "broken", Original: augment.Image{Width: 9, Height: 9}}}} {
		if img := Draw(rows); img.Bounds().Empty() {
			t.Errorf("%v: an empty image", rows)
		}
	}
}

func TestCaptionsFit(t *testing.T) {
	text := "1: 194x167+71+45 flip h+0.16 s*1.35 c*1.33 b*1.44 gray blur 1.22 solarize"
	lines := wrap(text, 32, caption)
	if got := strings.Join(lines, " "); got != text {
		t.Errorf("%q", got)
	}
	for _, l := range append(lines, wrap(strings.Repeat("word ", 99), 32, caption)...) {
		if len(l) > 32 {
			t.Errorf("%q is too long", l)
		}
	}
	if got := shorten("a/very/long/path/to/some/image.jpeg", 20); got != "a/ver...e/image.jpeg" || len(got) != 20 {
		t.Errorf("%q", got)
	}
}
