package imagefile

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// readGolden reads what Pillow 13.0.0 decodes a golden file to.
func readGolden(t testing.TB, path string) *RGB {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	out := &RGB{}
	out.resize(img.Bounds().Dx(), img.Bounds().Dy())
	for y := range out.Height {
		for x := range out.Width {
			r, g, b, _ := img.At(x, y).RGBA()
			put(out.Pix[3*(y*out.Width+x):], uint8(r>>8), uint8(g>>8), uint8(b>>8))
		}
	}
	return out
}

// different counts unequal samples and finds the largest difference.
func different(a, b *RGB) (count, largest int) {
	if a.Width != b.Width || a.Height != b.Height {
		return -1, -1
	}
	for i := range a.Pix {
		if d := int(a.Pix[i]) - int(b.Pix[i]); d != 0 {
			count++
			largest = max(largest, d, -d)
		}
	}
	return count, largest
}

// roundings are the files whose arithmetic is not defined to the last bit.
var roundings = map[string]int{"ycbcr.tif": 1, "cmykjpeg.tif": 1}

func TestDecodeGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.want.png")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d golden files, %v", len(files), err)
	}
	for _, file := range files {
		source := strings.TrimSuffix(file, ".want.png")
		t.Run(filepath.Base(source), func(t *testing.T) {
			data, err := os.ReadFile(source)
			if err != nil {
				t.Fatal(err)
			}
			want := readGolden(t, file)
			got, err := Decode(data, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if n, largest := different(got, want); n != 0 && largest > roundings[filepath.Base(source)] {
				t.Errorf("%d x %d: %d samples differ, by up to %d (want %d x %d)", got.Width, got.Height, n, largest, want.Width, want.Height)
			}
			info, err := DecodeConfig(data)
			if err != nil || info.Width != want.Width || info.Height != want.Height {
				t.Errorf("DecodeConfig: %+v, %v", info, err)
			}
			checkWindows(t, data, got)
			if !strings.HasPrefix(filepath.Base(source), "plain.p") { // of a number in text a cut makes another one
				checkCuts(t, data, got)
			}
		})
	}
}

// checkWindows: a region is a crop, at every scale and orientation.
func checkWindows(t *testing.T, data []byte, full *RGB) {
	region := image.Rect(full.Width/3, full.Height/4, full.Width-full.Width/5, full.Height-full.Height/6)
	for scale := 1; scale <= 8; scale *= 2 {
		whole, err := Decode(data, Options{Scale: scale})
		if err != nil {
			t.Fatal(err)
		}
		if whole.Width != ceilDiv(full.Width, scale) || whole.Height != ceilDiv(full.Height, scale) {
			t.Errorf("1/%d: %d x %d", scale, whole.Width, whole.Height)
		}
		into := &RGB{Pix: make([]uint8, 7)}
		part, err := Decode(data, Options{Scale: scale, Region: region, Into: into})
		if err != nil {
			t.Fatal(err)
		}
		if part != into {
			t.Error("Into is not what is returned")
		}
		x0, y0 := region.Min.X/scale, region.Min.Y/scale
		want := &RGB{}
		want.resize(ceilDiv(region.Max.X, scale)-x0, ceilDiv(region.Max.Y, scale)-y0)
		for y := range want.Height {
			copy(want.Pix[3*y*want.Width:][:3*want.Width], whole.Pix[3*((y+y0)*whole.Width+x0):])
		}
		if n, largest := different(part, want); n != 0 {
			t.Errorf("region at 1/%d: %d samples differ, by up to %d", scale, n, largest)
		}
	}
	checkParts(t, data, full, region)
}

