package jpeg

import (
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// goldenDir holds JPEG files made with OpenCV's and Pillow's encoders and what
// libjpeg-turbo 3.2.0 (through Pillow 13.0.0) decodes them to; name.2.png is
// the image at scale 1/2.
const goldenDir = "testdata/golden"

func readPNG(t testing.TB, path string) (pix []byte, w, h int) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	w, h = img.Bounds().Dx(), img.Bounds().Dy()
	for y := range h {
		for x := range w {
			r, g, b, _ := img.At(x, y).RGBA()
			pix = append(pix, byte(r>>8), byte(g>>8), byte(b>>8))
		}
	}
	return pix, w, h
}

func goldenFiles(t testing.TB) []string {
	t.Helper()
	dir := goldenDir
	if env := os.Getenv("RETORT_JPEG_GOLDEN"); env != "" {
		dir = env
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.jpg"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files in %s: %v", dir, err)
	}
	return files
}

// difference describes where two images differ, "" if nowhere.
func difference(got, want []byte, w int) string {
	if len(got) != len(want) {
		return fmt.Sprintf("%d bytes, want %d", len(got), len(want))
	}
	count, largest, first := 0, 0, ""
	for i := range got {
		if got[i] != want[i] {
			count++
			largest = max(largest, int(got[i])-int(want[i]), int(want[i])-int(got[i]))
			if first == "" {
				first = fmt.Sprintf("x %d y %d channel %d: got %d, want %d", i/3%w, i/3/w, i%3, got[i], want[i])
			}
		}
	}
	if count == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d samples differ, by up to %d; first: %s", count, len(got), largest, first)
}

func TestMatchesLibjpegTurbo(t *testing.T) {
	var d Decoder
	for _, file := range goldenFiles(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		base := strings.TrimSuffix(file, ".jpg")
		for scale := 1; scale <= 8; scale *= 2 {
			name := base + ".png"
			if scale > 1 {
				name = fmt.Sprintf("%s.%d.png", base, scale)
			}
			if _, err := os.Stat(name); err != nil {
				continue
			}
			t.Run(filepath.Base(name), func(t *testing.T) {
				want, w, h := readPNG(t, name)
				got, err := d.DecodeRegion(data, nil, image.Rect(0, 0, w, h), scale)
				if err != nil {
					t.Fatal(err)
				}
				if diff := difference(got, want, w); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}
