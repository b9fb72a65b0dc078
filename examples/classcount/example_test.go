package main

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"log"
	"os"
	"path/filepath"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
)

func Example() {
	dir, err := os.MkdirTemp("", "classcount")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for class, n := range map[string]int{"cat": 5, "dog": 9, "emu": 3} {
		paint(filepath.Join(dir, "photos", class), n)
	}

	g := pipelines.New("classcount", pipelines.Root(filepath.Join(dir, "run")))
	if err := build(g, Config{filepath.Join(dir, "photos")}); err != nil {
		log.Fatal(err)
	}
	if _, err := runners.Run(context.Background(), g, runners.Options{}); err != nil {
		log.Fatal(err)
	}
	table, err := os.ReadFile(filepath.Join(dir, "run", "counts", "classes.csv"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(string(table))
	// Output:
	// class,images,part
	// cat,5,2
	// dog,9,2
	// emu,3,2
}

// paint writes n plain pictures, no two of one colour.
func paint(dir string, n int) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		log.Fatal(err)
	}
	for i := range n {
		img := image.NewRGBA(image.Rect(0, 0, 8, 8))
		shade := color.RGBA{uint8(20 * i), uint8(dir[len(dir)-1]), uint8(dir[len(dir)-2]), 255}
		for p := range 64 {
			img.SetRGBA(p%8, p/8, shade)
		}
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%d.png", i)))
		if err != nil {
			log.Fatal(err)
		}
		defer f.Close()
		if err := png.Encode(f, img); err != nil {
			log.Fatal(err)
		}
	}
}
