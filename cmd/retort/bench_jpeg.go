package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/retort-ml/retort/io/imagefile/jpeg"
)

func benchJPEG() *cobra.Command {
	var f benchFlags
	var images []string
	var size, limit int
	cmd := &cobra.Command{
		Use:   "jpeg",
		Short: "JPEG pixels decoded per second",
		Long: `Measure how many pixels a second come out of JPEG files, decoded whole to RGB.
Files are read into memory first. Without --images, made-up ones of the size are
used.`,
		Example: `  taskset -c 0 retort bench jpeg --images imagenette.tar --cores 1
  retort bench jpeg --images photos/ --limit 100 --json`,
		Args: noArguments(" (images are given with --images)"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if size < 16 || size > 1024 {
				return usage("--size %d: want 16 to 1024", size)
			}
			if limit < 1 {
				return usage("--limit %d: want at least 1", limit)
			}
			duration, err := f.start()
			if err != nil {
				return err
			}
			encoded, err := encodedImages(cmd.Context(), images, size, limit)
			if err != nil {
				return err
			}
			files, pixels, err := decodeRate(cmd.Context(), encoded, f.cores, duration)
			if err != nil {
				return err
			}
			return f.show(figure{"images", len(encoded)}, figure{"decoded", files},
				figure{"mpx_per_s", pixels.wall / 1e6}, figure{"mpx_per_cpu_s", pixels.cpu / 1e6})
		},
	}
	pathsVar(cmd.Flags(), &images, "images", "folder or archive of JPEG files")
	cmd.Flags().IntVar(&size, "size", 224, "side of made-up images in pixels")
	cmd.Flags().IntVar(&limit, "limit", 1000, "use so many images at most")
	f.register(cmd, 1)
	return cmd
}

// decodeRate decodes JPEG files in turn on so many goroutines: how many, and pixels.
func decodeRate(ctx context.Context, encoded [][]byte, cores int, duration time.Duration) (files int64, pixels rate, err error) {
	begin := func() func(int) (int, error) {
		var decoder jpeg.Decoder
		var buf []byte
		return func(i int) (int, error) {
			at := i % len(encoded)
			pix, width, height, err := decoder.Decode(encoded[at], buf)
			if err != nil {
				return 0, fmt.Errorf("image %d of --images: %w", at+1, err)
			}
			buf = pix
			return width * height, nil
		}
	}
	if _, err := begin()(0); err != nil { // also warms up
		return 0, rate{}, err
	}
	return atOnce(ctx, cores, duration, begin)
}
