package jpeg

import (
	"archive/tar"
	"image"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// dataSet reads up to limit JPEG files of a tar of real images, from
// $RETORT_DATA or beside the checkout; it skips where there is none.
func dataSet(t testing.TB, name string, limit int) [][]byte {
	t.Helper()
	dirs := []string{os.Getenv("RETORT_DATA"), filepath.Join("..", "..", "..", "..", "shared", "data")}
	for _, dir := range dirs {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		defer f.Close()
		var files [][]byte
		for r := tar.NewReader(f); len(files) < limit; {
			h, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.ToLower(h.Name); h.Typeflag != tar.TypeReg || !strings.Contains(n, ".jp") {
				continue
			}
			data, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, data)
		}
		return files
	}
	t.Skipf("no %s in %s (set RETORT_DATA)", name, strings.Join(dirs, ", "))
	return nil
}

func benchmarkDecode(b *testing.B, files [][]byte) {
	var d Decoder
	var buf []byte
	pixels, n := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		pix, w, h, err := d.Decode(files[n%len(files)], buf)
		if err != nil {
			b.Fatal(err)
		}
		buf, pixels, n = pix, pixels+w*h, n+1
	}
	b.ReportMetric(float64(pixels)/b.Elapsed().Seconds()/1e6, "Mpx/s")
}

func BenchmarkImagenette224(b *testing.B) {
	benchmarkDecode(b, dataSet(b, "imagenette-train.tar", 200))
}
func BenchmarkCIFAR32(b *testing.B) { benchmarkDecode(b, dataSet(b, "cifar10-train.tar", 1000)) }

// BenchmarkFile decodes the file named by $RETORT_JPEG_FILE, whole and at each
// scale, and the 1/16 of its area in the middle.
func BenchmarkFile(b *testing.B) {
	data, err := os.ReadFile(os.Getenv("RETORT_JPEG_FILE"))
	if err != nil {
		b.Skipf("set RETORT_JPEG_FILE: %v", err)
	}
	info, err := ReadInfo(data)
	if err != nil {
		b.Fatal(err)
	}
	var d Decoder
	var buf []byte
	run := func(name string, r image.Rectangle, scale int) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if buf, err = d.DecodeRegion(data, buf, r, scale); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(info.Width*info.Height)*float64(b.N)/b.Elapsed().Seconds()/1e6, "source-Mpx/s")
		})
	}
	for scale := 1; scale <= 8; scale *= 2 {
		run("1/"+strconv.Itoa(scale), image.Rect(0, 0, ceilDiv(info.Width, scale), ceilDiv(info.Height, scale)), scale)
	}
	w, h := info.Width, info.Height
	run("middle", image.Rect(w*3/8, h*3/8, w*5/8, h*5/8), 1)
}
