package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
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
			rate, err := decodeRate(cmd.Context(), encoded, f.cores, duration)
			if err != nil {
				return err
			}
			return f.show(figure{"images", len(encoded)}, figure{"decoded", rate.images},
				figure{"pixels_per_s", rate.wall}, figure{"pixels_per_cpu_s", rate.cpu}, figure{"mpx_per_cpu_s", rate.cpu / 1e6})
		},
	}
	pathsVar(cmd.Flags(), &images, "images", "folder or archive of JPEG files")
	cmd.Flags().IntVar(&size, "size", 224, "side of made-up images in pixels")
	cmd.Flags().IntVar(&limit, "limit", 1000, "use so many images at most")
	f.register(cmd, 1)
	return cmd
}

// pixelRate is pixels per second on the clock, and per second of processor time
// (0 where that is not known).
type pixelRate struct {
	images    int64
	wall, cpu float64
}

// decodeRate decodes JPEG files in turn on so many goroutines.
func decodeRate(ctx context.Context, encoded [][]byte, cores int, duration time.Duration) (pixelRate, error) {
	if _, _, _, err := new(jpeg.Decoder).Decode(encoded[0], nil); err != nil { // also warms up
		return pixelRate{}, fmt.Errorf("image 1 of --images: %w", err)
	}
	var next, images, pixels atomic.Int64
	var group sync.WaitGroup
	errs := make(chan error, cores)
	start, used := time.Now(), cpuTime()
	for range cores {
		group.Go(func() {
			var decoder jpeg.Decoder
			var buf []byte
			for time.Since(start) < duration && ctx.Err() == nil {
				at := int(next.Add(1)-1) % len(encoded)
				pix, width, height, err := decoder.Decode(encoded[at], buf)
				if err != nil {
					errs <- fmt.Errorf("image %d of --images: %w", at+1, err)
					return
				}
				buf = pix
				images.Add(1)
				pixels.Add(int64(width) * int64(height))
			}
		})
	}
	group.Wait()
	elapsed, used := time.Since(start), cpuTime()-used
	select {
	case err := <-errs:
		return pixelRate{}, err
	default:
	}
	rate := pixelRate{images: images.Load(), wall: float64(pixels.Load()) / elapsed.Seconds()}
	if used > 0 {
		rate.cpu = float64(pixels.Load()) / used.Seconds()
	}
	return rate, ctx.Err()
}
