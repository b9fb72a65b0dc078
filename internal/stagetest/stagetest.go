// Package stagetest has what tests of stages share: small image files.
package stagetest

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"
)

// JPEG is a size x size picture that no other n has; its class decides the
// direction of its stripes.
func JPEG(t testing.TB, size, class, n int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			v := 40
			if (x*(class+1)+y*(3-class%3)+n)%8 < 4 {
				v = 200
			}
			img.Set(x, y, color.RGBA{uint8(v), uint8((v + 37*n) % 256), uint8(n % 251), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Folder writes perClass JPEGs of size x size for each class, in folders named
// after the classes, and returns the folder that holds them.
func Folder(t testing.TB, size, perClass int, classes ...string) string {
	t.Helper()
	dir := t.TempDir()
	for c, class := range classes {
		for i := range perClass {
			Write(t, filepath.Join(dir, class, fmt.Sprintf("%03d.jpg", i)), JPEG(t, size, c, 1000*c+i))
		}
	}
	return dir
}

// Write writes a file and the folders above it.
func Write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
