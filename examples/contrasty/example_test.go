package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"log"
	"os"
	"path/filepath"
	"testing"

	"github.com/retort-ml/retort/pipelines"
	"github.com/retort-ml/retort/runners"
)

func Example() {
	dir, err := os.MkdirTemp("", "contrasty")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	paintFolder(filepath.Join(dir, "photos"))

	for _, minRange := range []int{24, 24, 60} {
		g := pipelines.New("contrasty", pipelines.Root(filepath.Join(dir, "run")))
		if err := build(g, Config{filepath.Join(dir, "photos"), minRange}); err != nil {
			log.Fatal(err)
		}
		results, err := runners.Run(context.Background(), g, runners.Options{})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("gray values span at least %d:\n", minRange)
		for _, r := range results {
			fmt.Printf("  %s %s: %d images, %d dropped\n", r.Name, r.State, r.Manifest.Counts["images"], r.Manifest.Counts["dropped"])
		}
	}
	// Output:
	// gray values span at least 24:
	//   ingest ran: 60 images, 0 dropped
	//   contrasty ran: 50 images, 10 dropped
	//   split ran: 0 images, 0 dropped
	//   views ran: 44 images, 0 dropped
	// gray values span at least 24:
	//   ingest kept: 60 images, 0 dropped
	//   contrasty kept: 50 images, 10 dropped
	//   split kept: 0 images, 0 dropped
	//   views kept: 44 images, 0 dropped
	// gray values span at least 60:
	//   ingest kept: 60 images, 0 dropped
	//   contrasty ran: 36 images, 24 dropped
	//   split ran: 0 images, 0 dropped
	//   views ran: 32 images, 0 dropped
}

// paintFolder paints 30 ramps of each of two classes, the first ones flat.
func paintFolder(dir string) {
	for c, class := range []string{"across", "down"} {
		if err := os.MkdirAll(filepath.Join(dir, class), 0o755); err != nil {
			log.Fatal(err)
		}
		for i := range 30 {
			img := image.NewGray(image.Rect(0, 0, 32, 32))
			for y := range 32 {
				for x := range 32 {
					img.SetGray(x, y, color.Gray{uint8(100 + c + i*[]int{x, y}[c]/6)})
				}
			}
			f, err := os.Create(filepath.Join(dir, class, fmt.Sprintf("%02d.png", i)))
			if err != nil {
				log.Fatal(err)
			}
			defer f.Close()
			if err := png.Encode(f, img); err != nil {
				log.Fatal(err)
			}
		}
	}
}

// A stage is tested as a function.
func TestGrayRange(t *testing.T) {
	ramp := make([]uint8, 3*200)
	for i := range ramp {
		ramp[i] = uint8(i / 3)
	}
	flat := make([]uint8, 3*200)
	for _, c := range []struct {
		pix  []uint8
		want int
	}{{ramp, 195}, {flat, 0}, {nil, 0}} {
		if got := grayRange(c.pix); got != c.want {
			t.Errorf("%d samples: %d, want %d", len(c.pix), got, c.want)
		}
	}
}

func TestRangeIsChecked(t *testing.T) {
	g := pipelines.New("contrasty", pipelines.Root(t.TempDir()))
	err := errors.Join(build(g, Config{"photos", 300}), g.Check())
	if err == nil || err.Error() != "contrasty: MinRange = 300; want 0 to 255" {
		t.Fatal(err)
	}
}

var _ pipelines.Element[*pipelines.Image, *pipelines.Image] = (*Contrasty)(nil)
