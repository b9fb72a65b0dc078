package imagefile

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestFormats: every row of the table can be found by a name or by its first
// bytes, and says either how it is decoded or which command converts it.
func TestFormats(t *testing.T) {
	seen := map[string]Format{}
	for i := range formats {
		r := &formats[i]
		if r.title == "" || len(r.extensions) == 0 {
			t.Errorf("%s: %+v", r.format, r)
		}
		if r.decoded() == (r.convert != "") || r.decoded() && r.header == nil {
			t.Errorf("%s: decoded or converted?", r.format)
		}
		for _, e := range r.extensions {
			if f, ok := seen[e]; ok {
				t.Errorf("%s and %s are both named %s", f, r.format, e)
			}
			seen[e] = r.format
			if !imageName("a/B" + e) {
				t.Errorf("%s is no image's name", e)
			}
		}
	}
	for text, want := range map[string]Format{
		"GIF89a": GIF, "BM\x00\x00\x00\x00\x00\x00\x00\x00": BMP, "BMW is a car": "",
		"RIFF\x00\x00\x00\x00WEBP": WebP, "RIFF\x00\x00\x00\x00WAVE": "", "": "", "ÿØ": "",
		"\x00\x00\x00\x18ftypheic": "heic", "\x00\x00\x00\x18ftypavif": "avif", "\x00\x00\x00\x18ftypcrx ": "camera-raw",
		"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avif": "avif", "\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1heic": "heic",
		"II*\x00\x10\x00\x00\x00CR\x02\x00": "camera-raw", "\xff\x4f\xff\x51": "jpeg-2000",
	} {
		if got := sniff([]byte(text)); got != want {
			t.Errorf("%q: %q; want %q", text, got, want)
		}
	}
}

// TestFormatsAreDocumented: docs/formats.md shows the table, row by row.
func TestFormatsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range formats {
		row := fmt.Sprintf("| %s | `%s` | `%s` |", r.title, strings.Join(r.extensions, "` `"), r.convert)
		if r.decoded() {
			row = fmt.Sprintf("| %s | `%s` | %s | %s |", r.title, strings.Join(r.extensions, "` `"), r.read, cmp.Or(r.without, "nothing"))
		}
		if !strings.Contains(string(doc), row) {
			t.Errorf("docs/formats.md lacks %s", row)
		}
	}
	Lenient(0xff).Each(func(name, meaning string) {
		if row := "| `" + name + "` | " + meaning + " |"; !strings.Contains(string(doc), row) {
			t.Errorf("docs/formats.md lacks %s", row)
		}
	})
}

// TestForeignFormatsNameTheirCommand: what is not decoded is set aside by its
// name, with the command that makes something else of it.
func TestForeignFormatsNameTheirCommand(t *testing.T) {
	for head, want := range map[string]string{
		"\x00\x00\x00\x18ftypheic":       "HEIC is not decoded; convert it to JPEG or PNG (heif-convert a.heic a.jpg)",
		"\x00\x00\x00\x18ftypavif":       "AVIF is not decoded; convert it to JPEG or PNG (avifdec a.avif a.png)",
		"\x00\x00\x00\x0cJXL \r\n\x87\n": "JPEG XL is not decoded; convert it to JPEG or PNG (djxl a.jxl a.png)",
		"FUJIFILMCCD-RAW":                "camera raw is not decoded; convert it to JPEG or PNG (exiftool -b -PreviewImage",
		"8BPS\x00\x01":                   "Photoshop is not decoded; convert it to JPEG or PNG (magick",
	} {
		_, err := Decode(append([]byte(head), make([]byte, 100)...), Options{})
		if q := (*QuarantineError)(nil); !errors.As(err, &q) || q.Reason != Unsupported || !strings.Contains(q.Detail, want) {
			t.Errorf("%q: %v; want %s", head, err, want)
		}
	}
}

// TestCameraRawInTIFF: the first picture of a camera's file is a thumbnail, which
// nobody means.
func TestCameraRawInTIFF(t *testing.T) {
	data, err := os.ReadFile("testdata/golden/rgb-raw.tif")
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	for at := 2 + int(le.Uint32(data[4:])); ; at += 12 {
		if le.Uint16(data[at:]) == tagRowsPerStrip {
			le.PutUint16(data[at:], tagDNG)
			break
		}
	}
	if _, err := Decode(data, Options{}); err == nil || !strings.Contains(err.Error(), "camera raw") {
		t.Error(err)
	}
}
