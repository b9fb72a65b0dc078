package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// perTar is how many images a tar holds.
const perTar = 50_000

// generate writes n different JPEGs of side x side pixels into tars in dir.
func generate(dir string, n, side int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	for at := 0; at < n; at += perTar {
		path := filepath.Join(dir, fmt.Sprintf("tiny-%05d.tar", at/perTar))
		if err := generateTar(path, at, min(n, at+perTar), side, rng); err != nil {
			return err
		}
	}
	return nil
}

func generateTar(path string, from, to, side int, rng *rand.Rand) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := tar.NewWriter(f)
	var b bytes.Buffer
	for i := from; i < to; i++ {
		b.Reset()
		if err := jpeg.Encode(&b, picture(side, rng), nil); err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Name: fmt.Sprintf("%d/%07d.jpg", i%10, i), Size: int64(b.Len()), Mode: 0o644}); err != nil {
			return err
		}
		if _, err := w.Write(b.Bytes()); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return f.Close()
}

// picture is a slope of brightness with noise: no two are the same.
func picture(side int, rng *rand.Rand) image.Image {
	img := image.NewGray(image.Rect(0, 0, side, side))
	base, dx, dy := rng.IntN(128), rng.IntN(5), rng.IntN(5)
	for i := range img.Pix {
		img.Pix[i] = uint8(base + dx*(i%side) + dy*(i/side) + rng.IntN(32))
	}
	return img
}