// checkParts: parts decoded at once are what each is alone.
func checkParts(t *testing.T, data []byte, full *RGB, region image.Rectangle) {
	corner := image.Rect(0, 0, full.Width/2+1, full.Height/3+1)
	parts := []Part{{region, 4, &RGB{}}, {corner, 1, &RGB{}}, {image.Rectangle{}, 8, &RGB{}}, {region, 2, &RGB{}}}
	for n := 1; n <= len(parts); n++ {
		if err := DecodeParts(data, Options{}, parts[:n]); err != nil {
			t.Fatal(err)
		}
		for _, p := range parts[:n] {
			want, err := Decode(data, Options{Region: p.Region, Scale: p.Scale})
			if err != nil {
				t.Fatal(err)
			}
			if n, largest := different(p.Into, want); n != 0 {
				t.Errorf("%v at 1/%d, decoded with others: %d samples differ, by up to %d", p.Region, p.Scale, n, largest)
			}
		}
	}
}

// checkCuts: cut anywhere, an image is an error with a reason (or, where a
// format has a trailer that holds no pixels, the whole image), never a panic
// and never other pixels.
func checkCuts(t *testing.T, data []byte, full *RGB) {
	for n := range data {
		got, err := Decode(data[:n], Options{})
		if err == nil {
			if d, _ := different(got, full); d != 0 {
				t.Errorf("cut to %d of %d bytes: decoded to other pixels", n, len(data))
			}
			continue
		}
		var q *QuarantineError
		if !errors.As(err, &q) {
			t.Fatalf("cut to %d bytes: %v is no *QuarantineError", n, err)
		}
		if n == 0 && q.Reason != Empty || n > 0 && q.Reason != Truncated {
			t.Errorf("cut to %d of %d bytes: %v; want truncated", n, len(data), err)
		}
	}
}

func TestDecodeReasons(t *testing.T) {
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("testdata/golden", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	flipped := bytes.Clone(read("rgb.png"))
	flipped[len(flipped)/2] ^= 0x10
	bomb := bytes.Clone(read("rgb.png"))
	copy(bomb[16:], "\x00\x00\x27\x10\x00\x00\x27\x10") // 10,000 x 10,000
	for name, c := range map[string]struct {
		data []byte
		opt  Options
		want Reason
	}{
		"empty": {nil, Options{}, Empty},
		"zeros": {make([]byte, 100), Options{}, Corrupt},
		"text":  {[]byte("this is no image at all"), Options{}, Unsupported},

		"flipped bit": {flipped, Options{}, Corrupt},
		"bomb":        {bomb, Options{}, Corrupt},
		"pixel limit": {read("rgb.bmp"), Options{MaxPixels: 629}, TooManyPixels},
		"small side":  {read("rgb.bmp"), Options{MinSide: 22}, TooSmall},
	} {
		_, err := Decode(c.data, c.opt)
		var q *QuarantineError
		if !errors.As(err, &q) || q.Reason != c.want {
			t.Errorf("%s: %v; want %s", name, err, c.want)
		}
	}
	if _, err := Decode(read("rgb.bmp"), Options{MaxPixels: 630}); err != nil {
		t.Errorf("at the pixel limit: %v", err)
	}
}

// FuzzDecode: foreign bytes give an image of the promised size or a reason.
func FuzzDecode(f *testing.F) {
	files, _ := filepath.Glob("testdata/golden/*")
	for _, file := range files {
		if strings.HasSuffix(file, ".want.png") {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		img, err := Decode(data, Options{MaxPixels: 1 << 18})
		info, infoErr := DecodeConfig(data)
		var q *QuarantineError
		if err != nil {
			if !errors.As(err, &q) {
				t.Fatalf("%v is no *QuarantineError", err)
			}
			return
		}
		if infoErr != nil || info.Width != img.Width || info.Height != img.Height || len(img.Pix) != 3*img.Width*img.Height {
			t.Fatalf("%+v, %v; decoded to %d x %d", info, infoErr, img.Width, img.Height)
		}
	})
}

// FuzzExif: any bytes are an orientation from 1 to 8, or none (0).
func FuzzExif(f *testing.F) {
	f.Add([]byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"))
	f.Add([]byte("MM\x00*\x00\x00\x00\x08\xff\xff\x01\x12\x00\x03\x00\x00\x00\x01\x00\x08\x00\x00"))
	f.Add([]byte("MM\x00*\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if o := exifOrientation(data); o < 0 || o > 8 {
			t.Errorf("orientation %d", o)
		}
	})
}
