package jpeg

import (
	"bytes"
	"errors"
	"image"
	std "image/jpeg"
	"os"
	"testing"
)

// TestTruncatedAtEveryByte: a cut anywhere is called a cut.
func TestTruncatedAtEveryByte(t *testing.T) {
	for _, name := range []string{"base-420-64x48", "prog-2-37x29", "restart-64x48", "gray-37x29"} {
		data, err := os.ReadFile(goldenDir + "/" + name + ".jpg")
		if err != nil {
			t.Fatal(err)
		}
		var d Decoder
		for n := range data {
			_, _, _, err := d.Decode(data[:n], nil)
			var format *FormatError
			if !errors.As(err, &format) || !format.Truncated {
				t.Errorf("%s cut to %d of %d bytes: %v; want a truncation", name, n, len(data), err)
			}
		}
		if _, _, _, err := d.Decode(data, nil); err != nil {
			t.Errorf("%s whole: %v", name, err)
		}
	}
}

// TestAFailureLeavesNothingBehind: after a damaged image the next one decodes
// as if the decoder were new.
func TestAFailureLeavesNothingBehind(t *testing.T) {
	data, err := os.ReadFile(goldenDir + "/base-420-64x48.jpg")
	if err != nil {
		t.Fatal(err)
	}
	want, w, _, err := new(Decoder).Decode(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	var d Decoder
	for at := len(data) / 2; at < len(data)-2; at++ {
		bad := bytes.Clone(data)
		copy(bad[at:], "\xfe\xfe\xfe")
		d.Decode(bad, nil)
		got, _, _, err := d.Decode(data, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := difference(got, want, w); diff != "" {
			t.Fatalf("after damage at byte %d: %s", at, diff)
		}
	}
}

// withinStd checks our pixels against the standard library's planes: its
// inverse DCT rounds differently, by at most 2.
func withinStd(t *testing.T, d *Decoder, data []byte) (bad bool) {
	want, stdErr := std.Decode(bytes.NewReader(data))
	pix, w, h, err := d.Decode(data, nil)
	if (err == nil) != (stdErr == nil) {
		t.Errorf("ours: %v; standard library: %v", err, stdErr)
		return true
	}
	if err != nil {
		return false
	}
	if want.Bounds() != image.Rect(0, 0, w, h) {
		t.Errorf("%d x %d, want %v", w, h, want.Bounds())
		return true
	}
	g, ok := want.(*image.Gray)
	if !ok {
		return false
	}
	for y := range h {
		for x := range w {
			if diff := int(pix[3*(y*w+x)]) - int(g.GrayAt(x, y).Y); diff > 2 || diff < -2 {
				t.Errorf("(%d, %d): %d, standard library %d", x, y, pix[3*(y*w+x)], g.GrayAt(x, y).Y)
				return true
			}
		}
	}
	return false
}

// planesWithinStd compares luma: RGB back to Y is exact within rounding.
func planesWithinStd(t *testing.T, d *Decoder, data []byte) {
	t.Helper()
	img, err := std.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	want, ok := img.(*image.YCbCr)
	if !ok {
		withinStd(t, d, data)
		return
	}
	pix, w, h, err := d.Decode(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	off := 0
	for y := range h {
		for x := range w {
			r, g, b := int(pix[3*(y*w+x)]), int(pix[3*(y*w+x)+1]), int(pix[3*(y*w+x)+2])
			if r%255 == 0 || g%255 == 0 || b%255 == 0 {
				continue // clipped: luma is lost
			}
			luma := (19595*r + 38470*g + 7471*b + 1<<15) >> 16
			if diff := luma - int(want.YCbCrAt(x, y).Y); diff > 2 || diff < -2 {
				off++
			}
		}
	}
	if off > 0 {
		t.Errorf("luma of %d of %d pixels is off by more than 2", off, w*h)
	}
}

func TestLikeStandardLibrary(t *testing.T) {
	var d Decoder
	for _, set := range []string{"imagenette-train.tar", "cifar10-train.tar"} {
		t.Run(set, func(t *testing.T) {
			for _, data := range dataSet(t, set, 100) {
				planesWithinStd(t, &d, data)
			}
		})
	}
}

// FuzzDecode: no input panics, hangs or gives other bytes through the kernels,
// and what the standard library takes for broken is not decoded in silence.
func FuzzDecode(f *testing.F) {
	for _, file := range goldenFiles(f) {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, uint8(len(data)))
	}
	var d Decoder
	f.Fuzz(func(t *testing.T, data []byte, pick uint8) {
		info, err := ReadInfo(data)
		if err != nil || info.Width*info.Height > 1<<20 {
			return
		}
		fast, w, h, err := d.Decode(data, nil)
		portably(func() {
			slow, _, _, slowErr := d.Decode(data, nil)
			if (err == nil) != (slowErr == nil) || err == nil && !bytes.Equal(fast, slow) {
				t.Fatalf("kernels and portable twins differ: %v, %v", err, slowErr)
			}
		})
		if err != nil {
			return
		}
		if _, stdErr := std.Decode(bytes.NewReader(data)); stdErr != nil {
			var unsupported std.UnsupportedError
			if !errors.As(stdErr, &unsupported) {
				t.Logf("accepted what the standard library rejects: %v", stdErr)
			}
		}
		scale := 1 << (pick & 3)
		sw, sh := ceilDiv(w, scale), ceilDiv(h, scale)
		x, y := int(pick>>2)%sw, int(pick>>4)%sh
		if _, err := d.DecodeRegion(data, nil, image.Rect(x, y, sw, sh), scale); err != nil {
			t.Fatalf("region at 1/%d: %v", scale, err)
		}
	})
}
