package imagefile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fuzzFormat: any bytes that look like the format give an image of the promised
// size or a reason, and never bring a decoder down, which guard would hide.
func fuzzFormat(f *testing.F, format Format, patterns ...string) {
	for _, pattern := range patterns {
		files, _ := filepath.Glob("testdata/golden/" + pattern)
		if len(files) == 0 {
			f.Fatalf("no golden file %s", pattern)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			if len(data) < 1<<11 {
				f.Add(data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if r := recognise(data[:min(sniffLen, len(data))], true); r == nil || r.format != format {
			return
		}
		var lenient Lenient
		img, err := Decode(data, Options{MaxPixels: 1 << 16, Lenient: &lenient})
		if err != nil {
			if q := (*QuarantineError)(nil); !errors.As(err, &q) || strings.Contains(err.Error(), "the decoder failed") {
				t.Fatal(err)
			}
			return
		}
		info, err := DecodeConfig(data)
		if err != nil || info.Width != img.Width || info.Height != img.Height || len(img.Pix) != 3*img.Width*img.Height {
			t.Fatalf("%+v, %v; decoded to %d x %d", info, err, img.Width, img.Height)
		}
	})
}

func FuzzBMP(f *testing.F)  { fuzzFormat(f, BMP, "*.bmp") }
func FuzzTIFF(f *testing.F) { fuzzFormat(f, TIFF, "*.tif") }
func FuzzGIF(f *testing.F)  { fuzzFormat(f, GIF, "*.gif") }
func FuzzPNG(f *testing.F)  { fuzzFormat(f, PNG, "[a-z]*[a-z0-9].png") }
func FuzzWebP(f *testing.F) { fuzzFormat(f, WebP, "*.webp") }
func FuzzPNM(f *testing.F)  { fuzzFormat(f, PNM, "*.p[bgpa]m") }
func FuzzICO(f *testing.F)  { fuzzFormat(f, ICO, "*.ico", "*.cur") }
func FuzzTGA(f *testing.F)  { fuzzFormat(f, TGA, "*.tga") }
func FuzzQOI(f *testing.F)  { fuzzFormat(f, QOI, "*.qoi") }

// FuzzPNGOrientation: texts and XMP of any kind are an orientation from 1 to 8.
func FuzzPNGOrientation(f *testing.F) {
	for _, name := range []string{"profile.png", "profilez.png", "xmp.png", "exif6.png"} {
		data, err := os.ReadFile("testdata/golden/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if o := pngOrientation(data); o < 1 || o > 8 {
			t.Errorf("orientation %d", o)
		}
	})
}
